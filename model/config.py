"""The shape of a model, with the field names of transformers' configs.

One frozen dataclass describes every model here. Which attention a model has follows from its
fields, as in transformers: a `kv_lora_rank` means multi-head latent attention (DeepSeek-V2 paper,
section 2.1); otherwise `num_key_value_heads` decides between MHA, GQA and MQA.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

Attention = Literal["MLA", "MHA", "GQA", "MQA"]

#: config.json fields that only one of the two checkpoint families has.
MLA_FIELDS = ("q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
GQA_FIELDS = ("head_dim", "partial_rotary_factor")


#: fields that count from 0; all other whole numbers are 1 or more
MAY_BE_ZERO = ("first_k_dense_replace", "bos_token_id", "eos_token_id", "pad_token_id")
MAX_SIZE, MAX_LAYERS = 1_000_000, 1_000  # far above any published model's width and depth


class CheckpointError(ValueError):
    """A model folder or config that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class ModelConfig:
    """A decoder with DeepSeekMoE layers and one of four kinds of attention.

    Lengths are counts of features or tokens. The MLA fields are None in a GQA-type model and
    the other way round. DeepSeek-V3 paper (arXiv 2412.19437), section 2.1, names them all.
    """

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    intermediate_size: int  # of the dense feed-forward layers
    moe_intermediate_size: int  # of one expert
    n_routed_experts: int
    n_shared_experts: int
    num_experts_per_tok: int
    n_group: int
    topk_group: int
    routed_scaling_factor: float
    norm_topk_prob: bool
    first_k_dense_replace: int  # layers before this one are dense
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
        E, G = self.n_routed_experts, self.n_group
        if E % G or E // G < 2:
            raise CheckpointError(f"{E} experts do not split into {G} groups of two or more.")
        if self.topk_group > G:
            raise CheckpointError(f"topk_group is {self.topk_group}, but there are {G} groups.")
        if self.num_experts_per_tok > self.topk_group * (E // G):
            raise CheckpointError("num_experts_per_tok exceeds the experts of topk_group groups.")
        needed = MLA_FIELDS[1:] if self.is_mla else GQA_FIELDS
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise CheckpointError(f"the config lacks {', '.join(missing)}.")
        if self.num_attention_heads % self.num_key_value_heads:
            raise CheckpointError("num_attention_heads is no multiple of num_key_value_heads.")
        if self.rope_dim < 2 or self.rope_dim % 2:
            raise CheckpointError(f"rotary embeddings turn pairs, but {self.rope_dim} is odd or 0.")
        if self.first_k_dense_replace >= self.num_hidden_layers:
            raise CheckpointError("first_k_dense_replace leaves no layer with experts.")

    def _check_values(self) -> None:
        """Refuse what JSON can hold but no model can be: strings, NaN, zero heads, 10**9 layers."""
        for field in fields(self):
            value, kind = getattr(self, field.name), str(field.type)
            if value is None and "None" in kind:
                continue
            if kind.startswith("bool"):
                good = isinstance(value, bool)
            elif kind.startswith("float"):
                good = type(value) in (int, float) and 0 < value < math.inf
            else:
                least = 0 if field.name in MAY_BE_ZERO else 1
                most = MAX_LAYERS if field.name == "num_hidden_layers" else MAX_SIZE
                good = type(value) is int and least <= value <= most
            if not good:
                raise CheckpointError(f"{field.name} is {value!r:.40}, which no model can have.")

    @property
    def is_mla(self) -> bool:
        return self.kv_lora_rank is not None

    @property
    def attention(self) -> Attention:
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
        """Indices of the layers that have experts."""
        return range(self.first_k_dense_replace, self.num_hidden_layers)

    def to_json(self) -> dict[str, Any]:
        """The config.json that transformers opens (DeepseekV3 or Glm4Moe)."""
        dropped = GQA_FIELDS if self.is_mla else MLA_FIELDS
        own = {k: v for k, v in asdict(self).items() if k not in (*dropped, "rope_theta")}
        rope: dict[str, Any] = {"rope_type": "default", "rope_theta": self.rope_theta}
        if not self.is_mla:
            rope["partial_rotary_factor"] = self.partial_rotary_factor
        return own | {
            "architectures": ["DeepseekV3ForCausalLM" if self.is_mla else "Glm4MoeForCausalLM"],
            "model_type": "deepseek_v3" if self.is_mla else "glm4_moe",
            "hidden_act": "silu",
            "attention_bias": False,
            "tie_word_embeddings": False,
            "num_nextn_predict_layers": 0,
            "rope_parameters": rope,
            "dtype": "bfloat16",
            **({"rope_interleave": True} if self.is_mla else {"use_qk_norm": False}),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ModelConfig:
        """Read a parsed config.json of the two families above.

        Raises:
            CheckpointError: for another architecture, or a field that this network lacks.
        """
        kind = raw.get("model_type")
        if kind not in ("deepseek_v3", "glm4_moe"):
            raise CheckpointError(
                f"model_type {kind!r} is not ours: use a deepseek_v3 or glm4_moe checkpoint."
            )
        rope = raw.get("rope_parameters") or {}
        if not isinstance(rope, dict):
            raise CheckpointError("rope_parameters is not a JSON object.")
        # older files hold the same under rope_scaling
        if rope.get("rope_type", "default") != "default" or raw.get("rope_scaling"):
            raise CheckpointError("only plain rotary embeddings (rope_type default) are supported.")
        if raw.get("hidden_act", "silu") != "silu":
            raise CheckpointError("hidden_act must be silu, as in every model of these families.")
        if kind == "deepseek_v3" and raw.get("rope_interleave") is False:
            raise CheckpointError("rope_interleave must be true, as in DeepSeek's own weights.")
        for flag in ("attention_bias", "tie_word_embeddings", "use_qk_norm"):
            if raw.get(flag):
                raise CheckpointError(f"{flag} is set, and this network has no such part.")
        merged = {**raw, **{k: v for k, v in rope.items() if k != "rope_type"}}
        names = {f.name for f in fields(cls)} - set(
            GQA_FIELDS if kind == "deepseek_v3" else MLA_FIELDS
        )
        try:
            return cls(**{name: merged[name] for name in names if name in merged})
        except TypeError as error:
            raise CheckpointError(f"the config is incomplete: {error}.") from None


def read_config(folder: Path) -> ModelConfig:
    """The config of a checkpoint folder.

    Raises:
        CheckpointError: if there is no readable config.json.
    """
    try:
        raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{folder} has no readable config.json: {error}") from None
    if not isinstance(raw, dict):
        raise CheckpointError(f"{folder}/config.json is not a JSON object.")
    return ModelConfig.from_json(raw)


def base(vocab_size: int) -> ModelConfig:
    """Our base model: DeepSeek-V3 in miniature, MLA and 16 routed experts."""
    return ModelConfig(
        vocab_size=vocab_size,
        hidden_size=96,
        num_hidden_layers=5,
        num_attention_heads=4,
        num_key_value_heads=4,
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
        max_position_embeddings=384,  # the corpus's rows: no later position was ever trained
        kv_lora_rank=64,  # 4 qk_nope_head_dim, as in the paper
        qk_nope_head_dim=16,
        qk_rope_head_dim=16,
        v_head_dim=32,
    )


def twin(vocab_size: int, num_key_value_heads: int) -> ModelConfig:
    """`base` with grouped-query attention: 4 heads are MHA, 2 GQA, 1 MQA; the rest is equal."""
    whole = asdict(base(vocab_size)) | dict.fromkeys(MLA_FIELDS)
    return ModelConfig(
        **whole
        | {
            "num_key_value_heads": num_key_value_heads,
            "head_dim": 32,
            "partial_rotary_factor": 0.5,
        }
    )
