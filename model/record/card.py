"""The model card in a record: what pictures say about the model, without reading its files."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

MAX_EXPERTS = 10_000  # per layer; published models have some hundreds
MAX_LAYERS = 10_000
MAX_SIZE = 10**9  # of any other count: more than any published width or context
MAX_NAME = 200  # characters


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """A model in numbers, with the field names of transformers' configs.

    None or an empty string means unknown, as in records of other engines or older versions.

    Raises:
        ValueError: if a number is impossible, or two contradict each other.
    """

    name: str
    attention: str = ""  # "MLA", "MHA", "GQA", "MQA", or another engine's own term
    cache_dtype: str = ""  # of this run's KV cache, e.g. "float32"
    max_position_embeddings: int | None = None  # context length in tokens

    hidden_size: int | None = None
    num_hidden_layers: int | None = None
    moe_layers: tuple[int, ...] = ()  # indices from 0; the other layers are dense
    n_routed_experts: int = 0  # per MoE layer; 0 in a dense model
    num_experts_per_tok: int = 0
    n_shared_experts: int | None = None
    n_group: int | None = None
    topk_group: int | None = None
    routed_scaling_factor: float | None = None
    norm_topk_prob: bool | None = None

    num_attention_heads: int | None = None
    num_key_value_heads: int | None = None
    head_dim: int | None = None  # of a key, including its rotary part
    v_head_dim: int | None = None
    kv_lora_rank: int | None = None  # MLA: the latent that is cached instead of keys and values
    qk_rope_head_dim: int | None = None  # MLA: the rotary key that all heads share

    def __post_init__(self) -> None:
        for field in fields(self):
            _check(field.name, getattr(self, field.name), str(field.type))
        layers, E, k = self.moe_layers, self.n_routed_experts, self.num_experts_per_tok
        if not k <= E <= MAX_EXPERTS or (E and not k) or (layers and not E):
            raise ValueError(f"{k} of {E} experts per token in {len(layers)} layers")
        if list(layers) != sorted(set(layers)):
            raise ValueError("layers with experts are not in order")
        if (self.num_hidden_layers or 0) > MAX_LAYERS or (
            layers and layers[-1] >= (self.num_hidden_layers or MAX_LAYERS)
        ):
            raise ValueError("there are too many layers, or one with experts is none of them")
        if E % self.groups or (self.topk_group or 0) > self.groups:
            raise ValueError(f"{E} experts in {self.groups} groups, of which {self.topk_group}")
        if self.num_attention_heads and self.num_attention_heads % (self.num_key_value_heads or 1):
            raise ValueError("attention heads do not share key-value heads evenly")

    @property
    def groups(self) -> int:
        """The number of groups of routed experts; 1 if unknown."""
        return self.n_group or 1


def _check(name: str, value: Any, kind: str) -> None:
    """Raise ValueError if a value is of the wrong type for its field, or out of range."""
    if value is None and "None" in kind:
        return
    if kind.startswith("str"):
        good = isinstance(value, str) and len(value) <= MAX_NAME and value.isprintable()
    elif kind.startswith("bool"):
        good = type(value) is bool
    elif kind.startswith("float"):
        good = type(value) in (int, float) and 0 < value < math.inf
    elif kind.startswith("tuple"):
        good = isinstance(value, tuple) and all(map(_is_count, value))
    else:
        good = _is_count(value) and (value > 0 or "None" not in kind or name == "n_shared_experts")
    if not good:
        raise ValueError(f"{name} is {value!r:.40}, which no model has")


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_SIZE
