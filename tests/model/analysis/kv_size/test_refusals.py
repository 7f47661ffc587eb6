"""Cache arithmetic: what it refuses, and properties that hold for every config."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.analysis.kv_size import BYTES, ConfigError, cache_spec, formula
from tests.configs import GQA, PUBLISHED, V3, window_bytes, without

# Refusals

REFUSED: list[tuple[Any, str]] = [
    (None, "JSON object"),
    ([], "JSON object"),
    ("{}", "JSON object"),
    ({}, "num_hidden_layers, num_attention_heads, head_dim or hidden_size"),
    (without(GQA, "num_hidden_layers"), "num_hidden_layers"),
    (without(GQA, "num_attention_heads"), "num_attention_heads"),
    (without(GQA, "hidden_size"), "head_dim or hidden_size"),
    (without(V3, "qk_rope_head_dim", "model_type"), "qk_rope_head_dim"),
    ({**GQA, "num_hidden_layers": True}, "num_hidden_layers is true"),
    ({**GQA, "num_hidden_layers": 0}, "num_hidden_layers is 0"),
    ({**GQA, "num_hidden_layers": 10_001}, "10,000"),
    ({**GQA, "num_hidden_layers": 4.0}, "num_hidden_layers is 4.0"),
    ({**GQA, "num_attention_heads": "8"}, "num_attention_heads is '8'"),
    ({**GQA, "num_attention_heads": 100_001}, "100,000"),
    ({**GQA, "num_key_value_heads": -2}, "num_key_value_heads is -2"),
    ({**GQA, "num_key_value_heads": 16}, "num_key_value_heads is 16"),
    ({**GQA, "num_key_value_heads": 3}, "does not divide"),
    ({**GQA, "head_dim": float("nan")}, "head_dim is nan"),
    ({**GQA, "head_dim": 10_000_001}, "10,000,000"),
    ({**GQA, "head_dim": 10**5000}, "more than 15 digits"),
    ({**GQA, "hidden_size": 65}, "not a multiple"),
    ({**GQA, "layer_types": ["full_attention"] * 3}, "length 3, but the number of layers is 4"),
    ({**GQA, "layer_types": ["full_attention"] * 3 + ["spiral"]}, "'spiral'"),
    ({**GQA, "layer_types": ["full_attention"] * 3 + [[]]}, "a list of 0"),
    ({**GQA, "layer_types": "full_attention"}, "must be a list"),
    ({**GQA, "layer_types": ["sliding_attention"] * 4}, "sliding_window is missing"),
    ({**GQA, "layer_types": ["chunked_attention"] * 4}, "attention_chunk_size"),
    ({**GQA, "layer_types": ["indexed_attention"] * 4}, "sparse attention"),
    ({**GQA, "model_type": 3}, "model_type is 3"),
    ({**GQA, "text_config": []}, "text_config"),
    ({**GQA, "use_sliding_window": "no"}, "use_sliding_window"),
    ({**GQA, "linear_num_key_heads": 2}, "layer_types is missing"),
    ({**GQA, "model_type": "minimax_m1"}, "layer_types is missing"),
    ({**GQA, "model_type": "novel", "sliding_window": 8}, "says where"),
    ({**GQA, "compress_ratios": [4] * 4}, "sparse attention"),
    (
        {**GQA, "model_type": "deepseek_v4", "head_dim": 8, "sliding_window": 8}
        | {"layer_types": ["full_attention"] * 4},
        "full layer",
    ),
    ({**V3, "index_head_dim": 128, "indexer_types": ["some"] * 61}, "indexer_types"),
    ({**GQA, "block_configs": [{"attention": {"n_heads_in_group": 3}}] * 4}, "n_heads_in_group 3"),
    ({**GQA, "block_configs": [{}] * 4}, "block_configs[0].attention"),
    ({**GQA, "block_configs": [{"attention": {"num_sink_tokens": 4}}] * 4}, "num_sink_tokens"),
    ({**GQA, "linear_attn_config": {"head_dim": 8}}, "full_attn_layers"),
    ({**GQA, "hidden_size": (64,)}, "a tuple"),
    ({**GQA, "attn_layer_period": 2, "attn_layer_offset": 2}, "attn_layer_offset"),
    ({**GQA, "full_attn_idxs": [4]}, "full_attn_idxs"),
    ({**GQA, "model_type": "bert"}, "encoder"),
    (
        {**GQA, "use_bidirectional_attention": True, "architectures": ["Gemma3TextModel"]},
        "both directions",
    ),
    ({**GQA, "use_cla": True}, "cla_share_factor"),
    ({**GQA, "per_layer_config": {"0": 5}}, "JSON object"),
]


@pytest.mark.parametrize(("config", "words"), REFUSED)
def test_refuses_in_one_sentence(config: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        cache_spec(config)
    message = str(caught.value)
    assert words in message and caught.value.key
    assert message.endswith(".") and len(message) < 400 and "\n" not in message


@pytest.mark.parametrize(
    "arguments",
    [(-1, "bf16"), (True, "bf16"), (1.5, "bf16"), (1, "bf17"), (1, None), (1, "bf16", -1)],
)
def test_refuses_absurd_questions(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ConfigError):
        cache_spec(GQA).bytes(*arguments)


# Properties

sizes = st.integers(1, 64)
names = st.sampled_from(["sliding_attention", "full_attention", "linear_attention", "conv"])


@st.composite
def good_configs(draw: st.DrawFn) -> dict[str, Any]:
    kv_heads = draw(st.integers(1, 8))
    types = draw(st.lists(names, min_size=1, max_size=12))
    return {
        "num_hidden_layers": len(types),
        "num_attention_heads": kv_heads * draw(st.integers(1, 4)),
        "num_key_value_heads": kv_heads,
        "head_dim": draw(sizes),
        "v_head_dim": draw(sizes | st.none()),
        "sliding_window": draw(sizes),
        "layer_types": types,
    }


@settings(deadline=None)
@given(good_configs(), st.integers(0, 200), st.sampled_from(sorted(BYTES)), st.integers(0, 9))
def test_bytes_are_the_sum_over_tokens_and_layers(
    config: dict[str, Any], tokens: int, dtype: str, batch: int
) -> None:
    spec = cache_spec(config)
    values = config["v_head_dim"] or config["head_dim"]
    per_token = config["num_key_value_heads"] * (config["head_dim"] + values)
    total = 0
    for kind, position in itertools.product(config["layer_types"], range(tokens)):
        kept = position >= tokens - config["sliding_window"]
        total += per_token if kind == "full_attention" or ("sliding" in kind and kept) else 0
    assert spec.elements(tokens) == total
    one = spec.bytes(tokens, dtype)
    assert one - 1 < total * BYTES[dtype] <= one
    assert spec.bytes(tokens, dtype, batch) == batch * one
    assert spec.bytes(tokens + 1, dtype) >= one


@settings(deadline=None)
@given(good_configs(), st.sampled_from(["float32", "bf16", "int8"]))
def test_growth_and_windows_add_up(config: dict[str, Any], dtype: str) -> None:
    spec = cache_spec(config)
    beyond = max(config["sliding_window"], 1)
    assert spec.bytes(1, dtype) == spec.bytes_per_token(dtype)
    assert spec.bytes(beyond + 1, dtype) - spec.bytes(beyond, dtype) == spec.growth_per_token(dtype)
    assert spec.bytes(beyond, dtype) == (
        window_bytes(spec, dtype) + beyond * spec.growth_per_token(dtype)
    )


FIELD_NAMES = sorted(
    {name for row in PUBLISHED.values() for name in row["config"]}
    | {
        "n_layer", "n_head", "n_embd", "num_layers", "decoder_layers", "num_kv_heads",
        "kv_channels", "text_config", "thinker_config", "decoder", "is_encoder_decoder",
        "attn_config", "attn_type", "kv_n_heads", "multi_query_group_num", "layers_block_type",
        "hybrid_override_pattern",
        "attn_type_list", "hybrid_layer_pattern", "compress_ratios", "compress_rates",
        "attn_layer_indices", "full_attn_idxs", "linear_attn_config", "full_attn_layers",
        "kda_layers", "full_attention_interval", "layer_group_size", "block_types", "block_configs",
        "attention", "n_heads_in_group", "no_op", "window_length", "sliding_window_pattern",
        "sliding_window_size", "max_window_layers", "no_rope_layers", "num_kv_shared_layers",
        "per_layer_config", "global_head_dim", "attention_k_eq_v", "num_query_heads",
        "kv_source_layers", "indexer_types", "index_topk_freq", "num_nextn_predict_layers",
        "swa_num_key_value_heads", "use_bidirectional_attention",
    }
)  # fmt: skip
FAMILIES = [
    "falcon", "chatglm", "deepseek_v4", "longcat_flash", "mimo_v2_flash", "gemma4_text",
    "gemma3n_text", "llama4_text", "jamba", "mamba", "qwen2", "bailing_hybrid", "bert", "falcon_h1",
]  # fmt: skip
words = st.sampled_from(
    ["full_attention", "sliding_attention", "hybrid", "full", "shared", "M*-E", "05", *FAMILIES]
)
scalars = (
    st.none() | st.booleans() | st.integers(-2, 9) | st.integers() | st.floats() | words | st.text()
)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(FIELD_NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
BASES = [{}, GQA, V3, *(row["config"] for row in PUBLISHED.values())]


@settings(deadline=None)  # tests.fuzz.configs: many more
@given(
    st.sampled_from(BASES),
    st.dictionaries(st.sampled_from(FIELD_NAMES), json_values, max_size=8),
    st.sampled_from([None, *FAMILIES]),
)
def test_never_raises_anything_but_config_error(
    base: dict[str, Any], changes: dict[str, Any], family: str | None
) -> None:
    config = {**base, **changes, **({"model_type": family} if family else {})}
    try:
        spec = cache_spec(config)
    except ConfigError as error:
        assert str(error).endswith(".") and error.key
        return
    assert 0 <= spec.growth_per_token("bf16") <= spec.bytes_per_token("bf16")
    assert spec.attention and formula(spec)


@given(json_values)
def test_any_json_value_is_judged_or_refused(value: Any) -> None:
    try:
        cache_spec(value)
    except ConfigError:
        return
