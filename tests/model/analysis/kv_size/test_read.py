"""Cache arithmetic: published models, their kinds of layers, and plausible wrong answers."""

from __future__ import annotations

from typing import Any

import pytest

from model.analysis.kv_size import ConfigError, cache_spec, formula
from tests.configs import GQA, PUBLISHED, V3, window_bytes, without


def kinds(**config: Any) -> list[str]:
    return [layer.kind for layer in cache_spec({**GQA, **config}).layers]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_model(name: str) -> None:
    row = PUBLISHED[name]
    spec = cache_spec(row["config"])
    assert spec.attention == row["attention"]
    assert spec.bytes_per_token("bf16") == row["kv_bytes_per_token_bf16"]
    growth = row["kv_growth_bytes_per_token_beyond_windows_bf16"]
    assert spec.growth_per_token("bf16") == growth
    assert window_bytes(spec, "bf16") == row["kv_window_bytes_when_full_bf16"]
    for tokens in (32_768, 131_072):
        assert spec.bytes(tokens, "bf16") == row[f"kv_bytes_at_{tokens}_tokens_bf16"]
    assert f"= {row['kv_bytes_per_token_bf16']:,} bytes per token" in formula(row["config"])


def test_formulas() -> None:
    assert formula(V3) == "61 layers × (512 c_kv + 64 k_pe) × 2 bytes = 70,272 bytes per token"
    assert formula(cache_spec(GQA), "int4") == (
        "4 layers × 2 KV heads × (8 K + 8 V) × 0.5 bytes = 64 bytes per token"
    )
    assert formula(PUBLISHED["Gemma-3-1B"]["config"], "fp8") == (
        "(22 sliding layers × 1 KV head × (256 K + 256 V) + 4 MQA layers × 1 KV head × "
        "(256 K + 256 V)) × 1 byte = 13,312 bytes per token; 2,048 once the 512-token windows "
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
    # Without the rank, the class's own counts and is told; null contradicts the widths.
    assert cache_spec(without(filled, "kv_lora_rank")).bytes_per_token("bf16") == 70_272
    with pytest.raises(ConfigError, match="kv_lora_rank is off"):
        cache_spec({**filled, "kv_lora_rank": None})


def test_gemma3_27b_is_far_below_every_layer_full() -> None:
    spec = cache_spec(PUBLISHED["Gemma-3-27B"]["config"])
    assert spec.bytes(131_072, "bf16") < 131_072 * 507_904 // 5


def test_falcon_7b_is_multi_query_whatever_its_num_kv_heads_says() -> None:
    config = {**PUBLISHED["Falcon-7B"]["config"], "num_kv_heads": 71}
    assert cache_spec(config).bytes_per_token("bf16") == 8_192
    assert "multi_query True" in str(cache_spec(without(config, "multi_query")).notes)
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
    beside = cache_spec({"text_config": inner, "hidden_size": 7})
    assert beside.layers == cache_spec(inner).layers
    assert "hidden_size" in str(beside.notes)
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
    assert kinds(**on) == ["GQA"] * 4  # the class slides from layer 28 on
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
        ({"model_type": "llama4"}, {3, 7, 11}),
        ({"model_type": "llama4", "attention_chunk_size": None}, set(range(12))),
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
        (
            {"model_type": "bailing_hybrid", "layer_group_size": 6, "kv_lora_rank": None},
            {5, 11},
        ),
        ({"attn_layer_period": 8, "attn_layer_offset": 4}, {4}),
        ({"attn_layer_indices": [2, 9]}, {2, 9}),
        ({"full_attn_idxs": [0]}, {0}),
        ({"attn_type_list": [0] * 7 + [1] + [0] * 4}, {7}),
        ({"full_attention_interval": 4}, {3, 7, 11}),
        ({"hybrid_override_pattern": "M-M*EM-M*EM-"}, {3, 8}),
        ({"hybrid_override_pattern": list("M-M*EM-M*EM-")}, {3, 8}),
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
    assert "state of fixed size" in str(spec.notes[0])


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
    raw = {**config, "global_head_dim": 512}
    assert cache_spec(config).layers == cache_spec(raw).layers
    assert "global_head_dim 512" in "".join(map(str, cache_spec(config).notes))
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


def test_indexers_of_some_layers() -> None:
    config = {
        **V3, "model_type": "deepseek_v32", "num_hidden_layers": 2, "index_head_dim": 128,
        "index_topk_freq": 2,
    }  # fmt: skip
    with pytest.raises(ConfigError, match="indexer_types"):  # its class has no such rule
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
    assert window_bytes(spec, "bf16") == 43 * 512 * 128 * 2
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
    assert any("cross-attention" in str(note) for note in spec.notes)
    t5 = {"is_encoder_decoder": True, "num_layers": 6, "num_heads": 8, "d_kv": 64, "d_model": 512}
    assert cache_spec(t5).elements_per_token() == 6 * 2 * 8 * 64


def test_notes_say_what_is_not_counted() -> None:
    mtp = cache_spec({**V3, "num_nextn_predict_layers": 1}).notes
    assert any("multi-token prediction" in str(note) for note in mtp)
    assert any("scale" in str(note) for note in mtp)
    linear = cache_spec(PUBLISHED["Qwen3-Next-80B-A3B"]["config"]).notes
    assert str(linear[0]).endswith("Layers that hold one (linear): 36 of 48.")
