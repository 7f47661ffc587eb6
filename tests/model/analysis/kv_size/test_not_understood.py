"""Fields that are not understood: a refusal if they could change the cache, otherwise a name."""

from __future__ import annotations

import pytest

from model.analysis.kv_size import ConfigError, cache_spec
from tests.configs import GQA
from tests.model.analysis.kv_size.test_field_cases import NO_KV, noted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_shared_kv_heads", 2), ("kv_group_size", 4), ("key_head_size", 16), ("qk_window", 64),
        ("sliding_span_window", 8), ("value_low_rank", 16),
        ("attention_pattern", ["full", "local"]),
        ("layer_kinds", ["a", "b", "a", "b"]), ("share_kv_every", 2), ("kv_reuse_layers", [1, 3]),
        ("numKvGroups2", 4), ("shared_kv", True),
        ("kv_layer_map", {"1": 0}), ("attn_block_types", "flfl"),
        ("kv_compression_ratio", 4), ("kv_repeat", 4), ("attn_layers", [1, 3]),
        ("kda_layers", [0, 1]), ("linear_attention_every", 4), ("hybrid_ratio", 7),
        ("num_layer_repeats", 2), ("self_decoder_layers", 2), ("gqa_factor", 4),
        ("attention", "MLA"), ("linear_attention", True),
        ("use_swa", True), ("attention_span", 128), ("compress_kv", True), ("k_eq_v", True),
        ("num_attention_layers", 2), ("num_unique_layers", 4), ("num_recurrences", 4),
        ("recurrent_depth", 4), ("ssm", {"d_state": 16}), ("use_latent_attention", True),
        # widths as the papers write them
        ("d_attn", 128), ("d_c", 512), ("dc", 512), ("d_h_r", 64), ("d_qk", 64), ("d_ckv", 512),
        ("attn_inner", 64), ("qk_dim", 64),
        # arrangements, by the name or by the value
        ("layout", "AMAM"), ("layout", ["attn", "mamba"] * 2), ("layout", [["attn", 1], ["x", 3]]),
        ("pattern", "LLLG"), ("schedule", [1, 0, 1, 0]), ("stack", ["attn", "mamba"]),
        ("stack", [["attn", 1], ["mamba", 3]]), ("stack", {"attn": 1, "mamba": 3}),
        ("is_global", [1, 0, 1, 0]), ("flavour", [True, False, False, False]),
        ("backbone", "hybrid"), ("token_mixer", "retnet"), ("mixer", ["mamba"] * 4),
        # shares of layers, and of what is kept
        ("hybrid_ratio", 0.25), ("hybrid_ratio", "3:1"), ("attention_fraction", 0.5),
        ("kv_compression", 0.25), ("compression_ratio", 4), ("gqa_ratio", 4.0), ("full_every", 4),
        # what is shared across layers
        ("cross_layer_attention", True), ("cross_layer_attention", 2), ("interlayer_sharing", 2),
        ("cross_layer_kv", "pairs"),
        # other kinds, switched on
        ("mla", True), ("hybrid", True), ("is_hybrid", True), ("use_rwkv", True), ("nsa", {"b": 3}),
        ("indexer", {"dim": 128}), ("index_dim", 128), ("latent_kv", True), ("num_mamba", 12),
        # tokens that are kept besides, or no longer
        ("num_sink_tokens", 4), ("memory_tokens", 64), ("mem_len", 512), ("cache_budget", 1024),
        ("attn_chunk", 16), ("local", 128), ("num_recursions", 3), ("num_repeats", 2),
    ],
)  # fmt: skip
def test_what_can_change_the_size_and_is_not_understood(name: str, value: object) -> None:
    own_code = {"architectures": ["OwnForCausalLM"], "auto_map": {"AutoConfig": "own.Config"}}
    for family in ({}, {"model_type": "novel"}, {"model_type": "llama", **own_code}):
        with pytest.raises(ConfigError, match=name):
            cache_spec({**GQA, **family, name: value})
    # transformers' own class does not know the field: named, and not counted.
    assert name in noted({**GQA, "model_type": "llama", name: value})


def test_a_flag_decides_nothing_where_the_file_counts_heads() -> None:
    assert cache_spec({**GQA, "model_type": "novel", "use_gqa": True}).attention == "GQA"
    with pytest.raises(ConfigError, match="use_gqa"):
        cache_spec({**NO_KV, "model_type": "novel", "use_gqa": True})


def test_a_share_factor_without_its_switch() -> None:
    with pytest.raises(ConfigError, match="cla_share_factor"):
        cache_spec({**GQA, "model_type": "novel", "cla_share_factor": 2})
    # transformers' class knows neither the switch nor the factor
    llama = {**GQA, "model_type": "llama"}
    size = cache_spec(llama).elements_per_token()
    assert cache_spec({**llama, "cla_share_factor": 2}).elements_per_token() == size
    on = {**llama, "use_cla": True, "cla_share_factor": 2}
    assert cache_spec(on).elements_per_token() == size and "use_cla" in noted(on)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("frobnication", 0.5), ("attention_flavour", 0.5), ("kv_heads_note", 0.5),
        ("attn_dropout_ratio", 0.1), ("layer_decay_rate", 0.9), ("d_state", 16), ("frob", "linear"),
        ("compression_ratio", 1.0), ("kv_audio_note", 0.5),
        ("frob_weights", [0.5, 1.0, 0.5, 1.0]), ("frob_sizes", [3, 3]), ("frob_schedule", "cosine"),
    ],
)  # fmt: skip
def test_what_cannot_change_the_size_is_named(name: str, value: object) -> None:
    assert name in noted({**GQA, "model_type": "novel", name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_rep", 4), ("groups", 2), ("heads_per_group", 4), ("n_g", 2), ("use_mqa", True),
        ("multiquery", True),
    ],
)  # fmt: skip
def test_how_heads_share_is_refused_unless_the_file_counts_them(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=name):
        cache_spec({**NO_KV, "model_type": "novel", name: value})
    assert cache_spec({**NO_KV, "model_type": "novel", "num_kvh": 2}).attention == "GQA"
