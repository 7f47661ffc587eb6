"""A cache size as a formula that one can read and recompute by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from model.kv_math.read import cache_spec
from model.kv_math.spec import CacheSpec, LayerCache, Parts, element_size


def formula(spec: CacheSpec | Mapping[str, Any], dtype: str = "bf16") -> str:
    """Bytes per token with this model's numbers filled in.

    DeepSeek-V3: "61 layers × (512 c_kv + 64 k_rope) × 2 bytes = 70,272 bytes per token".
    Raises ConfigError as cache_spec() does.
    """
    if not isinstance(spec, CacheSpec):
        spec = cache_spec(spec)
    size = element_size(dtype)
    groups = Counter(cache for cache in spec.layers if cache.elements_per_token)
    if not groups:
        return "0 bytes per token"
    terms = [
        f"{number} {'' if len(groups) == 1 and cache.window is None else cache.kind + ' '}"
        f"{'layer' if number == 1 else 'layers'} × {_content(cache)}"
        for cache, number in groups.items()
    ]
    total = terms[0] if len(terms) == 1 else f"({' + '.join(terms)})"
    unit = f"{float(size):g} {'byte' if size == 1 else 'bytes'}"
    text = f"{total} × {unit} = {spec.bytes_per_token(dtype):,} bytes per token"
    windows = sorted({cache.window for cache in spec.layers if cache.window is not None})
    if windows:
        lengths = " and ".join(f"{window:,}" for window in windows)
        text += f"; {spec.growth_per_token(dtype):,} once the windows of {lengths} tokens are full"
    return text


def _content(cache: LayerCache) -> str:
    heads = cache.kv_heads or 1
    kept = _sum(tuple((name, size // heads) for name, size in cache.parts))
    if cache.compressed:
        return f"({kept} + {_sum(cache.compressed)} / {cache.ratio})"
    if cache.kv_heads is None or cache.parts[0][0] == "K=V":
        return kept
    return f"{heads} KV {'head' if heads == 1 else 'heads'} × {kept}"


def _sum(parts: Parts) -> str:
    return f"({' + '.join(f'{size} {name}' for name, size in parts)})"
