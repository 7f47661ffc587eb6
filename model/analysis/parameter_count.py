"""Parameter counts by component from a config.json: pure integers, exact to the last one.

Names are those of the DeepSeek-V3 report (arXiv 2412.19437) and of transformers' modules. The count
covers the weights of the main model, with the router's correction bias (a buffer in transformers,
which `parameters()` misses) and without multi-token prediction, which is counted separately.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any

from model.analysis.kv_size.fields import MAX_HEADS, MAX_LAYERS, ConfigError, Fields

MLA_FAMILIES = ("deepseek_v3", "deepseek_v2", "kimi_k2")
MOE_FAMILIES = (*MLA_FAMILIES, "deepseek", "glm4_moe")
DENSE_FAMILIES = ("llama", "qwen2", "qwen3")
BIASED_ROUTERS = ("deepseek_v3", "kimi_k2", "glm4_moe")  # always have e_score_correction_bias
MAX_EXPERTS = 100_000

Terms = list[tuple[int, ...]]  # a sum of products: (7168, 1536), (1536,) is 7168·1536 + 1536


@dataclass(frozen=True)
class Component:
    """`copies` modules of `each` parameters, `active` of which process any one token."""

    name: str
    formula: str
    each: int
    copies: int
    active: int

    @property
    def total(self) -> int:
        return self.each * self.copies


@dataclass(frozen=True)
class ParamCount:
    """Parameters of a model, in the order of its modules, and of one MTP module (or none).

    Reports use three conventions for "active": DeepSeek-V3's 37B and Kimi-K2's 32B exclude the
    embedding table, of which a token reads one row, and include the head; DeepSeekMoE-16B's 2.8B
    includes both. A table tied to the head is counted once, as both.
    """

    components: tuple[Component, ...]
    mtp: tuple[Component, ...]
    tied: bool

    @property
    def total(self) -> int:
        return sum(part.total for part in self.components)

    def _of(self, name: str) -> int:
        return sum(part.total for part in self.components if part.name == name)

    @property
    def active_both(self) -> int:
        """Active parameters per token, including the embedding table and the head."""
        return sum(part.each * part.active for part in self.components)

    @property
    def active_head_only(self) -> int:
        """Active parameters without the embedding table, unless it is also the head."""
        return self.active_both - (0 if self.tied else self._of("embedding"))

    @property
    def active_neither(self) -> int:
        """Active parameters without the embedding table and the head."""
        return self.active_both - self._of("embedding") - self._of("head")

    @property
    def mtp_total(self) -> int:
        """Parameters of one MTP module, without the embedding and head it shares."""
        return sum(part.total for part in self.mtp)


def count(config: Mapping[str, Any]) -> ParamCount:
    """Count the parameters of a DeepSeek-style MoE or of a dense Llama or Qwen model.

    `config` is a parsed config.json whose model_type is one of MOE_FAMILIES or DENSE_FAMILIES.
    Raises ConfigError, and nothing else, for other families and for missing or absurd fields.
    """
    fields = Fields(config)
    family = fields.text("model_type")
    known = (*MOE_FAMILIES, *DENSE_FAMILIES)
    if family not in known:
        raise ConfigError(
            f"model_type {family[:40]!r} is not counted here: use one of {', '.join(known)}."
        )
    hidden = fields.need("hidden_size")
    layers = fields.need("num_hidden_layers", most=MAX_LAYERS)
    tied = fields.flag("tie_word_embeddings")  # absent is untied in all these families
    table: Terms = [(fields.need("vocab_size"), hidden)]
    moe_layers = _moe_layers(fields, layers) if family in MOE_FAMILIES else 0
    attention = _latent_attention(fields) if family in MLA_FAMILIES else _attention(fields, family)

    parts = [_part("embedding", table, 1)]
    parts += _block(attention, hidden, layers)
    if moe_layers < layers:
        parts.append(_part("dense FFN", _ffn(fields, family), layers - moe_layers))
    if moe_layers:
        parts += _moe(fields, family, moe_layers)
    parts.append(_part("final norm", [(hidden,)], 1))
    if not tied:
        parts.append(_part("head", table, 1))

    mtp: list[Component] = []
    if family == "deepseek_v3" and fields.integer("num_nextn_predict_layers", least=0, most=100):
        mtp = _block(attention, hidden, 1) + _moe(fields, family, 1)
        mtp += [
            _part("eh_proj", [(2, hidden, hidden)], 1),
            _part("MTP norms", [(3, hidden)], 1),  # enorm, hnorm, and the one before the head
        ]
    return ParamCount(tuple(parts), tuple(mtp), tied)


def _part(name: str, terms: Terms, copies: int, active: int | None = None) -> Component:
    """A component whose number and formula come from the same terms, so they cannot disagree."""
    formula = " + ".join("·".join(map(str, term)) for term in terms)
    each = sum(prod(term) for term in terms)
    return Component(name, formula, each, copies, copies if active is None else active)


def _block(attention: Terms, hidden: int, layers: int) -> list[Component]:
    return [_part("attention", attention, layers), _part("norms", [(2, hidden)], layers)]


def _latent_attention(fields: Fields) -> Terms:
    """MLA with the norms of its two latents; with q_lora_rank null, a plain query projection."""
    hidden = fields.need("hidden_size")
    heads = fields.need("num_attention_heads", most=MAX_HEADS)
    nope, rope = fields.need("qk_nope_head_dim"), fields.need("qk_rope_head_dim")
    value, rank = fields.need("v_head_dim"), fields.need("kv_lora_rank")
    q_rank = fields.integer("q_lora_rank")
    if q_rank is None:
        terms: Terms = [(hidden, heads, nope + rope)]
    else:
        terms = [(hidden, q_rank), (q_rank,), (q_rank, heads, nope + rope)]
    terms += [
        (hidden, rank + rope),
        (rank,),
        (rank, heads, nope + value),
        (heads, value, hidden),
    ]
    if fields.flag("attention_bias"):  # on q_a_proj, kv_a_proj_with_mqa and o_proj
        terms += (
            [(rank + rope,), (hidden,)] if q_rank is None else [(q_rank + rank + rope,), (hidden,)]
        )
    return terms


def _attention(fields: Fields, family: str) -> Terms:
    """MHA, GQA or MQA: q, k, v, o, with the family's biases and norms of q and k."""
    hidden = fields.need("hidden_size")
    heads = fields.need("num_attention_heads", most=MAX_HEADS)
    kv_heads = fields.integer("num_key_value_heads", most=heads) or heads
    size = fields.integer("head_dim")
    if heads % kv_heads or (size is None and hidden % heads):
        raise ConfigError(
            f"{heads:,} heads, {kv_heads:,} KV heads and hidden_size {hidden:,} do not fit "
            "together: correct them."
        )
    size = size or hidden // heads
    terms: Terms = [(hidden, heads, size), (2, hidden, kv_heads, size), (heads, size, hidden)]
    bias = family == "qwen2" or fields.flag("attention_bias")
    if bias:
        terms += [(heads, size), (2, kv_heads, size)]
    if bias and family not in ("qwen2", "glm4_moe"):
        terms.append((hidden,))
    if family == "qwen3" or (family == "glm4_moe" and fields.flag("use_qk_norm")):
        terms.append((2, size))
    return terms


