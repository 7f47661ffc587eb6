"""The KV cache of a run, from the model card in its record."""

from __future__ import annotations

from dataclasses import replace

from model.analysis.kv_size.spec import BYTES, CacheSpec, LayerCache, Parts
from model.record.card import ModelCard

KINDS = ("MLA", "MHA", "GQA", "MQA")  # in which all layers cache the same for every token


def held(card: ModelCard) -> CacheSpec | None:
    """The KV cache of the model; None if the card does not say."""
    if card.attention not in KINDS:
        return None
    if card.kv_lora_rank is not None and card.qk_rope_head_dim is not None:
        parts: Parts = (("c_kv", card.kv_lora_rank), ("k_pe", card.qk_rope_head_dim))
        return _spec(card, parts, None)
    if card.kv_lora_rank is not None:
        return None
    return _in_heads(card, card.num_key_value_heads)


def held_by_mha(card: ModelCard) -> CacheSpec | None:
    """The KV cache that the same model would have as MHA: the key and value of every head.

    For a latent model, the key is its part without position, d_h, as in V2's Table 1: MHA needs no
    separate rotary key.
    """
    if card.kv_lora_rank is not None and card.head_dim is not None:
        card = replace(card, head_dim=card.head_dim - (card.qk_rope_head_dim or 0))
    spec = _in_heads(card, card.num_attention_heads)
    return None if spec is None else replace(spec, attention="MHA")


def bytes_per_token(card: ModelCard, spec: CacheSpec | None) -> int | None:
    """Bytes per token in the precision of the card's cache; None if the card does not say."""
    if spec is None or card.cache_dtype not in BYTES:
        return None
    return spec.bytes_per_token(card.cache_dtype)


def _in_heads(card: ModelCard, heads: int | None) -> CacheSpec | None:
    if heads is None or card.head_dim is None or card.v_head_dim is None:
        return None
    return _spec(card, (("K", heads * card.head_dim), ("V", heads * card.v_head_dim)), heads)


def _spec(card: ModelCard, parts: Parts, kv_heads: int | None) -> CacheSpec | None:
    if card.num_hidden_layers is None:
        return None
    layer = LayerCache("full", sum(size for _, size in parts), None, parts, kv_heads)
    return CacheSpec(card.attention, (layer,) * card.num_hidden_layers, ())
