"""Published configs and names that the reader once ignored silently, with the right values.

The files of `cases/` were tried by users; `GIVEN` has the right sizes, from transformers' own
caches, the papers, or an independent calculator. The rest are other cases of the same kinds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model.analysis.kv_size import ConfigError, cache_spec, read_config
from tests.configs import GQA, V3, without

CASES = Path(__file__).parent / "cases"
#: Bytes per token in bf16: while windows have room, and beyond them.
GIVEN = {
    "bom": (36_864, 36_864),
    "codeshell": (172_032, 172_032),
    "deepseek_ocr": (61_440, 61_440),
    "gemma3_12b_text_no_head_dim": (393_216, 65_536),
    "mistral_params": (131_072, 131_072),
    "mistral_sw-1": (131_072, 131_072),
    "mllama_11b": (131_072, 131_072),
    "openpangu_ultra_moe": (70_272, 70_272),
    "ring_mini_linear": (8_192, 8_192),
    "rwkv7_hf": (0, 0),
    "saved_paligemma_3b": (18_432, 18_432),
    "step3p5_flash": (184_320, 49_152),
    "utf16": (36_864, 36_864),
}
REFUSED = {"comment": "line 2, column 1", "vit": "no decoder"}
NOTED = {
    "deepseek_ocr": "v_head_dim 0",
    "gemma3_12b_text_no_head_dim": "head_dim 256",
    "mistral_params": "no model_type",
    "mistral_sw-1": "sliding_window -1",
    "mllama_11b": "cross-attention layers (8), elements per image token: 16,384",
    "ring_mini_linear": "16 of 20",
    "rwkv7_hf": "24 of 24",
    "saved_paligemma_3b": "both directions",
    "step3p5_flash": "multi-token prediction (3)",
}


def noted(config: dict[str, Any]) -> str:
    return "\n".join(map(str, cache_spec(config).notes))


@pytest.mark.parametrize("name", GIVEN)
def test_case(name: str) -> None:
    _, spec = read_config((CASES / f"{name}.json").read_bytes())
    found = spec.bytes_per_token("bf16"), spec.growth_per_token("bf16")
    assert found == GIVEN[name]
    assert NOTED.get(name, "") in "\n".join(map(str, spec.notes))


@pytest.mark.parametrize("name", REFUSED)
def test_refused_case(name: str) -> None:
    with pytest.raises(ConfigError, match=REFUSED[name]):
        read_config((CASES / f"{name}.json").read_bytes())


def test_every_case_is_judged() -> None:
    assert {path.stem for path in CASES.glob("*.json")} == {*GIVEN, *REFUSED}


@pytest.mark.parametrize(
    ("name", "value", "elements"),
    [
        ("total_kv_heads", 2, 2 * 2 * 8), ("kvHeads", 2, 2 * 2 * 8), ("headWidth", 16, 8 * 2 * 16),
        ("num_key_value_attention_heads", 4, 4 * 2 * 8), ("n_heads_kv", [2] * 4, 2 * 2 * 8),
    ],
)  # fmt: skip
def test_a_name_that_says_what_it_is(name: str, value: object, elements: int) -> None:
    """It is interpreted by its words if no class of transformers contradicts, with a note."""
    config = {**without(GQA, "num_key_value_heads"), "model_type": "novel", name: value}
    spec = cache_spec(config)
    assert spec.elements_per_token() == 4 * elements
    assert f"{name} = " in "\n".join(map(str, spec.notes))
    latent = {**GQA, "kv_latent_size": 32, "rope_head_dim": 4}
    assert cache_spec(latent).elements_per_token() == 4 * 36


NO_KV = without(GQA, "num_key_value_heads")


@pytest.mark.parametrize(
    "said",
    [
        {"n_query_groups": 2}, {"kv_heads": 2}, {"n_kv_head": 2}, {"num_heads_kv": 2},
        {"n_kv_heads": 2}, {"num_query_groups": 2}, {"num_kv_head": 2}, {"num_kv_heads": [2] * 4},
        {"attn_config": {"kv_n_heads": 2}}, {"model_type": "plamo", "n_shared_head": 4},
        {"num_attention_kv_heads": 2}, {"num_key_value_heads": [2, 2, 2, 2]},
        {"model_type": "kclgpt", "num_query_groups": 2, "group_query_attention": True},
    ],
)  # fmt: skip
def test_kv_heads_by_any_name(said: dict[str, Any]) -> None:
    assert cache_spec({**NO_KV, **said}).elements_per_token() == 4 * 2 * 2 * 8


@pytest.mark.parametrize("family", ["", "starcoder1", "novel"])
def test_multi_query_outside_its_families(family: str) -> None:
    config = {**NO_KV, "multi_query": True} | ({"model_type": family} if family else {})
    assert cache_spec(config).attention == "MQA"
    with pytest.raises(ConfigError, match="multi_query"):
        cache_spec({**config, "num_key_value_heads": 4})


@pytest.mark.parametrize(
    "name", ["sliding_window", "window_size", "local_window_size", "interleaved_sliding_window"]
)
def test_a_window_without_its_layers_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="which says where"):
        cache_spec({**GQA, name: 8})
    assert cache_spec({**GQA, name: -1}).growth_per_token("bf16") == 256
    per_layer = cache_spec({**GQA, name: [8, None, 8, None]})
    assert [layer.window for layer in per_layer.layers] == [8, None, 8, None]
    types = {"layer_types": ["sliding_attention", "full_attention"] * 2}
    assert [c.window for c in cache_spec({**GQA, name: 8, **types}).layers] == [8, None, 8, None]


@pytest.mark.parametrize(
    ("said", "full"),
    [
        ({"mixer_types": ["minicpm4", "lightning", "lightning-attn", "attn"]}, [0, 3]),
        ({"attn_layer_idx": [1]}, [1]), ({"attn_layer_idxs": [0, 2]}, [0, 2]),
        ({"model_type": "gated_deltanet", "attn": {"layers": [3], "num_heads": 8,
                                                   "num_kv_heads": 2}}, [3]),
        ({"model_type": "bailing_moe_linear", "layer_group_size": 3}, [2, 3]),
    ],
)  # fmt: skip
def test_layers_of_other_kinds_by_any_name(said: dict[str, Any], full: list[int]) -> None:
    spec = cache_spec({**GQA, **said})
    assert [i for i, layer in enumerate(spec.layers) if layer.elements_per_token] == full
    assert spec.elements_per_token() == len(full) * 2 * 2 * 8
    assert "state of fixed size" in noted({**GQA, **said})


@pytest.mark.parametrize(
    "family", ["vit", "clip", "siglip_vision_model", "wav2vec2", "dinov2", "albert", "deberta-v2"]
)
def test_what_has_no_decoder_keeps_nothing(family: str) -> None:
    with pytest.raises(ConfigError, match=r"no decoder|encoder"):
        cache_spec({**GQA, "model_type": family})


@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta", "camembert"])
def test_encoders_may_be_decoders(family: str) -> None:
    with pytest.raises(ConfigError, match="encoder"):
        cache_spec({**NO_KV, "model_type": family})
    spec = cache_spec({**NO_KV, "model_type": family, "is_decoder": True})
    assert spec.elements_per_token() == 4 * 2 * 64


@pytest.mark.parametrize("family", ["openai-gpt", "xlnet", "reformer"])
def test_families_that_generate_without_a_cache(family: str) -> None:
    with pytest.raises(ConfigError, match="without a KV cache"):
        cache_spec({**GQA, "model_type": family})


def test_models_whose_layers_share_one_cache_by_unknown_rules_are_refused() -> None:
    with pytest.raises(ConfigError, match="share one cache"):
        cache_spec({**GQA, "model_type": "yoco"})
    with pytest.raises(ConfigError, match="mb_per_layer"):
        cache_spec({**GQA, "model_type": "phi4flash"})


def test_letters_tell_local_and_global_layers() -> None:
    exaone = {**GQA, "model_type": "exaone4", "sliding_window": 8, "num_hidden_layers": 6}
    spec = cache_spec({**exaone, "sliding_window_pattern": "LLLG"})
    assert [layer.window for layer in spec.layers] == [8, 8, 8, None, 8, None]
    with pytest.raises(ConfigError, match="none of L, G"):
        cache_spec({**exaone, "sliding_window_pattern": "LLX"})


def test_harmless_fields_are_not_named() -> None:
    said = noted({
        **GQA, "model_type": "llama", "vocab_size": 9, "rms_norm_eps": 1e-6, "rope_theta": 1e4,
        "attention_bias": False, "attention_dropout": 0.0, "torch_dtype": "bfloat16",
        "tie_word_embeddings": False, "architectures": ["LlamaForCausalLM"], "hidden_act": "silu",
        "max_position_embeddings": 8, "use_cache": True, "intermediate_size": 4, "unset": None,
        "rope_scaling": {"factor": 8.0}, "bos_token_id": 1, "transformers_version": "4.43.0",
    })  # fmt: skip
    assert "Not" not in said.replace("Not counted", "")


def test_an_unknown_family_is_told() -> None:
    assert "model_type novel is not known" in noted({**GQA, "model_type": "novel"})
    assert "no model_type" in noted(GQA)
    assert "model_type" not in noted({**GQA, "model_type": "llama", "head_dim": 8})


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_numbers_that_are_not_needed_may_be_infinite(value: float) -> None:
    config = {**GQA, "model_type": "nemotron", "time_step_limit": [0.0, value], "norm_eps": value}
    text = json.dumps(config)
    assert read_config(text)[1].layers == cache_spec(GQA).layers
    with pytest.raises(ConfigError, match="num_hidden_layers"):
        read_config(json.dumps({**GQA, "num_hidden_layers": value}))


def test_zero_and_minus_one_are_not_set() -> None:
    for value in (0, -1, None):
        for name in ("head_dim", "v_head_dim", "sliding_window", "num_key_value_heads"):
            config = {**GQA, name: value}
            expected = NO_KV if name == "num_key_value_heads" else GQA
            assert cache_spec(config).layers == cache_spec(expected).layers, name
            assert value is None or f"{name} {value}" in noted(config)
        assert cache_spec({**GQA, "kv_lora_rank": value}).layers == cache_spec(GQA).layers
    for name in ("num_hidden_layers", "num_attention_heads", "hidden_size"):
        with pytest.raises(ConfigError, match=name):
            cache_spec({**GQA, name: 0})
    for name in ("full_attention_interval", "attn_layer_period"):
        for value in (0, -1):
            assert cache_spec({**GQA, name: value}).layers == cache_spec(GQA).layers
            assert f"{name} {value}" in noted({**GQA, name: value})
    assert cache_spec({**GQA, "num_kv_shared_layers": -1}).layers == cache_spec(GQA).layers
    assert cache_spec({**V3, "index_head_dim": 0}).layers == cache_spec(V3).layers
    with pytest.raises(ConfigError, match="cla_share_factor is 0"):
        cache_spec({**GQA, "use_cla": True, "cla_share_factor": 0})


@pytest.mark.parametrize("field", ["quantization_config", "quantization"])
@pytest.mark.parametrize(
    ("scheme", "dtype", "size"),
    [
        ({"kv_cache_scheme": {"num_bits": 8, "type": "float"}}, "fp8", 128),
        ({"kv_cache_scheme": {"num_bits": 4, "type": "int"}}, "int4", 64),
        ({"kv_cache_quant_algo": "FP8"}, "fp8", 128),
    ],
)
def test_a_quantised_cache_is_offered(
    field: str, scheme: dict[str, Any], dtype: str, size: int
) -> None:
    config = {**GQA, "model_type": "llama", field: scheme}
    assert cache_spec(config).bytes_per_token("bf16") == 256
    assert f"Bytes per token at {dtype}: {size}." in noted(config)
    assert "quantised" not in noted({**config, field: {"kv_cache_scheme": None}})


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"quantization_config": {"quantization": {"kv_cache_quant_algo": "FP8"}}}, "at fp8: 128"),
        ({"compression_config": {"kv_cache_scheme": {"num_bits": 8, "type": "float"}}}, "fp8: 128"),
        ({"quantization_config": {"kv_cache_scheme": "fp8"}}, "fp8: 128"),
        ({"quantization_config": {"kv_cache_scheme": {"num_bits": "8", "type": "int"}}}, "int8: 1"),
        ({"quantization_config": {"export": {"kv_cache_group": ["*k_proj"]}}}, "(kv_cache_group)"),
        ({"k_cache_dtype": "int8", "v_cache_dtype": "int4"}, "(int8, int4), whose"),
        ({"use_cache_quantization": True}, "(use_cache_quantization), whose"),
        ({"cache_implementation": "quantized"}, "(cache_implementation), whose"),
        ({"fp8_kv_cache": True}, "(fp8_kv_cache), whose"),
        # FlashMLA's format has scales and an unquantised part: not a byte for each element
        ({"kv_cache_dtype": "fp8_ds_mla"}, "(fp8_ds_mla), whose"),
    ],
    ids=str,
)
def test_a_quantised_cache_is_offered_wherever_a_file_says_so(
    section: dict[str, Any], told: str
) -> None:
    config = {**GQA, "model_type": "llama"}
    for file in (
        {**config, **section},
        {"model_type": "llava", "text_config": {**config, **section}},
        {"model_type": "qwen2_5_omni", "thinker_config": {**section, "text_config": config}},
    ):
        assert told in noted(file) and cache_spec(file).bytes_per_token("bf16") == 256


@pytest.mark.parametrize(
    "section",
    [
        {"quantization_config": {"kv_cache_quant_algo": None, "export": {"kv_cache_group": []}}},
        {"quantization": {"bits": 4, "model.layers.0.self_attn.kv_b_proj": {"bits": 8}}},
        {"kv_cache_dtype": "auto", "use_cache_quantization": False, "num_kv_groups": 2},
        {"pre_allocate_kv_cache": True, "mamba_ssm_cache_dtype": "float32"},
    ],
    ids=str,
)
def test_what_is_no_quantised_cache(section: dict[str, Any]) -> None:
    assert "quantised" not in noted({**GQA, "model_type": "llama", **section})


def test_facts_that_disagree_are_refused() -> None:
    with pytest.raises(ConfigError, match="num_key_value_heads 2 and n_kv_heads 4"):
        cache_spec({**GQA, "n_kv_heads": 4})
    assert cache_spec({**GQA, "n_kv_heads": 2}).layers == cache_spec(GQA).layers


def test_layer_types_may_continue_with_mtp_layers() -> None:
    types = ["full_attention"] * 5
    config = {**GQA, "layer_types": types, "num_nextn_predict_layers": 1}
    assert len(cache_spec(config).layers) == 4
    with pytest.raises(ConfigError, match="length 5"):
        cache_spec({**GQA, "layer_types": types})


def test_gemmas_windows_are_half_ahead_where_it_attends_both_ways() -> None:
    config = {
        "model_type": "gemma3_text", "num_hidden_layers": 2, "sliding_window": 512,
        "use_bidirectional_attention": True,
        "layer_types": ["sliding_attention", "full_attention"],
    }  # fmt: skip
    assert cache_spec(config).layers[0].window == 257


def test_defaults_of_a_family_count_only_where_the_file_is_silent() -> None:
    gemma = {"model_type": "gemma", "num_hidden_layers": 2, "hidden_size": 64}
    spec = cache_spec({**gemma, "num_attention_heads": 32})
    assert spec.layers[0].parts == (("K", 16 * 256), ("V", 16 * 256))
    assert "num_key_value_heads 16, head_dim 256" in str(spec.notes[-2])
    with pytest.raises(ConfigError, match="the default of gemma"):
        cache_spec({**gemma, "num_attention_heads": 4})
    mistral = {**GQA, "model_type": "mistral"}
    assert cache_spec(mistral).layers[0].window == 4096
    assert cache_spec({**mistral, "sliding_window": None}).layers[0].window is None


def test_what_a_class_computes_comes_from_its_pattern() -> None:
    config = {"model_type": "kolibri1", "num_hidden_layers": 10, "num_attention_heads": 4,
              "num_key_value_heads": 2, "head_dim": 8}  # fmt: skip
    spec = cache_spec(config)
    assert [layer.window for layer in spec.layers] == ([513] * 4 + [None]) * 2
    assert "layer_types (10 entries)" in "\n".join(map(str, spec.notes))


def test_mla_that_is_switched_off_has_none_of_its_familys_defaults() -> None:
    off = {**V3, "kv_lora_rank": None, "head_dim": None, "v_head_dim": None, "hidden_size": 16_384}
    plain = {**off, "qk_rope_head_dim": 0, "qk_nope_head_dim": 0}
    assert cache_spec(plain).layers[0].parts == (("K", 128 * 128), ("V", 128 * 128))
    assert cache_spec({**off, "use_mla": False}).layers == cache_spec(plain).layers
    for rank in (None, 0, -1):  # 56-wide keys once, where the file says 128 + 64
        with pytest.raises(ConfigError, match="qk_rope_head_dim is 64, which only MLA has"):
            cache_spec({**off, "kv_lora_rank": rank})


def test_what_stands_beside_the_text_model_is_named_too() -> None:
    wrapped = {
        "model_type": "wrapped", "text_config": {**GQA, "model_type": "llama"},
        "vision_config": {"num_attention_heads": 3, "sliding_window": 9}, "hidden_size": 64,
    }  # fmt: skip
    assert "may change" not in noted(wrapped) and "Not read" not in noted(wrapped)
    for name, value in (("sliding_window", 8), ("num_kv_shared_layers", 2), ("kv_thing", 3)):
        assert name in noted({**wrapped, name: value})
