"""A cache size as a formula that can be checked by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from model.analysis.kv_size.read import cache_spec
from model.analysis.kv_size.spec import CacheSpec, LayerCache, Parts, element_size

#: The words of the formula; "_one" marks the singular.
ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "layers_one": "{n} {kind}layer",
        "layers": "{n} {kind}layers",
        "heads_one": "{n} KV head",
        "heads": "{n} KV heads",
        "unit_one": "{n} byte",
        "unit": "{n} bytes",
        "half": "0.5 bytes",
        "total_one": "{terms} = {n} byte per token",
        "total": "{terms} = {n:,} bytes per token",
        "windows": "{total}; {bytes} once the {lengths}-token windows are full",
        "nothing": "0 bytes per token",
    }
)


def english(word: str, **values: object) -> str:
    """One of the formula's words in English, singular if the count `n` is 1."""
    one = f"{word}_one" if values.get("n") == 1 else word
    return ENGLISH.get(one, ENGLISH[word]).format(**values)


def formula(
    spec: CacheSpec | Mapping[str, Any], dtype: str = "bf16", say: Callable[..., str] = english
) -> str:
    """Bytes per token with this model's numbers filled in.

    DeepSeek-V3: "61 layers × (512 c_kv + 64 k_pe) × 2 bytes = 70,272 bytes per token".
    `say` supplies the words in another language, with the signature of `english`.
    Raises ConfigError as cache_spec() does.
    """
    if not isinstance(spec, CacheSpec):
        spec = cache_spec(spec)
    size = element_size(dtype)
    groups = Counter(cache for cache in spec.layers if cache.elements_per_token)
    if not groups:
        return say("nothing")
    terms = [
        say(
            "layers",
            n=number,
            kind="" if len(groups) == 1 and cache.window is None else f"{cache.kind} ",
        )
        + f" × {_content(cache, say)}"
        for cache, number in groups.items()
    ]
    total = terms[0] if len(terms) == 1 else f"({' + '.join(terms)})"
    unit = say("half") if size == 0.5 else say("unit", n=int(size))
    text = say("total", terms=f"{total} × {unit}", n=spec.bytes_per_token(dtype))
    windows = sorted({cache.window for cache in spec.layers if cache.window is not None})
    if not windows:
        return text
    return say(
        "windows",
        total=text,
        bytes=f"{spec.growth_per_token(dtype):,}",
        lengths=" / ".join(f"{window:,}" for window in windows),
    )


def _content(cache: LayerCache, say: Callable[..., str]) -> str:
    heads = cache.kv_heads or 1
    per_head = _sum(tuple((name, size // heads) for name, size in cache.parts))
    if cache.compressed:
        return f"({per_head} + {_sum(cache.compressed)} / {cache.ratio})"
    if cache.kv_heads is None or cache.parts[0][0] == "K=V":
        return per_head
    return f"{say('heads', n=heads)} × {per_head}"


def _sum(parts: Parts) -> str:
    return f"({' + '.join(f'{size} {name}' for name, size in parts)})"