def _ffn(fields: Fields, family: str) -> Terms:
    hidden, inner = fields.need("hidden_size"), fields.need("intermediate_size")
    terms: Terms = [(3, hidden, inner)]  # gate, up and down
    if fields.flag("mlp_bias"):
        if family != "llama":
            raise ConfigError(f"mlp_bias is not counted for {family}: set it to false.")
        terms += [(2, inner), (hidden,)]
    return terms


def _moe_layers(fields: Fields, layers: int) -> int:
    dense = fields.need("first_k_dense_replace", least=0, most=layers)
    every = fields.integer("moe_layer_freq", most=MAX_LAYERS) or 1
    return len([index for index in range(dense, layers) if index % every == 0])


def _moe(fields: Fields, family: str, layers: int) -> list[Component]:
    """Routed and shared experts of equal width, and the router with its bias if it has one."""
    hidden = fields.need("hidden_size")
    experts = fields.need("n_routed_experts", most=MAX_EXPERTS)
    chosen = fields.need("num_experts_per_tok", most=experts)
    shared = fields.integer("n_shared_experts", most=MAX_EXPERTS, least=0) or 0
    expert: Terms = [(3, hidden, fields.need("moe_intermediate_size"))]
    router: Terms = [(experts, hidden)]
    if family in BIASED_ROUTERS:
        router.append((experts,))
    parts = [_part("routed experts", expert, layers * experts, layers * chosen)]
    if shared:
        parts.append(_part("shared experts", expert, layers * shared))
    return [*parts, _part("router", router, layers)]


_V3: dict[str, Any] = {
    "model_type": "deepseek_v3",
    "hidden_size": 7168,
    "num_hidden_layers": 61,
    "first_k_dense_replace": 3,
    "moe_layer_freq": 1,
    "intermediate_size": 18432,
    "moe_intermediate_size": 2048,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_experts_per_tok": 8,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "vocab_size": 129280,
    "tie_word_embeddings": False,
    "num_nextn_predict_layers": 1,
}
_V2: dict[str, Any] = {
    **_V3,
    "model_type": "deepseek_v2",
    "hidden_size": 5120,
    "num_hidden_layers": 60,
    "first_k_dense_replace": 1,
    "intermediate_size": 12288,
    "moe_intermediate_size": 1536,
    "n_routed_experts": 160,
    "n_shared_experts": 2,
    "num_experts_per_tok": 6,
    "vocab_size": 102400,
    "num_nextn_predict_layers": 0,
}
_V2_LITE: dict[str, Any] = {
    **_V2,
    "hidden_size": 2048,
    "num_hidden_layers": 27,
    "intermediate_size": 10944,
    "moe_intermediate_size": 1408,
    "n_routed_experts": 64,
    "num_attention_heads": 16,
    "num_key_value_heads": 16,
    "q_lora_rank": None,
}
_K2: dict[str, Any] = {
    **_V3,
    "model_type": "kimi_k2",
    "first_k_dense_replace": 1,
    "n_routed_experts": 384,
    "num_attention_heads": 64,
    "num_key_value_heads": 64,
    "vocab_size": 163840,
    "num_nextn_predict_layers": 0,
}
_MLA_FIELDS = (
    "q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim",
)  # fmt: skip
_MOE_16B: dict[str, Any] = {
    **{name: value for name, value in _V2_LITE.items() if name not in _MLA_FIELDS},
    "model_type": "deepseek",
    "num_hidden_layers": 28,
}

PUBLISHED: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "DeepSeek-V3": _V3,
        "DeepSeek-V2": _V2,
        "DeepSeek-V2-Lite": _V2_LITE,
        "Kimi-K2": _K2,
        "DeepSeekMoE-16B": _MOE_16B,
    }
)
"""The fields that count, as in the config.json files of deepseek-ai and moonshotai (Kimi-K2)."""
