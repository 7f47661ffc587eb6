"""Odd files: what is shown of them, how long they take, and incomplete statements."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from model.analysis.kv_size import CacheSpec, ConfigError, cache_spec, read_config

G = {
    "num_hidden_layers": 8, "hidden_size": 1024, "num_attention_heads": 8,
    "num_key_value_heads": 2,
}  # fmt: skip
PER_TOKEN = 8_192


def read(config: dict[str, Any]) -> CacheSpec:
    return read_config(json.dumps(config))[1]


def said(config: dict[str, Any]) -> list[str]:
    """The notes on a file, or its refusal."""
    try:
        return list(map(str, read(config).notes))
    except ConfigError as error:
        return [str(error)]


LONG = "x" * 50_000
SHOWN: list[dict[str, Any]] = [
    {"kv_cache_dtype": "fp8\ud800"},
    {"kv_cache_dtype": LONG},
    {"num_kv\ud800\nheads": 2},
    {"num_kv\ud800\nheads": "2"},
    {"num_kv_heads" + "1" * 50_000: 4},
    {"sliding_window" + "\n1" * 50_000: [512] * 3},
    {"local_window\u2028": -1},
    {"model_type": "new\n\ud800" + LONG},
    {"note\n\ud800" + LONG: LONG},
    {f"kv_heads{number}": 2 for number in range(5_000)},
]


@pytest.mark.parametrize("fields", SHOWN, ids=range(len(SHOWN)))
def test_what_is_shown_of_a_file_is_short_and_in_one_line(fields: dict[str, Any]) -> None:
    for sentence in said({**G, **fields}):
        assert sentence.isprintable() and len(sentence) < 1_000


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("fp8_e4m3", "at fp8: 4,096"), ("FP8", "at fp8: 4,096"), ("int8", "at int8: 4,096"),
        ("int4", "at int4: 2,048"), ("nvfp4", "(nvfp4), whose size is not known"),
        ("int2", "(int2), whose size is not known"),
    ],
)  # fmt: skip
def test_a_named_precision_of_the_cache(name: str, note: str) -> None:
    assert note in "\n".join(said({**G, "kv_cache_dtype": name}))


@pytest.mark.parametrize(
    ("bits", "kind", "note"),
    [
        (8, "float", "at fp8: 4,096"), (8, "int", "at int8: 4,096"), (4, "int", "at int4: 2,048"),
        (4, "float", "(4-bit float), whose"), (2, "int", "(2-bit int), whose"), (16, "float", ""),
    ],
)  # fmt: skip
def test_a_quantised_cache_by_its_bits(bits: int, kind: str, note: str) -> None:
    scheme = {"kv_cache_scheme": {"num_bits": bits, "type": kind}}
    sentences = said({**G, "quantization_config": scheme})
    found = [one for one in sentences if "quantised cache" in one]
    assert (len(found) == 1 and note in found[0]) if note else not found


OTHERS = {f"note{number}": 1 for number in range(40_000)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "deepseek_v32", "num_hidden_layers": 10_000},
        {**G, "model_type": "novel", "num_hidden_layers": 10_000, **OTHERS},
        {**G, "num_hidden_layers": 10_000, **OTHERS,
         "per_layer_config": {str(layer): {"num_key_value_heads": 4} for layer in range(10_000)}},
    ],
    ids=["indexers", "fields", "exceptions"],
)  # fmt: skip
def test_work_is_linear_in_layers_and_fields(config: dict[str, Any]) -> None:
    """Each case once took 10 seconds or much more, with work repeated for every layer."""
    start = time.process_time()
    said(config)
    assert time.process_time() - start < 4


@pytest.mark.parametrize(
    "fields",
    [
        {"attention_chunk_size": 512}, {"index_head_dim": 64}, {"use_mla": True},
        {"qk_nope_head_dim": 64}, {"qk_rope_head_dim": 64}, {"H_cycles": 2, "L_cycles": 3},
        {"num_loops": 4}, {"total_ut_steps": 4}, {"state_size": 16, "conv_kernel": 4},
        {"mamba_expand": 2}, {"linear_key_head_dim": 64},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("family", [{}, {"model_type": "novel"}], ids=["none", "novel"])
def test_what_no_layer_uses_is_not_believed(family: dict[str, Any], fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        cache_spec({**G, **family, **fields})
    assert next(iter(fields)) in str(caught.value) or "kv_lora_rank" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["index_head_dim", "qk_nope_head_dim", "H_cycles", "num_meta_tokens"]
)
def test_what_a_known_class_does_not_use_is_named(name: str) -> None:
    config = {**G, "model_type": "llama", name: 64}
    assert cache_spec(config).bytes_per_token("bf16") == PER_TOKEN
    assert name in "".join(said(config))
    assert "num_meta_tokens" in "".join(said({**G, "model_type": "novel", "num_meta_tokens": 64}))


def test_a_chunk_without_a_list_holds_in_every_layer_of_a_known_class() -> None:
    spec = cache_spec({**G, "model_type": "llama", "attention_chunk_size": 512})
    assert (spec.bytes_per_token("bf16"), spec.growth_per_token("bf16")) == (PER_TOKEN, 0)
    lists = {**G, "model_type": "qwen3", "attention_chunk_size": 512}  # its class lists kinds
    assert cache_spec(lists).growth_per_token("bf16") > 0
    assert "attention_chunk_size" in "".join(said(lists))


@pytest.mark.parametrize("name", ["multi_query_attention", "group_query_attention"])
def test_what_nothing_reads_is_named_in_a_known_family_too(name: str) -> None:
    olmo = {"model_type": "olmo", **G, name: True}
    assert name in "".join(said(olmo)) and name not in "".join(said({**olmo, name: False}))


def test_the_window_is_refused_under_its_own_name() -> None:
    assert "window_size is set" in "".join(said({**G, "model_type": "novel", "window_size": 512}))


def test_a_window_no_shorter_than_the_context_has_no_effect() -> None:
    phi = {**G, "model_type": "phi3_v", "sliding_window": 512}
    spec = cache_spec({**phi, "max_position_embeddings": 512})
    assert spec.growth_per_token("bf16") == PER_TOKEN
    assert "of 512 is not longer: sliding_window 512." in "\n".join(map(str, spec.notes))
    with pytest.raises(ConfigError, match="sliding_window is set"):
        cache_spec({**phi, "max_position_embeddings": 513})


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"model_type": "llama", "architectures": ["Gemma2ForCausalLM"]}, True),
        ({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}, False),
        ({"model_type": "llama", "architectures": ["OwnForCausalLM"]}, False),
        ({"model_type": "kimi_k2", "architectures": ["DeepseekV3ForCausalLM"]}, False),
    ],
)
def test_a_class_of_another_family_is_named(config: dict[str, Any], told: bool) -> None:
    assert ("one of transformers' gemma2" in "".join(said({**G, **config}))) is told
    wrapped = {"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"]}
    for text in ({}, {"text_config": {**G, "model_type": "gemma3_text", "head_dim": 8}}):
        assert "one of transformers'" not in "".join(said({**wrapped, **text}))


@pytest.mark.parametrize(
    ("fields", "windows"),
    [
        # Layers of Inkling that slide; the class has a rule of its own for files without the list.
        ({"model_type": "inkling_text", "local_layer_ids": [0, 1]}, [512] * 2 + [None] * 6),
        # The switch alone: the window is the class's.
        ({"model_type": "qwen3", "use_sliding_window": True, "max_window_layers": 6},
         [None] * 6 + [4096] * 2),
        ({"model_type": "qwen2_5_vl_text", "use_sliding_window": True, "max_window_layers": 7},
         [None] * 7 + [4096]),
        ({"model_type": "qwen3_moe", "use_sliding_window": True}, [4096] * 8),
        # A window without the switch: off where the class has one, else on.
        ({"model_type": "qwen3_moe", "sliding_window": 16}, [None] * 8),
        ({"model_type": "smollm3", "sliding_window": 16}, [None] * 8),
        ({"model_type": "qwen3_vl_moe_text", "sliding_window": 16}, [16] * 8),
        ({"model_type": "modernbert-decoder", "local_attention": 256}, [None, 128, 128] * 2
         + [None, 128]),
        # Its class does not read the name under which it writes the pattern.
        ({"model_type": "gemma3_text", "_sliding_window_pattern": 2}, [4096] * 5 + [None]
         + [4096] * 2),
    ],
    ids=str,
)  # fmt: skip
def test_windows_are_those_of_transformers_classes(
    fields: dict[str, Any], windows: list[int | None]
) -> None:
    assert [layer.window for layer in cache_spec({**G, **fields}).layers] == windows


@pytest.mark.parametrize(
    ("config", "elements"),
    [
        # decoder_num_key_value_heads follows decoder_num_attention_heads
        ({"model_type": "moonshine", "hidden_size": 1024, "decoder_num_attention_heads": 16},
         6 * 2 * 1024),
        # the class computes head_dim, whatever the file says
        ({"model_type": "deepseek_ocr2_text", **G, "head_dim": 16}, PER_TOKEN // 2),
        ({"model_type": "kosmos_2_text_model"}, 24 * 2 * 2048),
        # the code of these has no KV heads or widths of its own, except that of another class
        ({"model_type": "gpt2", "n_layer": 8, "n_head": 8, "n_embd": 1024, "head_dim": 64,
          "num_key_value_heads": 2}, 8 * 2 * 1024),
        ({"model_type": "bloom", **G}, 8 * 2 * 1024),
        ({"model_type": "git", **G, "head_dim": 128, "architectures": ["Grok1ForCausalLM"]},
         PER_TOKEN // 2),
        # Megatron's arguments: without grouping, every head has its own keys
        ({"num_layers": 8, "hidden_size": 1024, "num_attention_heads": 8, "num_query_groups": 1,
          "group_query_attention": False}, 8 * 2 * 1024),
        # MLC's file: an object of the same family
        ({"model_type": "llama", "model_config": G, "quantization": "q4f16_1"}, PER_TOKEN // 2),
    ],
    ids=str,
)  # fmt: skip
def test_sizes_are_those_of_the_models_own_code(config: dict[str, Any], elements: int) -> None:
    assert cache_spec(config).elements_per_token() == elements


def test_an_object_that_was_not_read_is_no_reason_for_defaults() -> None:
    with pytest.raises(ConfigError, match=r"architecture_settings\.num_hidden_layers"):
        cache_spec({"model_type": "llama", "architecture_settings": G})
    assert "settings.hidden_size" in "".join(said({**G, "model_type": "llama", "settings": G}))


@pytest.mark.parametrize("name", ["num_kvheads", "NumKVHeads", "n_kvHeads"])
def test_words_that_are_written_as_one(name: str) -> None:
    config = {key: value for key, value in G.items() if key != "num_key_value_heads"}
    assert cache_spec({**config, "model_type": "novel", name: 2}).layers == cache_spec(G).layers


@pytest.mark.parametrize(
    "fields", [{"value_dim": 64}, {"attention_hidden_size": 2048}, {"attention_qk_dim": 192}]
)
def test_a_width_of_some_family_is_not_harmless_in_others(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(fields))):
        cache_spec({**G, "model_type": "novel", **fields})


def test_what_attends_to_later_tokens_says_so() -> None:
    config = {**G, "model_type": "qwen2", "is_causal": False}
    assert "both directions" in "".join(said(config))
    assert "both directions" in "".join(said({**config, "architectures": ["Qwen2Model"]}))
    assert "both directions" not in "".join(said({**config, "is_causal": True}))
    t5 = {"model_type": "t5", "architectures": ["T5EncoderModel"]}
    assert "is an encoder" in "".join(said(t5))


def test_heads_that_were_pruned_are_named() -> None:
    gpt2 = {"model_type": "gpt2", "n_layer": 2, "n_head": 4, "n_embd": 64}
    assert "pruned_heads" in "".join(said({**gpt2, "pruned_heads": {"1": [0, 2]}}))
    assert "pruned_heads" not in "".join(said({**gpt2, "pruned_heads": {}}))


@pytest.mark.parametrize(
    "config", [{"model_type": "gemma3n_text", "num_hidden_layers": 8},
               {"model_type": "zamba2", "num_hidden_layers": 12}],
)  # fmt: skip
def test_a_default_that_does_not_fit_is_called_one(config: dict[str, Any]) -> None:
    assert "(not in the file; the default of " in "".join(said(config))


def test_a_list_of_windows_repeats() -> None:
    repeated = {"interleaved_sliding_window": [None, 512, 512, 512], "num_hidden_layers": 36}
    windows = [layer.window for layer in cache_spec({**G, **repeated}).layers]
    assert windows == [None, 512, 512, 512] * 9
    spec = cache_spec({**G, "sliding_window": [512, None]})
    assert [layer.window for layer in spec.layers] == [512, None] * 4
    with pytest.raises(ConfigError, match="sliding_window has length 3, but the number"):
        cache_spec({**G, "sliding_window": [512, None, None]})


@pytest.mark.parametrize("length", [7, 9])
@pytest.mark.parametrize("name", ["num_key_value_heads", "num_attention_heads", "head_dim"])
def test_a_list_has_one_entry_per_layer(name: str, length: int) -> None:
    with pytest.raises(ConfigError, match=f"{name} has length {length}, .* layers is 8"):
        cache_spec({**G, name: [8] * length})


@pytest.mark.parametrize("switch", [{"max_window_layers": 28}, {"use_sliding_window": False}])
@pytest.mark.parametrize("family", ["olmo_hybrid", "qwen3_next", "kimi_linear", "lfm2"])
def test_an_idle_switch_leaves_the_classes_pattern(family: str, switch: dict[str, Any]) -> None:
    plain = {"model_type": family}
    assert cache_spec({**plain, **switch}).layers == cache_spec(plain).layers
    slides = {"model_type": "cwm"}  # its class has no max_window_layers
    assert cache_spec({**slides, "max_window_layers": 28}).layers == cache_spec(slides).layers


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"_class_name": "FluxTransformer2DModel"}, "Flux.* has no decoder"),
        ({"architectures": ["BertModel"]}, "BertModel is an encoder"),
        ({"architectures": ["NewForMaskedLM"]}, "NewForMaskedLM is an encoder"),
        ({"architectures": ["NewForMaskedLM"], "model_type": "novel"}, "NewForMaskedLM is an enc"),
    ],
)
def test_files_whose_classes_keep_no_cache(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        cache_spec({**G, **fields})
    decoder = {**G, "architectures": ["BertLMHeadModel"], "is_decoder": True}
    assert cache_spec(decoder).bytes_per_token("bf16") == 4 * PER_TOKEN  # BERT has no KV heads


@pytest.mark.parametrize(
    ("config", "elements"),
    [
        ({"model_type": "voxtral"}, 30 * 2 * 8 * 128),
        ({"model_type": "voxtral", "text_config": {"num_hidden_layers": 3}}, 3 * 2 * 8 * 128),
        ({"model_type": "paligemma"}, 18 * 2 * 1 * 256),
        ({"model_type": "paligemma", "text_config": {}}, 28 * 2 * 16 * 256),  # Gemma's own
        ({"model_type": "paligemma", "text_config": None}, 18 * 2 * 1 * 256),
    ],
)
def test_a_wrappers_own_defaults_for_its_text_model(config: dict[str, Any], elements: int) -> None:
    """The values are those of transformers' classes, as `CONFIG_MAPPING[model_type]()` has them."""
    assert cache_spec(config).elements_per_token() == elements
    assert "num_key_value_heads" in "".join(one for one in said(config) if "defaults" in one)


def test_a_second_language_model_is_named() -> None:
    two = {"text_config": G, "llm_config": {**G, "num_hidden_layers": 4}}
    assert "Not read: llm_config." in said(two)
    assert not any("llm_config" in one for one in said({"text_config": G, "llm_config": G}))


@pytest.mark.parametrize(
    "fields",
    [
        {"decoder_layers": 4}, {"window_size": 16}, {"kv_channels": 64},
        {"kv_lora_rank": 64, "qk_rope_head_dim": 8},
    ],
    ids=str,
)  # fmt: skip
def test_a_fact_by_another_familys_name_is_told(fields: dict[str, Any]) -> None:
    notes = cache_spec({**G, "model_type": "llama", **fields}).notes
    foreign = [note for note in notes if note.key == "foreign"]
    assert len(foreign) == 1 and all(name in str(foreign[0]) for name in fields)
    gpt2 = cache_spec({"model_type": "gpt2", "n_layer": 4, "n_head": 4, "n_embd": 64})
    assert "foreign" not in {note.key for note in gpt2.notes}
