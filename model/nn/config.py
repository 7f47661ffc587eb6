"""The shape of a model, with the field names of transformers' configs.

One frozen dataclass describes every model here. The architecture follows from its fields, as in
transformers: a `kv_lora_rank` means multi-head latent attention (DeepSeek-V2 paper, section 2.1);
otherwise `num_key_value_heads` decides between MHA, GQA and MQA. `n_routed_experts` means
mixture-of-experts layers; a model without it is dense and belongs to the Qwen2 family.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from model.errors import ReadableError

#: kinds of attention, in the order in which they are shown
AttentionKind = Literal["MHA", "GQA", "MQA", "MLA"]

#: fields that only some families have: for latent attention, for the other kinds, for experts
MLA_FIELDS = ("q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
GQA_FIELDS = ("head_dim", "partial_rotary_factor")
MOE_FIELDS = (
    "moe_intermediate_size", "n_routed_experts", "n_shared_experts", "num_experts_per_tok",
    "n_group", "topk_group", "routed_scaling_factor", "norm_topk_prob", "first_k_dense_replace",
)  # fmt: skip


LATENT_EPS = 1e-6  # DeepSeek's own code uses it for latents, whatever rms_norm_eps is


@dataclass(frozen=True)
class Family:
    """A model_type: its class in transformers, the fields it lacks, its constant entries."""

    architecture: str
    lacks: tuple[str, ...]
    says: dict[str, Any]


MOE_SAYS = {"attention_bias": False, "num_nextn_predict_layers": 0}
FAMILIES = {
    "deepseek_v3": Family(
        "DeepseekV3ForCausalLM", GQA_FIELDS, MOE_SAYS | {"rope_interleave": True}
    ),
    "glm4_moe": Family("Glm4MoeForCausalLM", MLA_FIELDS, MOE_SAYS | {"use_qk_norm": False}),
    "qwen2": Family(  # biases of q, k and v, and rotary embeddings over whole heads, are fixed
        "Qwen2ForCausalLM",
        (*MLA_FIELDS, *MOE_FIELDS, "partial_rotary_factor"),
        {"use_sliding_window": False},
    ),
}

#: fields that count from 0; all other whole numbers are 1 or more
MAY_BE_ZERO = ("first_k_dense_replace", "bos_token_id", "eos_token_id", "pad_token_id")
MAX_SIZE, MAX_LAYERS = 1_000_000, 1_000  # far above any published model's width and depth
LEAST_FLOAT, MOST_FLOAT = 1e-30, 1e30  # beyond these, results would overflow float32


class CheckpointError(ReadableError):
    """A checkpoint folder or config is unusable; the message names the folder, not its path."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A decoder, dense or with DeepSeekMoE layers, and one of four kinds of attention.

    Sizes count features or tokens. The MLA fields are None in a GQA-type model and vice versa;
    the MoE fields are None in a dense model. See section 2.1 of the DeepSeek-V3 paper (arXiv
    2412.19437).
    """

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    intermediate_size: int  # of the dense feed-forward layers
    moe_intermediate_size: int | None = None  # of one expert
    n_routed_experts: int | None = None
    n_shared_experts: int | None = None
    num_experts_per_tok: int | None = None
    n_group: int | None = None
    topk_group: int | None = None
    routed_scaling_factor: float | None = None
    norm_topk_prob: bool | None = None
    first_k_dense_replace: int | None = None  # layers before this one are dense
    max_position_embeddings: int
    rms_norm_eps: float = 1e-6
    rope_theta: float = 10_000.0
    bos_token_id: int = 0
    eos_token_id: int = 1
    pad_token_id: int = 2

    q_lora_rank: int | None = None
    kv_lora_rank: int | None = None
    qk_nope_head_dim: int | None = None
    qk_rope_head_dim: int | None = None
    v_head_dim: int | None = None

    head_dim: int | None = None
    partial_rotary_factor: float | None = None

    def __post_init__(self) -> None:
        self._check_values()
        needed: tuple[str, ...] = MLA_FIELDS[1:] if self.is_mla else GQA_FIELDS
        if any(getattr(self, name) is not None for name in MOE_FIELDS):
            needed += MOE_FIELDS
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise CheckpointError(f"the config lacks {', '.join(missing)}.")
        if self.num_attention_heads % self.num_key_value_heads:
            raise CheckpointError("num_attention_heads is not a multiple of num_key_value_heads.")
        if self.partial_rotary_factor is not None and self.partial_rotary_factor > 1:
            raise CheckpointError("partial_rotary_factor is more than 1.")
        if self.rope_dim < 2 or self.rope_dim % 2:
            raise CheckpointError(
                f"rotary embeddings rotate pairs of features, but {self.rope_dim} is odd or 0."
            )
        if self.model_type != "qwen2":
            self._check_experts()
        elif self.is_mla:
            raise CheckpointError("no supported family has latent attention without experts.")
        elif self.partial_rotary_factor != 1:
            raise CheckpointError("partial_rotary_factor must be 1 in a qwen2 model.")

    def _check_experts(self) -> None:
        E, G, kept = self.n_routed_experts, self.n_group, self.topk_group
        assert E and G and kept and self.num_experts_per_tok
        if E % G or E // G < 2:
            raise CheckpointError(f"{E} experts do not split into {G} groups of two or more.")
        if kept > G:
            raise CheckpointError(f"topk_group is {kept}, but there are {G} groups.")
        if self.num_experts_per_tok > kept * (E // G):
            raise CheckpointError("num_experts_per_tok exceeds the experts of topk_group groups.")
        if not self.moe_layers:
            raise CheckpointError("first_k_dense_replace leaves no layer with experts.")

    def _check_values(self) -> None:
        """Refuse values that JSON can hold but no model can have: NaN, zero heads, 10**9 layers."""
        for field in fields(self):
            value, kind = getattr(self, field.name), str(field.type)
            if value is None and "None" in kind:
                continue
            if kind.startswith("bool"):
                good = isinstance(value, bool)
            elif kind.startswith("float"):
                good = type(value) in (int, float) and LEAST_FLOAT <= value <= MOST_FLOAT
            else:
                least = 0 if field.name in MAY_BE_ZERO else 1
                most = MAX_LAYERS if field.name == "num_hidden_layers" else MAX_SIZE
                good = type(value) is int and least <= value <= most
            if not good:
                raise CheckpointError(f"{field.name} cannot be {value!r:.40}.")

    @property
    def model_type(self) -> str:
        """The key of `FAMILIES`."""
        if self.n_routed_experts is None:
            return "qwen2"
        return "deepseek_v3" if self.is_mla else "glm4_moe"

    @property
    def is_mla(self) -> bool:
        return self.kv_lora_rank is not None

    @property
    def attention(self) -> AttentionKind:
        if self.is_mla:
            return "MLA"
        if self.num_key_value_heads == self.num_attention_heads:
            return "MHA"
        return "MQA" if self.num_key_value_heads == 1 else "GQA"

    @property
    def rope_dim(self) -> int:
        """Features of each query head that carry the position."""
        if self.is_mla:
            return self.qk_rope_head_dim or 0
        return int((self.head_dim or 0) * (self.partial_rotary_factor or 0))

    @property
    def moe_layers(self) -> range:
        """Indices of the layers that have experts; none in a dense model."""
        first = self.first_k_dense_replace
        return range(0) if first is None else range(first, self.num_hidden_layers)

    def to_json(self) -> dict[str, Any]:
        """The content of a config.json that transformers opens."""
        family = FAMILIES[self.model_type]
        rope: dict[str, Any] = {"rope_type": "default", "rope_theta": self.rope_theta}
        if self.model_type == "glm4_moe":
            rope["partial_rotary_factor"] = self.partial_rotary_factor
        dropped = (*family.lacks, "rope_theta")
        return {k: v for k, v in asdict(self).items() if k not in dropped} | {
            "architectures": [family.architecture],
            "model_type": self.model_type,
            "hidden_act": "silu",
            "tie_word_embeddings": False,
            "rope_parameters": rope,
            "dtype": "bfloat16",
            **family.says,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ModelConfig:
        """Build the config from a parsed config.json of one of `FAMILIES`.

        Raises:
            CheckpointError: for another architecture, or a feature that this network lacks.
        """
        kind = raw.get("model_type")
        if not isinstance(kind, str) or kind not in FAMILIES:
            known = ", ".join(FAMILIES)
            raise CheckpointError(f"model_type {kind!r:.40} is not supported: use one of {known}.")
        rope = raw.get("rope_parameters") or {}
        if not isinstance(rope, dict):
            raise CheckpointError("rope_parameters is not a JSON object.")
        # older files keep this under rope_scaling
        if rope.get("rope_type", "default") != "default" or raw.get("rope_scaling"):
            raise CheckpointError("only plain rotary embeddings (rope_type default) are supported.")
        if raw.get("hidden_act", "silu") != "silu":
            raise CheckpointError("hidden_act must be silu, as in every model of these families.")
        if kind == "deepseek_v3" and raw.get("rope_interleave") is False:
            raise CheckpointError("rope_interleave must be true, as in DeepSeek's own weights.")
        for flag in ("attention_bias", "tie_word_embeddings", "use_qk_norm", "use_sliding_window"):
            if raw.get(flag):
                raise CheckpointError(f"{flag} is set, but this network has no such part.")
        merged = {**raw, **{k: v for k, v in rope.items() if k != "rope_type"}}
        names = {f.name for f in fields(cls)} - {*FAMILIES[kind].lacks}
        own = {name: merged[name] for name in names if name in merged}
        if kind == "qwen2":
            own = _fixed_in_qwen2(raw) | own
        try:
            return cls(**own)
        except TypeError as error:
            raise CheckpointError(f"the config is incomplete: {error}.") from None


def _fixed_in_qwen2(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that Qwen2 configs leave out: heads split the hidden size and are fully rotated."""
    hidden, heads = raw.get("hidden_size"), raw.get("num_attention_heads")
    fixed: dict[str, Any] = {"partial_rotary_factor": 1.0}
    if isinstance(hidden, int) and isinstance(heads, int) and heads > 0:
        fixed["head_dim"] = hidden // heads
    return fixed


