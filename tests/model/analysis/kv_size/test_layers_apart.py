"""Layers that differ: blocks, exceptions by layer, lists of kinds that must agree."""

from __future__ import annotations

from typing import Any

import pytest

from model.analysis.kv_size import ConfigError, cache_spec
from tests.model.analysis.kv_size.test_odd_files import PER_TOKEN, G

BLOCK = {"n_heads_in_group": 4, "no_op": False, "num_sink_tokens": None, "window_length": None}


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (None, r"block_configs\[7\] is null"),
        ({"attention": None}, r"lacks block_configs\[7\]\.attention"),
        ({"attention": {**BLOCK, "mamba": {"state_dim": 8}}}, "attention.mamba"),
        ({"attention": {**BLOCK, "llama4": {"attention_chunk_size": 8}}}, "attention.llama4"),
        ({"attention": {**BLOCK, "num_key_value_heads": 1}}, "attention.num_key_value_heads"),
        ({"attention": {**BLOCK, "n_heads_in_group": None}}, r"lacks block_configs\[7\]\.att"),
        ({"attention": BLOCK, "parallel_blocks": [{}]}, r"block_configs\[7\]\.parallel_blocks"),
    ],
)
def test_blocks_are_read_whole(block: Any, words: str) -> None:
    nas = {**G, "model_type": "nemotron-nas"}
    plain: dict[str, Any] = {"attention": BLOCK, "ffn": {"ffn_mult": 1.0}, "parallel_blocks": None}
    spec = cache_spec({**nas, "block_configs": [plain] * 8})
    assert spec.bytes_per_token("bf16") == PER_TOKEN
    with pytest.raises(ConfigError, match=words):
        cache_spec({**nas, "block_configs": [plain] * 7 + [block]})


@pytest.mark.parametrize("keys", [["8"], ["-1"], ["layer_1"], ["7", "07"], [""], ["1.0"]])
def test_exceptions_are_for_layers_that_there_are(keys: list[str]) -> None:
    with pytest.raises(ConfigError, match="per_layer_config must hold layer numbers from 0 to 7"):
        cache_spec({**G, "per_layer_config": {key: {"num_key_value_heads": 1} for key in keys}})
    made = cache_spec({**G, "per_layer_config": {7: {"num_key_value_heads": 1}}})  # by to_dict()
    assert made.bytes_per_token("bf16") == PER_TOKEN - 512


def test_a_layers_own_window_makes_it_slide() -> None:
    """As in transformers, cache_utils.py, get_layer_types_and_kwargs: where no list tells kinds."""
    llama, mistral = ({**G, "model_type": name} for name in ("llama", "mistral"))
    spec = cache_spec({**llama, "per_layer_config": {"3": {"sliding_window": 4}}})
    assert [layer.window for layer in spec.layers] == [None] * 3 + [4] + [None] * 4
    spec = cache_spec({**llama, "per_layer_config": {"3": {"attention_chunk_size": 4}}})
    assert [layer.window for layer in spec.layers] == [None] * 3 + [4] + [None] * 4
    spec = cache_spec({**mistral, "per_layer_config": {"3": {"sliding_window": None}}})
    assert [layer.window for layer in spec.layers] == [4096] * 3 + [None] + [4096] * 4


def test_two_lists_of_kinds_must_agree() -> None:
    types = ["full_attention", "linear_attention"] * 4
    same = {"layer_types": types, "layers_block_type": ["attention", "mamba"] * 4}
    assert cache_spec({**G, **same}).bytes_per_token("bf16") == PER_TOKEN // 2
    with pytest.raises(ConfigError, match="layer_types and layers_block_type mean the same"):
        cache_spec({**G, **same, "layers_block_type": ["mamba"] * 8})
    for name, value in (
        ("hybrid_override_pattern", "M*" * 4), ("attn_type_list", [0, 1] * 4),
        ("hybrid_layer_pattern", [0, 1] * 4), ("mixer_types", ["attn", "softmax"] * 4),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=f"{name}.* mean the same thing but disagree"):
            cache_spec({**G, "layer_types": types, "sliding_window": 4, name: value})
