"""Configs that the tests of cache arithmetic share."""

from __future__ import annotations

from typing import Any

from model.analysis.kv_size import BYTES, CacheSpec, published_configs

PUBLISHED = {row["name"]: row for row in published_configs()}
V3 = PUBLISHED["DeepSeek-V3 / R1 (671B)"]["config"]
GQA = {
    "num_hidden_layers": 4,
    "hidden_size": 64,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
}


def window_bytes(spec: CacheSpec, dtype: str) -> float:
    """The bytes in all windows when they are full."""
    windows = [(layer.elements_per_token, layer.window) for layer in spec.layers if layer.window]
    return sum(elements * window for elements, window in windows) * BYTES[dtype]


def without(config: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in names}
