"""A cache size as a formula that one can read and recompute by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from model.analysis.kv_size.read import cache_spec
from model.analysis.kv_size.spec import CacheSpec, LayerCache, Parts, element_size

#: The formula's words. "_one" is the singular, for languages that have one.
ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "layers_one": "{n} {kind}layer",
        "layers": "{n} {kind}layers",
        "heads_one": "{n} KV head",
        "heads": "{n} KV heads",
        "unit_one": "{n} byte",
        "unit": "{n} bytes",
        "total": "{terms} = {bytes} bytes per token",
        "windows": "{total}; {bytes} once the windows of {lengths} tokens are full",
        "nothing": "0 bytes per token",
    }
)


def formula(
    spec: CacheSpec | Mapping[str, Any], dtype: str = "bf16", words: Mapping[str, str] = ENGLISH
) -> str:
    """Bytes per token with this model's numbers filled in.

    DeepSeek-V3: "61 layers × (512 c_kv + 64 k_pe) × 2 bytes = 70,272 bytes per token".
    Raises ConfigError as cache_spec() does.
    """
    if not isinstance(spec, CacheSpec):
        spec = cache_spec(spec)
    size = element_size(dtype)
    groups = Counter(cache for cache in spec.layers if cache.elements_per_token)
    if not groups:
        return words["nothing"]
    terms = [
        _counted(
            words,
            "layers",
            number,
            kind="" if len(groups) == 1 and cache.window is None else f"{cache.kind} ",
        )
        + f" × {_content(cache, words)}"
        for cache, number in groups.items()
    ]
    total = terms[0] if len(terms) == 1 else f"({' + '.join(terms)})"
    unit = words["unit_one" if size == 1 else "unit"].format(n=f"{float(size):g}")
    text = words["total"].format(
        terms=f"{total} × {unit}", bytes=f"{spec.bytes_per_token(dtype):,}"
    )
    windows = sorted({cache.window for cache in spec.layers if cache.window is not None})
    if not windows:
        return text
    return words["windows"].format(
        total=text,
        bytes=f"{spec.growth_per_token(dtype):,}",
        lengths=" / ".join(f"{window:,}" for window in windows),
    )


def _counted(words: Mapping[str, str], noun: str, n: int, **values: str) -> str:
    return words[f"{noun}_one" if n == 1 else noun].format(n=n, **values)


def _content(cache: LayerCache, words: Mapping[str, str]) -> str:
    heads = cache.kv_heads or 1
    kept = _sum(tuple((name, size // heads) for name, size in cache.parts))
    if cache.compressed:
        return f"({kept} + {_sum(cache.compressed)} / {cache.ratio})"
    if cache.kv_heads is None or cache.parts[0][0] == "K=V":
        return kept
    return f"{_counted(words, 'heads', heads)} × {kept}"


def _sum(parts: Parts) -> str:
    return f"({' + '.join(f'{size} {name}' for name, size in parts)})"
