"""Families with code of their own, which transformers does not have: their files as published.

The sizes are worked out by hand from the rule beside each.
"""

from __future__ import annotations

from typing import Any

import pytest

from model.analysis.kv_size.fields import ConfigError
from model.analysis.kv_size.read import cache_spec

OWN_CODE = {"auto_map": {"AutoConfig": "configuration_x.X"}}
SANTACODER = {
    "model_type": "gpt2", "architectures": ["GPT2LMHeadCustomModel"], "n_embd": 2048, "n_head": 16,
    "n_layer": 24, "n_positions": 2048, "attention_head_type": "multiquery", **OWN_CODE,
}  # fmt: skip
HUNYUAN = {
    "model_type": "hunyuan", "hidden_size": 6400, "num_attention_heads": 80,
    "num_key_value_heads": 8, "attention_head_dim": 128, "num_hidden_layers": 64, **OWN_CODE,
}  # fmt: skip
PHI4_FLASH = {
    "model_type": "phi4flash", "hidden_size": 2560, "mb_per_layer": 2, "mamba_d_state": 16,
    "mamba_d_conv": 4, "mamba_expand": 2, "num_attention_heads": 40, "num_key_value_heads": 20,
    "num_hidden_layers": 32,
    "sliding_window": [None if i % 2 == 0 or i >= 17 else 512 for i in range(32)], **OWN_CODE,
}  # fmt: skip
PLAMO2 = {
    "model_type": "plamo2", "hidden_size": 4096, "num_attention_heads": 32,
    "num_key_value_heads": 4, "num_hidden_layers": 32, "hidden_size_per_head": 128,
    "attention_window_size": 2048, "mamba_d_conv": 4, "mamba_d_state": 64, "mamba_num_heads": 64,
    "mamba_enabled": True, "mamba_step": 2, "full_attention_idx": [], **OWN_CODE,
}  # fmt: skip
HUGINN = {
    "model_type": "huginn_raven", "n_embd": 5280, "n_heads": 55, "n_layers": 8,
    "num_attention_heads": 55, "num_key_value_heads": 55, "head_dim": 96, "mean_recurrence": 32,
    "n_layers_in_prelude": 2, "n_layers_in_recurrent_block": 4, "n_layers_in_coda": 2, **OWN_CODE,
}  # fmt: skip
YUAN = {
    "model_type": "yuan", "hidden_size": 2048, "num_attention_heads": 16, "num_hidden_layers": 24,
    **OWN_CODE,
}  # fmt: skip
RWKV6 = {
    "model_type": "rwkv6", "hidden_size": 2048, "attention_hidden_size": 2048, "head_size": 64,
    "head_size_divisor": 8, "num_attention_heads": 64, "num_hidden_layers": 24, "rescale_every": 6,
    **OWN_CODE,
}  # fmt: skip

STRIPED = {
    "model_type": "stripedhyena", "num_layers": 32, "hidden_size": 4096, "num_attention_heads": 32,
    "attn_layer_idxs": [1, 3, 5], "hyena_layer_idxs": [0, 2, 4, *range(6, 32)], "state_size": 2,
    "num_filters": 4096, "short_filter_length": 3, "smeared_gqa": False, **OWN_CODE,
}  # fmt: skip
OLMO = {
    "model_type": "hf_olmo", "d_model": 4096, "n_heads": 32, "n_layers": 32, "n_kv_heads": None,
    "block_type": "sequential", "block_group_size": 1, "flash_attention": True,
}  # fmt: skip
PLAMO = {
    "model_type": "plamo", "hidden_size": 5120, "num_attention_heads": 40, "n_shared_head": 8,
    "num_key_value_heads": 40, "num_hidden_layers": 40, **OWN_CODE,
}  # fmt: skip
COGVLM2 = {
    "model_type": "cogvlm2", "hidden_size": 4096, "num_attention_heads": 32,
    "num_hidden_layers": 32, "num_multi_query_heads": 8, **OWN_CODE,
}  # fmt: skip
V3_OWN = {
    "dim": 7168, "n_layers": 61, "n_heads": 128, "n_expert_groups": 8, "n_limited_groups": 4,
    "n_dense_layers": 3, "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64, "v_head_dim": 128, "score_func": "sigmoid", "dtype": "fp8",
}  # fmt: skip
MINICPM_O = {
    "model_type": "minicpmo", "hidden_size": 3584, "num_attention_heads": 28,
    "num_hidden_layers": 28, "num_key_value_heads": 4, **OWN_CODE,
    "tts_config": {"num_attention_heads": 12, "num_hidden_layers": 20, "hidden_size": 768},
}  # fmt: skip
LONGCAT = {
    "model_type": "longcat_flash_ngram", "hidden_size": 3072, "num_layers": 14,
    "num_attention_heads": 32, "kv_lora_rank": 512, "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64, "v_head_dim": 128, "expert_ffn_hidden_size": 1024, **OWN_CODE,
}  # fmt: skip
PARLER = {
    "model_type": "parler_tts", "text_encoder": {"model_type": "t5", "d_model": 1024},
    "decoder": {
        "model_type": "parler_tts_decoder", "hidden_size": 1024, "num_hidden_layers": 24,
        "num_attention_heads": 16, "num_key_value_heads": 16,
        "num_cross_attention_key_value_heads": 16,
    },
}  # fmt: skip
ETTIN = {
    "model_type": "modernbert-decoder", "hidden_size": 768, "num_attention_heads": 12,
    "num_hidden_layers": 22, "global_attn_every_n_layers": 3, "local_attention": 256,
}  # fmt: skip

