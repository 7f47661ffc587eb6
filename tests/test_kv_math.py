"""Cache arithmetic: published models, wrong answers that look right, transformers' own caches."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.kv_math import (
    BYTES,
    CacheSpec,
    ConfigError,
    LayerCache,
    cache_spec,
    formula,
    published_configs,
)

PUBLISHED = {row["name"]: row for row in published_configs()}
V3 = PUBLISHED["DeepSeek-V3 / R1 (671B)"]["config"]
GQA = {
    "num_hidden_layers": 4,
    "hidden_size": 64,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
}


def without(config: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in names}


def kinds(**config: Any) -> list[str]:
    return [layer.kind for layer in cache_spec({**GQA, **config}).layers]


# Published models


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_model(name: str) -> None:
    row = PUBLISHED[name]
    spec = cache_spec(row["config"])
    assert spec.attention == row["attention"]
    assert spec.bytes_per_token("bf16") == row["kv_bytes_per_token_bf16"]
    growth = row["kv_growth_bytes_per_token_beyond_windows_bf16"]
    assert spec.growth_per_token("bf16") == growth
    assert spec.window_bytes("bf16") == row["kv_window_bytes_when_full_bf16"]
    for tokens in (32_768, 131_072):
        assert spec.bytes(tokens, "bf16") == row[f"kv_bytes_at_{tokens}_tokens_bf16"]
    assert f"= {row['kv_bytes_per_token_bf16']:,} bytes per token" in formula(row["config"])


def test_formulas() -> None:
    assert formula(V3) == "61 layers × (512 c_kv + 64 k_rope) × 2 bytes = 70,272 bytes per token"
    assert formula(cache_spec(GQA), "int4") == (
        "4 layers × 2 KV heads × (8 K + 8 V) × 0.5 bytes = 64 bytes per token"
    )
    assert formula(PUBLISHED["Gemma-3-1B"]["config"], "fp8") == (
        "(22 sliding layers × 1 KV head × (256 K + 256 V) + 4 MQA layers × 1 KV head × "
        "(256 K + 256 V)) × 1 byte = 13,312 bytes per token; 2,048 once the windows of 512 tokens "
        "are full"
    )
    assert formula({"model_type": "mamba", "num_hidden_layers": 3}) == "0 bytes per token"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("DeepSeek-V3 / R1 (671B)", 1_998_848),  # 2·128·64·61·2: head_dim is the rope's 64
        ("DeepSeek-V3 / R1 (671B)", 124_928),  # the latent counted twice, as if K and V
        ("Qwen3-235B-A22B", 96_256),  # hidden_size / heads instead of head_dim
        ("Falcon-7B", 581_632),  # 71 heads instead of multi-query
    ],
)
def test_plausible_wrong_answers(name: str, wrong: int) -> None:
    assert cache_spec(PUBLISHED[name]["config"]).bytes_per_token("bf16") != wrong


def test_v3_as_transformers_fills_it_in() -> None:
    filled = {**V3, "head_dim": 64, "num_key_value_heads": 128}
    assert cache_spec(filled).bytes_per_token("bf16") == 70_272
    assert cache_spec(without(filled, "kv_lora_rank")).bytes_per_token("bf16") != 70_272


def test_gemma3_27b_is_far_below_every_layer_full() -> None:
    spec = cache_spec(PUBLISHED["Gemma-3-27B"]["config"])
    assert spec.bytes(131_072, "bf16") < 131_072 * 507_904 // 5


def test_falcon_7b_is_multi_query_whatever_its_num_kv_heads_says() -> None:
    config = {**PUBLISHED["Falcon-7B"]["config"], "num_kv_heads": 71}
    assert cache_spec(config).bytes_per_token("bf16") == 8_192
    with pytest.raises(ConfigError, match="multi_query"):
        cache_spec(without(config, "multi_query"))
    not_multi = {**config, "multi_query": False}
    assert cache_spec(not_multi).bytes_per_token("bf16") == 581_632


@pytest.mark.parametrize(("kv_heads", "name"), [(4, "MHA"), (2, "GQA"), (1, "MQA")])
def test_our_twins(kv_heads: int, name: str) -> None:
    config = {
        "model_type": "glm4_moe", "num_hidden_layers": 4, "hidden_size": 128,
        "num_attention_heads": 4, "num_key_value_heads": kv_heads, "head_dim": 48,
    }  # fmt: skip
    spec = cache_spec(config)
    assert spec.attention == name
    assert spec.layers[0].parts == (("K", 48 * kv_heads), ("V", 48 * kv_heads))
    assert spec.elements_per_token() == 4 * 2 * 48 * kv_heads


# Rules for raw files


def test_nested_files() -> None:
    inner = {**GQA, "model_type": "qwen3"}
    assert cache_spec({"text_config": inner, "hidden_size": 7}) == cache_spec(inner)
    assert cache_spec({"thinker_config": {"text_config": inner}}) == cache_spec(inner)
    assert cache_spec({**inner, "text_config": {}}) == cache_spec(inner)


@pytest.mark.parametrize(
    "config",
    [
        {"n_layer": 4, "n_embd": 64, "n_head": 8, "n_head_kv": 2},
        {"n_layers": 4, "d_model": 64, "n_heads": 8, "attn_config": {"kv_n_heads": 2}},
        {
            "model_type": "chatglm", "num_layers": 4, "hidden_size": 64, "num_attention_heads": 8,
            "kv_channels": 8, "multi_query_attention": True, "multi_query_group_num": 2,
        },
        {
            "num_attention_heads": 8, "hidden_size": 64,
            "block_configs": [{"attention": {"n_heads_in_group": 4}}] * 4,
        },
        {
            "num_transformer_layers": 4, "num_query_heads": [8] * 4, "num_kv_heads": [2] * 4,
            "head_dim": 8,
        },
    ],
)  # fmt: skip
def test_other_field_names(config: dict[str, Any]) -> None:
    assert cache_spec(config).layers == cache_spec(GQA).layers


def test_sliding_window_counts_only_if_used() -> None:
    off = {"model_type": "qwen2", "sliding_window": 16, "use_sliding_window": False}
    assert kinds(**off) == ["GQA"] * 4
    assert kinds(sliding_window=None) == ["GQA"] * 4
    on = {**off, "use_sliding_window": True}
    assert kinds(**on, max_window_layers=3) == ["GQA"] * 3 + ["sliding"]
    with pytest.raises(ConfigError, match="max_window_layers"):
        kinds(**on)
    assert kinds(**on, layer_types=["full_attention"] * 4) == ["GQA"] * 4


NO_ROPE = [0, *[1] * 11]


@pytest.mark.parametrize(
    ("config", "full"),
    [
        ({"model_type": "gemma2", "sliding_window": 8}, {1, 3, 5, 7, 9, 11}),
        ({"model_type": "gpt_oss", "sliding_window": 8}, {1, 3, 5, 7, 9, 11}),
        ({"model_type": "gemma3_text", "sliding_window": 8}, {5, 11}),
        ({"model_type": "gemma3", "sliding_window": 8, "sliding_window_pattern": 4}, {3, 7, 11}),
        ({"model_type": "cohere2", "sliding_window": 8}, {3, 7, 11}),
        ({"model_type": "llama4", "attention_chunk_size": 8, "no_rope_layers": []}, {3, 7, 11}),
        ({"model_type": "llama4", "attention_chunk_size": 8, "no_rope_layers": NO_ROPE}, {0}),
        ({"model_type": "llama4"}, set(range(12))),
        ({"model_type": "mistral", "sliding_window": 8}, set()),
        ({"model_type": "mimo_v2_flash", "sliding_window": 8}, {0, 5, 11}),
        (
            {
                "model_type": "qwen2_moe", "sliding_window": 8, "use_sliding_window": True,
                "max_window_layers": 3,
            },
            {1, *range(3, 12)},
        ),
        ({"model_type": "qwen2", "sliding_window": 8}, set(range(12))),
        ({"model_type": "bailing_hybrid", "layer_group_size": 6}, {5, 11}),
        ({"attn_layer_period": 8, "attn_layer_offset": 4}, {4}),
        ({"attn_layer_indices": [2, 9]}, {2, 9}),
        ({"full_attn_idxs": [0]}, {0}),
        ({"attn_type_list": [0] * 7 + [1] + [0] * 4}, {7}),
        ({"full_attention_interval": 4}, {3, 7, 11}),
        ({"hybrid_override_pattern": "M-M*EM-M*EM-"}, {3, 8}),
        ({"linear_attn_config": {"full_attn_layers": [4, 8, 12]}}, {3, 7, 11}),
        ({"block_types": ["recurrent", "attention"], "attention_window_size": 8}, set()),
    ],
)  # fmt: skip
def test_layer_patterns(config: dict[str, Any], full: set[int]) -> None:
    found = kinds(**{**GQA, "num_hidden_layers": 12, **config})
    assert {index for index, kind in enumerate(found) if kind == "GQA"} == full


def test_falcon_h1_attends_and_has_mamba_in_every_layer() -> None:
    spec = cache_spec({**GQA, "model_type": "falcon_h1", "mamba_d_state": 8})
    assert spec.attention == "mamba+full"
    assert spec.elements_per_token() == cache_spec(GQA).elements_per_token()
    assert "state of fixed size" in spec.notes[0]


def test_kimi_linear() -> None:
    config = {
        "model_type": "kimi_linear", "num_hidden_layers": 4, "num_attention_heads": 32,
        "kv_lora_rank": 512, "qk_rope_head_dim": 64,
        "linear_attn_config": {"kda_layers": [1, 2, 3], "full_attn_layers": [4]},
    }  # fmt: skip
    spec = cache_spec(config)
    assert (spec.attention, spec.elements_per_token()) == ("linear+MLA", 576)
    config["linear_attn_config"] = {"kda_layers": [1, 2], "full_attn_layers": [4]}
    with pytest.raises(ConfigError, match="every layer once"):
        cache_spec(config)


def test_longcat_has_two_caches_per_layer() -> None:
    config = {
        "model_type": "longcat_flash", "num_layers": 28, "kv_lora_rank": 512,
        "qk_rope_head_dim": 64,
    }  # fmt: skip
    assert cache_spec(config).elements_per_token() == 56 * 576


def test_mimo_doubles_the_kv_heads_of_sliding_layers() -> None:
    config = {
        "model_type": "mimo_v2_flash", "num_hidden_layers": 2, "hidden_size": 4096,
        "num_attention_heads": 64, "num_key_value_heads": 4, "head_dim": 192, "v_head_dim": 128,
        "sliding_window_size": 128, "hybrid_layer_pattern": [0, 1],
    }  # fmt: skip
    full, sliding = cache_spec(config).layers
    assert full.parts == (("K", 4 * 192), ("V", 4 * 128))
    assert sliding.parts == (("K", 8 * 192), ("V", 8 * 128))
    assert sliding.window == 129  # 128 earlier tokens and the query's own
    named = cache_spec({**config, "swa_num_key_value_heads": 16}).layers[1]
    assert named.kv_heads == 16


def test_gemma4_has_wider_heads_in_full_layers() -> None:
    config = {
        "model_type": "gemma4_text", "num_hidden_layers": 6, "num_attention_heads": 8,
        "num_key_value_heads": 4, "head_dim": 256, "sliding_window": 512,
    }  # fmt: skip
    with pytest.raises(ConfigError, match="global_head_dim"):
        cache_spec(config)
    raw = {**config, "global_head_dim": 512}
    spec = cache_spec(raw)
    assert [layer.elements_per_token for layer in spec.layers] == [2 * 4 * 256] * 5 + [2 * 4 * 512]
    assert cache_spec({**config, "per_layer_config": {"05": {"head_dim": 512}}}) == spec
    equal = cache_spec({**raw, "attention_k_eq_v": True, "num_global_key_value_heads": 2})
    assert equal.layers[5].elements_per_token == 2 * 2 * 512


def test_shared_layers_store_nothing() -> None:
    assert kinds(num_kv_shared_layers=3) == ["GQA", "shared", "shared", "shared"]
    with pytest.raises(ConfigError, match="num_kv_shared_layers"):
        kinds(num_kv_shared_layers=4)
    with pytest.raises(ConfigError, match="num_kv_shared_layers"):
        kinds(model_type="gemma3n_text", sliding_window=8)


def test_lists_per_layer() -> None:
    config = {
        "num_transformer_layers": 2, "num_query_heads": [12, 16], "num_kv_heads": [3, 4],
        "head_dim": 64,
    }  # fmt: skip
    assert [layer.kv_heads for layer in cache_spec(config).layers] == [3, 4]
    blocks = [
        {"attention": {"n_heads_in_group": 4}},
        {"attention": {"n_heads_in_group": None, "no_op": True}},
        {"attention": {"n_heads_in_group": 8, "window_length": 16}},
    ]
    spec = cache_spec({"num_attention_heads": 8, "hidden_size": 64, "block_configs": blocks})
    assert [(c.kv_heads, c.window) for c in spec.layers] == [(2, None), (None, None), (1, 16)]


def test_multi_query_by_other_names() -> None:
    mpt = {"n_layers": 2, "d_model": 64, "n_heads": 8}
    attention = {"attn_type": "multiquery_attention"}
    assert cache_spec({**mpt, "attn_config": attention}).attention == "MQA"
    assert (
        cache_spec({**GQA, "model_type": "chatglm", "multi_query_group_num": 2}).attention == "MHA"
    )


def test_layers_that_attend_to_an_earlier_latent() -> None:
    config = {**V3, "num_hidden_layers": 3, "kv_source_layers": [0, 0, 2]}
    assert [layer.elements_per_token for layer in cache_spec(config).layers] == [576, 0, 576]


def test_indexers_of_glm_5() -> None:
    config = {
        **V3, "model_type": "glm_moe_dsa", "num_hidden_layers": 2, "index_head_dim": 128,
        "index_topk_freq": 2,
    }  # fmt: skip
    with pytest.raises(ConfigError, match="indexer_types"):
        cache_spec(config)
    spec = cache_spec({**config, "indexer_types": ["full", "shared"]})
    assert [layer.elements_per_token for layer in spec.layers] == [704, 576]
    assert spec.attention == "MLA + indexer"


def test_deepseek_v4_flash() -> None:
    config = {
        "model_type": "deepseek_v4", "num_hidden_layers": 43, "num_attention_heads": 64,
        "head_dim": 512, "sliding_window": 128, "index_head_dim": 128,
        "compress_ratios": [0, 0, *[4, 128] * 20, 4, 0], "num_nextn_predict_layers": 1,
    }  # fmt: skip
    spec = cache_spec(config)
    assert spec.growth_per_token("bf16") == (21 * 640 // 4 + 20 * 512 // 128) * 2 == 6_880
    assert spec.window_bytes("bf16") == 43 * 512 * 128 * 2
    # A block of four is stored when it is complete.
    assert spec.elements(3) == 43 * 512 * 3
    assert spec.elements(4) == 43 * 512 * 4 + 21 * 640
    assert spec.elements(1_000) == 43 * 512 * 128 + 21 * 640 * 250 + 20 * 512 * 7
    assert "20 HCA layers × ((512 K=V) + (512 compressed) / 128)" in formula(spec)
    with pytest.raises(ConfigError, match="compress_ratios"):
        cache_spec({**config, "compress_ratios": [4] * 42})


def test_encoder_decoder_counts_the_decoder_and_says_so() -> None:
    bart = {
        "is_encoder_decoder": True, "num_hidden_layers": 12, "encoder_layers": 12,
        "decoder_layers": 6, "decoder_attention_heads": 16, "d_model": 1024,
    }  # fmt: skip
    spec = cache_spec(bart)
    assert spec.elements_per_token() == 6 * 2 * 1024
    assert any("cross-attention" in note for note in spec.notes)
    t5 = {"is_encoder_decoder": True, "num_layers": 6, "num_heads": 8, "d_kv": 64, "d_model": 512}
    assert cache_spec(t5).elements_per_token() == 6 * 2 * 8 * 64


def test_notes_say_what_is_not_counted() -> None:
    mtp = cache_spec({**V3, "num_nextn_predict_layers": 1}).notes
    assert any("multi-token prediction" in note for note in mtp)
    assert any("scale" in note for note in mtp)
    linear = cache_spec(PUBLISHED["Qwen3-Next-80B-A3B"]["config"]).notes
    assert linear[0].startswith("36 of 48 layers (linear) hold a state of fixed size")


# Refusals

REFUSED: list[tuple[Any, str]] = [
    (None, "JSON object"),
    ([], "JSON object"),
    ("{}", "JSON object"),
    ({}, "num_hidden_layers and num_attention_heads and head_dim or hidden_size"),
    (without(GQA, "num_hidden_layers"), "num_hidden_layers"),
    (without(GQA, "num_attention_heads"), "num_attention_heads"),
    (without(GQA, "hidden_size"), "head_dim or hidden_size"),
    (without(V3, "qk_rope_head_dim"), "qk_rope_head_dim"),
    ({**GQA, "num_hidden_layers": True}, "num_hidden_layers is true"),
    ({**GQA, "num_hidden_layers": 0}, "num_hidden_layers is 0"),
    ({**GQA, "num_hidden_layers": 10_001}, "10,000"),
    ({**GQA, "num_hidden_layers": 4.0}, "num_hidden_layers is 4.0"),
    ({**GQA, "num_attention_heads": "8"}, "num_attention_heads is '8'"),
    ({**GQA, "num_attention_heads": 100_001}, "100,000"),
    ({**GQA, "num_key_value_heads": -2}, "num_key_value_heads is -2"),
    ({**GQA, "num_key_value_heads": 16}, "num_key_value_heads is 16"),
    ({**GQA, "num_key_value_heads": 3}, "do not divide"),
    ({**GQA, "head_dim": float("nan")}, "head_dim is nan"),
    ({**GQA, "head_dim": 10_000_001}, "10,000,000"),
    ({**GQA, "head_dim": 10**5000}, "more than 15 digits"),
    ({**GQA, "hidden_size": 65}, "no multiple"),
    ({**GQA, "layer_types": ["full_attention"] * 3}, "3 entries for 4 layers"),
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
    ({**GQA, "model_type": "qwen3_next"}, "layer_types is missing"),
    ({**GQA, "model_type": "deepseek_v4", "sliding_window": 8}, "layer_types is missing"),
    ({**GQA, "model_type": "novel", "sliding_window": 8}, "says where"),
    ({**GQA, "compress_ratios": [4] * 4}, "sparse attention"),
    (
        {**GQA, "model_type": "deepseek_v4", "head_dim": 8, "sliding_window": 8}
        | {"layer_types": ["full_attention"] * 4},
        "full layer",
    ),
    ({**V3, "index_head_dim": 128, "index_kpool": 16}, "index_kpool"),
    ({**V3, "index_head_dim": 128, "indexer_types": ["some"] * 61}, "indexer_types"),
    ({**GQA, "block_configs": [{"attention": {"n_heads_in_group": 3}}] * 4}, "n_heads_in_group 3"),
    ({**GQA, "block_configs": [{}] * 4}, "block_configs[0] lacks attention"),
    ({**GQA, "block_configs": [{"attention": {"num_sink_tokens": 4}}] * 4}, "num_sink_tokens"),
    ({**GQA, "linear_attn_config": {"head_dim": 8}}, "full_attn_layers"),
    ({**GQA, "hidden_size": (64,)}, "a tuple"),
    ({**GQA, "model_type": "zamba", "attn_layer_period": 6, "mamba_d_state": 8}, "layer_types"),
    ({**GQA, "attn_layer_period": 2, "attn_layer_offset": 2}, "attn_layer_offset"),
    ({**GQA, "full_attn_idxs": [4]}, "full_attn_idxs"),
    ({**GQA, "model_type": "bert"}, "encoder"),
    ({**GQA, "use_bidirectional_attention": True}, "both directions"),
    ({**GQA, "use_cla": True}, "use_cla"),
    ({**GQA, "per_layer_config": {"0": 5}}, "JSON object"),
]


@pytest.mark.parametrize(("config", "words"), REFUSED)
def test_refuses_in_one_sentence(config: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        cache_spec(config)
    message = str(caught.value)
    assert words in message
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


@given(good_configs(), st.sampled_from(["float32", "bf16", "int8"]))
def test_growth_and_windows_add_up(config: dict[str, Any], dtype: str) -> None:
    spec = cache_spec(config)
    beyond = max(config["sliding_window"], 1)
    assert spec.bytes(1, dtype) == spec.bytes_per_token(dtype)
    assert spec.bytes(beyond + 1, dtype) - spec.bytes(beyond, dtype) == spec.growth_per_token(dtype)
    assert spec.bytes(beyond, dtype) == (
        spec.window_bytes(dtype) + beyond * spec.growth_per_token(dtype)
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


@settings(max_examples=600, deadline=None)
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
        assert str(error).endswith(".")
        return
    assert 0 <= spec.growth_per_token("bf16") <= spec.bytes_per_token("bf16")
    assert spec.attention and formula(spec)


@given(json_values)
def test_any_json_value_is_judged_or_refused(value: Any) -> None:
    try:
        cache_spec(value)
    except ConfigError:
        return


# The caches that transformers really fills, on tiny random models

TINY: dict[str, Any] = {
    "vocab_size": 32, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
LATENT = {
    "num_key_value_heads": 4, "q_lora_rank": None, "kv_lora_rank": 16, "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 4, "v_head_dim": 8,
}  # fmt: skip
EXPERTS = {
    "moe_intermediate_size": 16, "n_routed_experts": 4, "n_shared_experts": 1,
    "num_experts_per_tok": 2, "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1,
}  # fmt: skip
DSA = {"q_lora_rank": 16, "index_topk": 4, "index_head_dim": 8, "index_n_heads": 2}
REAL: dict[str, dict[str, Any]] = {
    "deepseek_v3": LATENT | EXPERTS,
    "deepseek_v2": LATENT | EXPERTS,
    "deepseek_v32": LATENT | EXPERTS | DSA,
    "glm4_moe": EXPERTS | {"head_dim": 12},
    "qwen2": {"sliding_window": 5, "use_sliding_window": False},
    "qwen3": {"head_dim": 16},
    "llama": {"num_key_value_heads": 1},
    "mixtral": {"num_local_experts": 4, "num_experts_per_tok": 2},
    "mistral": {"sliding_window": 5},
    "gemma2": {"head_dim": 12, "sliding_window": 5},
    "gemma3_text": {"head_dim": 12, "sliding_window": 5, "num_hidden_layers": 7},
    "gpt_oss": {"sliding_window": 5, "head_dim": 8, "num_local_experts": 4},
    "cohere2": {"sliding_window": 5},
    "deepseek_v4": EXPERTS | {
        "head_dim": 16, "num_key_value_heads": 1, "q_lora_rank": 16, "sliding_window": 5,
        "o_groups": 2, "o_lora_rank": 8, "index_head_dim": 8, "index_n_heads": 2, "index_topk": 4,
        "compress_ratios": [0, 4, 128, 4],
    },
    "gpt2": {"n_layer": 3, "n_embd": 32, "n_head": 4, "num_key_value_heads": None},
    "gpt_bigcode": {"n_layer": 3, "n_embd": 32, "n_head": 4, "multi_query": True},
    "falcon": {"multi_query": True, "new_decoder_architecture": False},
    "phi3": {"sliding_window": 5},
    "mimo_v2_flash": EXPERTS | {
        "head_dim": 12, "v_head_dim": 8, "sliding_window": 5, "num_attention_heads": 4,
    },
    "longcat_flash": LATENT | {
        "num_layers": 2, "head_dim": 4, "q_lora_rank": 16, "ffn_hidden_size": 32,
        "n_routed_experts": 4, "zero_expert_num": 2, "moe_topk": 2, "expert_ffn_hidden_size": 16,
    },
    "kimi_linear": LATENT | EXPERTS | {
        "layer_types": ["linear_attention", "full_attention"] * 2, "linear_head_dim": 8,
        "linear_num_heads": 2, "num_local_experts": 4,
    },
    "llama4_text": {
        "head_dim": 8, "attention_chunk_size": 5, "num_local_experts": 2,
        "intermediate_size_mlp": 32, "num_experts_per_tok": 1,
    },
    "minimax": {
        "head_dim": 8, "layer_types": ["linear_attention", "full_attention"] * 2,
        "num_local_experts": 2,
    },
    "jamba": {
        "attn_layer_period": 2, "attn_layer_offset": 1, "num_experts": 2, "mamba_d_state": 4,
        "use_mamba_kernels": False, "mamba_dt_rank": 4,
    },
    "falcon_h1": {
        "head_dim": 8, "mamba_d_ssm": 32, "mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 8,
    },
    "lfm2": {"layer_types": ["conv", "full_attention"] * 2},
    "gemma3n_text": {
        "head_dim": 8, "sliding_window": 5, "num_hidden_layers": 10, "num_kv_shared_layers": 4,
        "hidden_size_per_layer_input": 8, "vocab_size_per_layer_input": 32, "laurel_rank": 4,
        "layer_types": (["sliding_attention"] * 2 + ["full_attention"] * 3) * 2,
        "activation_sparsity_pattern": [0.0] * 10,
    },
    "qwen3_next": {
        "head_dim": 8, "linear_num_key_heads": 2, "linear_num_value_heads": 2,
        "linear_key_head_dim": 8, "linear_value_head_dim": 8, "num_experts": 4,
        "num_experts_per_tok": 2, "moe_intermediate_size": 16,
        "shared_expert_intermediate_size": 16,
    },
    "gemma4_text": {
        "head_dim": 8, "sliding_window": 5, "global_head_dim": 16, "num_kv_shared_layers": 0,
        "hidden_size_per_layer_input": 8, "vocab_size_per_layer_input": 32, "num_hidden_layers": 7,
    },
}  # fmt: skip


def stored_elements(family: str, changes: dict[str, Any], tokens: int) -> tuple[int, CacheSpec]:
    """Elements in a real cache after a prompt and one more token; what the arithmetic expects."""
    torch = pytest.importorskip("torch")
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **{**TINY, **changes})
    model = AutoModelForCausalLM.from_config(config).eval()
    ids = torch.randint(3, 32, (1, tokens))
    with torch.no_grad():
        cache = model(ids[:, :-1], use_cache=True).past_key_values
        cache = model(ids[:, -1:], past_key_values=cache, use_cache=True).past_key_values
    total = 0
    for layer in cache.layers:
        parts = vars(layer)
        tensors = [parts.get("keys"), parts.get("indexer_keys")]
        tensors += parts.get("compressed_kv", {}).values()
        if family != "deepseek_v4":  # its values are its keys
            tensors.append(parts.get("values"))
        total += sum(tensor.numel() for tensor in tensors if tensor is not None)
    return total, cache_spec(config.to_dict())


@pytest.mark.parametrize("family", REAL)
def test_against_a_real_cache(family: str) -> None:
    tokens = 9
    stored, spec = stored_elements(family, REAL[family], tokens)
    # Between steps transformers keeps the window without the place of the next token.
    kept = [
        layer if layer.window is None else replace(layer, window=layer.window - 1)
        for layer in spec.layers
    ]
    assert stored == replace(spec, layers=tuple(kept)).elements(tokens)
    assert stored > 0


CACHE_CLASSES = {
    "DynamicLayer": "all tokens",
    "DynamicIndexedLayer": "all tokens",
    "DynamicSlidingWindowLayer": "window",
    "LinearAttentionLayer": "state",
    "LinearAttentionAndFullAttentionLayer": "state and tokens",
    "DummyLayer": "nothing",
}
# The first three have no usable class defaults; rwkv's state is no KV cache, whatever DynamicCache
# would make of its config.
UNLIKE = {"blt", "gemma4_assistant", "gemma4_unified_assistant", "rwkv"}


def test_every_family_of_transformers_has_its_layers_or_is_refused() -> None:
    """The kind and window of every layer, for the class defaults of all causal models."""
    pytest.importorskip("torch")
    from transformers import CONFIG_MAPPING, DynamicCache
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    compared = 0
    for family in sorted(set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) - UNLIKE):
        config = CONFIG_MAPPING[family]()
        real = DynamicCache(config=config).layers
        try:
            spec = cache_spec(config.to_dict())
        except ConfigError:
            continue
        for layer, cache in zip(spec.layers, real, strict=True):
            kept = CACHE_CLASSES.get(type(cache).__name__, "window")  # DeepSeek-V4's two
            assert kept == how_kept(layer), (family, layer)
            if kept == "window":
                assert vars(cache)["sliding_window"] == layer.window, family
        compared += 1
    assert compared > 150


def how_kept(layer: LayerCache) -> str:
    if layer.kind in ("linear", "mamba", "conv"):
        return "state"
    if layer.kind in ("none", "shared"):
        return "nothing"
    if layer.kind.startswith("mamba +"):
        return "state and tokens"
    return "all tokens" if layer.window is None else "window"
