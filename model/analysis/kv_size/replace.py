"""The KV cache that a published model would have with another kind of attention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from model.analysis.kv_size.fields import MAX_HEADS
from model.analysis.kv_size.layer import equal_share
from model.analysis.kv_size.read import cache_spec
from model.analysis.kv_size.spec import CacheSpec, LayerCache, Parts
from model.analysis.kv_size.text_model import text_model

GROUPS = 8  # KV heads of GQA, as in Llama 3 and Qwen 2.5


def heads_and_width(config: Mapping[str, Any]) -> tuple[int, int]:
    """The number of query heads and d_h, the width of a key's part without position.

    Raises:
        ConfigError: if the file has neither a width nor the fields to compute it from.
    """
    fields = text_model(config)
    heads = fields.need_fact("heads", most=MAX_HEADS)
    width = fields.fact("qk_nope_head_dim") or fields.fact("head_dim")
    return heads, equal_share(fields, heads) if width is None else width


def replaced(config: Mapping[str, Any]) -> dict[str, CacheSpec]:
    """The caches with MHA, GQA-8 (if heads allow), MQA and MLA in every layer, windows unchanged.

    MLA has the V2 paper's proportions, d_c = 4 d_h and d_h^R = d_h / 2 (arXiv 2405.04434,
    section 2.1.3), or the model's own if it has MLA.
    """
    spec = cache_spec(config)
    heads, width = heads_and_width(config)
    fields = text_model(config)
    latent: Parts = (
        ("c_kv", fields.fact("kv_lora_rank") or 4 * width),
        ("k_pe", fields.fact("qk_rope_head_dim") or width // 2),
    )
    shapes: dict[str, tuple[Parts, int | None]] = {
        "MHA": ((("K", heads * width), ("V", heads * width)), heads),
        f"GQA-{GROUPS}": ((("K", GROUPS * width), ("V", GROUPS * width)), GROUPS),
        "MQA": ((("K", width), ("V", width)), 1),
        "MLA": (latent, None),
    }
    if heads % GROUPS or heads <= GROUPS:
        del shapes[f"GQA-{GROUPS}"]
    return {
        name: CacheSpec(
            name, tuple(_layer(layer, name, parts, kv_heads) for layer in spec.layers), ()
        )
        for name, (parts, kv_heads) in shapes.items()
    }


def _layer(layer: LayerCache, name: str, parts: Parts, kv_heads: int | None) -> LayerCache:
    if not layer.elements_per_token:
        return layer
    total = sum(size for _, size in parts)
    return replace(
        layer,
        kind=name,
        elements_per_token=total,
        parts=parts,
        kv_heads=kv_heads,
        compressed=(),
        ratio=1,
    )