BAICHUAN_M1 = {
    "model_type": "baichuan_m1", "hidden_size": 5120, "num_attention_heads": 20,
    "num_hidden_layers": 40, "num_key_value_heads": 2, "num_swa_attention_heads": 40,
    "num_swa_key_value_heads": 8, "sliding_window": 8192, "conv_window": 2,
    "sliding_window_layers": list(range(1, 40, 2)), **OWN_CODE,
}  # fmt: skip
SMALLTHINKER = {
    "model_type": "smallthinker", "hidden_size": 2560, "num_attention_heads": 28, "head_dim": 128,
    "num_hidden_layers": 52, "num_key_value_heads": 4, "sliding_window_size": 4096,
    "sliding_window_layout": [0, 1, 1, 1] * 13, "rope_layout": [0, 1, 1, 1] * 13, **OWN_CODE,
}  # fmt: skip
OURO = {
    "model_type": "ouro", "hidden_size": 2048, "num_attention_heads": 16, "head_dim": 128,
    "num_hidden_layers": 24, "num_key_value_heads": 16, "layer_types": ["full_attention"] * 24,
    "total_ut_steps": 4, "early_exit_threshold": 1.0, "use_sliding_window": False, **OWN_CODE,
}  # fmt: skip
SALA = {
    "model_type": "minicpm_sala", "architectures": ["MiniCPMSALAForCausalLM"], "head_dim": 128,
    "hidden_size": 4096, "num_attention_heads": 32, "num_hidden_layers": 32,
    "num_key_value_heads": 2, "lightning_head_dim": 128, "lightning_nh": 32, "lightning_nkv": 32,
    "lightning_scale": "1/sqrt(d)", "lightning_use_rope": True, "use_output_norm": True,
    "mixer_types": ["minicpm4", *["lightning-attn"] * 3] * 8, **OWN_CODE,
}  # fmt: skip
STEP = {
    "model_type": "step3p5", "architectures": ["Step3p5ForCausalLM"], "hidden_size": 4096,
    "num_hidden_layers": 45, "num_attention_heads": 64, "num_attention_groups": 8,
    "head_dim": 128, "sliding_window": 512, "num_nextn_predict_layers": 3, **OWN_CODE,
    "layer_types": ["full_attention", *["sliding_attention"] * 3] * 12,
    "attention_other_setting": {
        "attention_type": "sliding_attention", "num_attention_heads": 96, "head_dim": 128,
        "num_attention_groups": 8, "true_head_dim": 128,
    },
    "yarn_only_types": ["full_attention"], "use_head_wise_attn_gate": True,
}  # fmt: skip
MAMBA2_ATTN = {
    "d_model": 2560, "d_intermediate": 0, "n_layer": 64, "ssm_cfg": {"layer": "Mamba2"},
    "attn_layer_idx": [9, 18, 27, 36, 45, 56], "rms_norm": True, "residual_in_fp32": True,
    "attn_cfg": {
        "causal": True, "d_conv": 4, "head_dim": 128, "num_heads": 30, "out_proj_bias": False,
        "qkv_proj_bias": False, "rotary_emb_dim": 64,
    },
}  # fmt: skip
EVO2 = {
    "model_name": "evo2", "hidden_size": 4096, "num_layers": 32, "num_attention_heads": 32,
    "attn_layer_idxs": [3, 10, 17, 24, 31], "hcl_layer_idxs": [2, 6, 9], "hcm_layer_idxs": [1, 5],
    "hcs_layer_idxs": [0, 4, 7], "proj_groups": 1, "state_size": 16, "num_filters": 4096,
}  # fmt: skip
PHI4MM = {
    "model_type": "phi4mm", "hidden_size": 3072, "num_attention_heads": 24,
    "num_hidden_layers": 32, "num_key_value_heads": 8, "sliding_window": 262_144,
    "max_position_embeddings": 131_072, "full_attn_mod": 1, **OWN_CODE,
    "embd_layer": {"audio_embd_layer": {"compression_rate": 8}, "embedding_cls": "image_audio"},
    "audio_processor": {"config": {"attention_heads": 16, "chunk_size": -1}, "name": "cascades"},
    "speech_lora": {"layer": "((layers.*self_attn\\.(qkv|o)_proj))", "r": 320},
}  # fmt: skip