def read_config(folder: Path) -> ModelConfig:
    """Read the config of a checkpoint folder.

    Raises:
        CheckpointError: if there is no readable config.json.
    """
    try:
        raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{folder.name} has no readable config.json.") from error
    if not isinstance(raw, dict):
        raise CheckpointError(f"the config.json of {folder.name} is not a JSON object.")
    return ModelConfig.from_json(raw)


def base(vocab_size: int) -> ModelConfig:
    """Our base model: DeepSeek-V3 in miniature, MLA and 16 routed experts.

    The cache has V3's proportions: a latent of four head widths and a rotary key of half a head,
    so 72 numbers per token and layer where MQA keeps 32. V3 has 128 heads, this model 8: sixteen
    would take twice the time per token on a CPU.
    """
    return ModelConfig(
        vocab_size=vocab_size,
        hidden_size=96,
        num_hidden_layers=5,
        num_attention_heads=8,
        num_key_value_heads=8,
        intermediate_size=256,
        moe_intermediate_size=48,
        n_routed_experts=16,
        n_shared_experts=1,
        num_experts_per_tok=4,
        n_group=4,
        topk_group=2,
        routed_scaling_factor=2.0,
        norm_topk_prob=True,
        first_k_dense_replace=1,
        max_position_embeddings=768,  # pre-training sets it to the length of its longest rows
        kv_lora_rank=64,
        qk_nope_head_dim=16,
        qk_rope_head_dim=8,
        v_head_dim=16,
    )


def small_latent(vocab_size: int) -> ModelConfig:
    """`base` with a cache as small as MQA's: a latent of 24 and a rotary key of 8."""
    return replace(base(vocab_size), kv_lora_rank=24)


def twin(vocab_size: int, num_key_value_heads: int) -> ModelConfig:
    """`base` with grouped-query attention, all else equal: 8 key-value heads is MHA, 1 is MQA."""
    whole = asdict(base(vocab_size)) | dict.fromkeys(MLA_FIELDS)
    return ModelConfig(
        **whole
        | {
            "num_key_value_heads": num_key_value_heads,
            "head_dim": 16,
            "partial_rotary_factor": 0.5,
        }
    )


def student(vocab_size: int) -> ModelConfig:
    """The student for distillation: dense, of the family that R1 was distilled into (Qwen2.5),
    with about a third of `base`'s active parameters."""
    return ModelConfig(
        vocab_size=vocab_size,
        hidden_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        intermediate_size=160,
        max_position_embeddings=768,
        partial_rotary_factor=1.0,
    )