SIZES: list[tuple[str, dict[str, Any], int, int]] = [
    # one KV head: bigcode's santacoder, attention_head_type
    ("santacoder", SANTACODER, 24 * 2 * 128, 24 * 2 * 128),
    # heads divide attention_projection_size where a file has it
    ("yuan2", YUAN, 24 * 2 * 2048, 24 * 2 * 2048),
    ("yuan2-m32", {**YUAN, "attention_projection_size": 4096}, 24 * 2 * 4096, 24 * 2 * 4096),
    # arXiv 2411.02265, CLA: neighbours share one cache
    ("hunyuan-large", {**HUNYUAN, "use_cla": True, "cla_share_factor": 2}, 65_536, 65_536),
    ("no cla", {**HUNYUAN, "use_cla": False, "cla_share_factor": 2}, 131_072, 131_072),
    # arXiv 2507.06607: 8 layers with windows and one full, at 2 x 20 x 64
    ("phi-4-mini-flash", PHI4_FLASH, 9 * 2560, 2560),
    # every second layer attends, to a window; the others are Mamba
    ("plamo-2-8b", PLAMO2, 16 * 2 * 4 * 128, 0),
    # arXiv 2502.05171: the four layers in the middle run 32 times, each time with its own cache
    ("huginn", HUGINN, (2 + 4 * 32 + 2) * 2 * 5280, (2 + 4 * 32 + 2) * 2 * 5280),
    ("rwkv6", RWKV6, 0, 0),
    # num_heads_kv is num_attention_heads // proj_groups: togethercomputer/stripedhyena, model.py
    ("evo", {**STRIPED, "proj_groups": 1}, 3 * 2 * 4096, 3 * 2 * 4096),
    ("stripedhyena-nous", {**STRIPED, "proj_groups": 4}, 3 * 2 * 1024, 3 * 2 * 1024),
    # allenai/OLMo, olmo/config.py: effective_n_kv_heads
    ("olmo of 2024", {**OLMO, "multi_query_attention": False}, 32 * 2 * 4096, 32 * 2 * 4096),
    ("olmo, mqa", {**OLMO, "multi_query_attention": True}, 32 * 2 * 128, 32 * 2 * 128),
    # ggml-org/llama.cpp, convert_hf_to_gguf.py: 5 KV heads, num_key_value_heads "is wrong"
    ("plamo-13b", PLAMO, 40 * 2 * 5 * 128, 40 * 2 * 5 * 128),
    # InternLM/lmdeploy, lmdeploy/pytorch/models/cogvlm.py: num_multi_query_heads is of KV heads
    ("cogvlm2", COGVLM2, 32 * 2 * 8 * 128, 32 * 2 * 8 * 128),
    # deepseek-ai/DeepSeek-V3, inference/configs/config_671B.json
    ("deepseek-v3, own file", V3_OWN, 61 * 576, 61 * 576),
    # the speech model beside it has a cache of its own
    ("minicpm-o", MINICPM_O, 28 * 2 * 4 * 128, 28 * 2 * 4 * 128),
    # two attentions per block, as in LongCat-Flash: ggml-org/llama.cpp, longcat-flash-ngram
    ("longcat-flash-lite", LONGCAT, 28 * 576, 28 * 576),
    # keys and values of the description are of its T5 encoder's states
    ("parler-tts", PARLER, 24 * 2 * 1024, 24 * 2 * 1024),
    # transformers' ModernBertDecoderConfig: layers 0, 3, ... are full, the window is 128
    ("ettin", ETTIN, 22 * 2 * 768, 8 * 2 * 768),
    # ml-explore/mlx-lm, models/baichuan_m1.py: layers in the list have heads of their own number
    # and width, 5120 / 40, and slide; the others have 5120 / 20
    ("baichuan-m1", BAICHUAN_M1, 20 * 2 * (2 * 256 + 8 * 128), 20 * 2 * 2 * 256),
    # PowerInfer's configuration_smallthinker.py: 0 is full attention, 1 slides
    ("smallthinker", SMALLTHINKER, 52 * 2 * 4 * 128, 13 * 2 * 4 * 128),
    # arXiv 2510.25741: four passes through all layers, each with its own cache
    ("ouro-1.4b", OURO, 4 * 24 * 2 * 2048, 4 * 24 * 2 * 2048),
    # openbmb/MiniCPM-SALA, shortened to a regular pattern: lightning layers have states
    ("minicpm-sala", SALA, 8 * 2 * 2 * 128, 8 * 2 * 2 * 128),
    # stepfun-ai/Step-3.5-Flash: its last three entries are of MTP layers
    ("step-3.5-flash", STEP, 45 * 2 * 8 * 128, 12 * 2 * 8 * 128),
    # state-spaces/mamba2attn-2.7b
    ("mamba2attn", MAMBA2_ATTN, 6 * 2 * 30 * 128, 6 * 2 * 30 * 128),
    # Zymrael/vortex, configs: three kinds of convolution beside attention
    ("evo-2-7b", EVO2, 5 * 2 * 4096, 5 * 2 * 4096),
    ("evo-2, grouped", {**EVO2, "proj_groups": 4}, 5 * 2 * 1024, 5 * 2 * 1024),
    ("phi-4-multimodal", PHI4MM, 32 * 2 * 8 * 128, 32 * 2 * 8 * 128),
]  # fmt: skip


@pytest.mark.parametrize(("config", "held", "growth"), [row[1:] for row in SIZES],
                         ids=[row[0] for row in SIZES])  # fmt: skip
def test_size_of_a_family_with_code_of_its_own(
    config: dict[str, Any], held: int, growth: int
) -> None:
    spec = cache_spec(config)
    assert (spec.elements_per_token(), spec.growth_elements()) == (held, growth)


def test_known_files_name_nothing_that_may_matter() -> None:
    for config in (BAICHUAN_M1, SMALLTHINKER, OURO, SALA, STEP):
        assert not any(note.key == "may_matter" for note in cache_spec(config).notes), config


@pytest.mark.parametrize(
    "config",
    [
        {**SMALLTHINKER, "sliding_window_layout": [0, 2] * 26},
        {**BAICHUAN_M1, "sliding_window_layers": [40]},
        {**OURO, "total_ut_steps": None},
        {**STEP, "attention_other_setting": {"head_dim": 128, "true_head_dim": 64}},
        {**EVO2, "hcl_layer_idxs": [3]},  # an attention layer, too
    ],
    ids=["no kind", "no layer", "no passes", "two widths", "two kinds"],
)
def test_what_contradicts_itself_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        cache_spec(config)


def test_sizes_of_layers_that_are_listed_as_having_states_are_named() -> None:
    config = {
        "model_type": "novel", "hidden_size": 64, "num_attention_heads": 8,
        "num_key_value_heads": 2, "num_hidden_layers": 4, "kda_head_dim": 16,
    }  # fmt: skip
    types = ["linear_attention", "full_attention"] * 2
    spec = cache_spec({**config, "layer_types": types})
    assert spec.elements_per_token() == 2 * 2 * 2 * 8
    assert any("kda_head_dim" in str(note) for note in spec.notes)
    with pytest.raises(ConfigError, match="kda_head_dim"):
        cache_spec({**config, "layer_types": ["full_attention"] * 4})


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("kimi_k2", "kv_lora_rank"), ("pangu_ultra_moe", "kv_lora_rank"),
        ("step3_text", "num_attention_groups"), ("nemotron-nas", "block_configs"),
        ("deci", "num_key_value_heads_per_layer"), ("phi3small", "num_key_value_heads"),
    ],
)  # fmt: skip
def test_what_every_file_of_a_family_has_must_not_be_missing(family: str, name: str) -> None:
    """Without the field, the size was that of MHA: 25 times Kimi-K2's."""
    plain = {"hidden_size": 7168, "num_attention_heads": 64, "num_hidden_layers": 61}
    with pytest.raises(ConfigError, match=f"lacks {name}"):
        cache_spec({"model_type": family, **plain})
    grouped = {"model_type": "chatglm", **plain, "multi_query_attention": True}
    with pytest.raises(ConfigError, match="lacks multi_query_group_num"):
        cache_spec(grouped)
    assert cache_spec({**grouped, "multi_query_attention": False}).attention == "MHA"


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "transfo-xl", "d_model": 1024, "d_head": 64, "n_head": 16, "n_layer": 18,
         "mem_len": 1600},
        {"model_type": "glm", "hidden_size": 4096, "num_attention_heads": 64, "num_layers": 48,
         "block_position_encoding": True, **OWN_CODE},
        {"model_type": "llada", "d_model": 4096, "n_heads": 32, "n_layers": 32, **OWN_CODE},
    ],
    ids=["transfo-xl", "glm of 2022", "denoises"],
)  # fmt: skip
def test_what_remembers_hidden_states_has_no_kv_cache(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        cache_spec(config)
    assert caught.value.key == "no_keys"


def test_a_class_that_does_not_read_a_head_type_is_followed_and_the_field_is_named() -> None:
    config = {name: value for name, value in SANTACODER.items() if name != "auto_map"}
    config["architectures"] = ["GPT2LMHeadModel"]
    spec = cache_spec(config)
    assert spec.elements_per_token() == 24 * 2 * 2048
    assert any("attention_head_type" in str(note) for note in spec.notes)
