"""Configs of models that transformers has no class for, as published files have them, shortened.

Each has its source, and how many values a layer caches per token in the model's own code; its size
in bf16 is twice as many bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from model.analysis.kv_size import cache_spec


@dataclass(frozen=True)
class Case:
    """A config, with `values` cached per token, calculated from its source."""

    source: str
    values: int
    config: dict[str, Any]


CASES = {
    "Baichuan2-13B": Case(
        "https://huggingface.co/baichuan-inc/Baichuan2-13B-Chat: MHA. Its length is quoted in"
        " https://github.com/baichuan-inc/Baichuan2/issues/337",
        2 * 40 * 5120,
        {"model_type": "baichuan", "hidden_size": 5120, "num_attention_heads": 40,
         "num_hidden_layers": 40, "model_max_length": 4096, "z_loss_weight": 0},
    ),
    "Qwen-7B": Case(
        "https://github.com/vllm-project/vllm, vllm/transformers_utils/configs/qwen.py: MHA, with"
        " kv_channels for a head. Its other names: https://github.com/vllm-project/vllm/issues/36880",
        2 * 32 * 32 * 128,
        {"model_type": "qwen", "hidden_size": 4096, "num_attention_heads": 32, "no_bias": True,
         "num_hidden_layers": 32, "kv_channels": 128, "use_dynamic_ntk": True, "seq_length": 8192,
         "use_logn_attn": True, "attn_dropout_prob": 0.0, "rotary_emb_base": 10000},
    ),
    "ChatGLM3-6B": Case(
        "https://huggingface.co/THUDM/chatglm3-6b: 28 layers. Why it has two groups of keys and"
        " values: https://github.com/zai-org/ChatGLM2-6B/issues/190",
        2 * 28 * 2 * 128,
        {"model_type": "chatglm", "num_layers": 28, "hidden_size": 4096, "kv_channels": 128,
         "num_attention_heads": 32, "multi_query_attention": True, "multi_query_group_num": 2,
         "add_qkv_bias": True, "apply_query_key_layer_scaling": True, "interleaved_qkv": False},
    ),
    "Falcon-40B, first file": Case(
        "https://github.com/h2oai/h2ogpt/issues/216 prints the model: in each of 60 layers"
        " query_key_value goes from 8192 to 9216, so keys and values are 1024",
        60 * (9216 - 8192),
        {"model_type": "RefinedWeb", "hidden_size": 8192, "n_head": 128, "n_head_kv": 8,
         "n_layer": 60, "parallel_attn": True, "alibi": False, "bias": False},
    ),
    "BLOOM-560M": Case(
        "https://github.com/PaddlePaddle/PaddleNLP, paddlenlp/transformers/bloom/configuration.py"
        " of 2023, which has the first file's names: MHA",
        2 * 24 * 1024,
        {"model_type": "bloom", "n_embed": 1024, "n_layer": 24, "num_attention_heads": 16,
         "offset_alibi": 100, "seq_length": 2048, "skip_bias_add": True, "unk_token_id": 0},
    ),
    "OpenELM-270M": Case(
        "https://github.com/apple/corenet, mlx_examples/open_elm/open_elm.py: GPTConfig computes"
        " the heads of its 16 layers from widths and groups",
        2 * 64 * 63,
        {"model_type": "openelm", "num_transformer_layers": 16, "model_dim": 1280, "head_dim": 64,
         "num_query_heads": [12, 12, 12, 12, 12, 16, 16, 16, 16, 16, 16, 16, 20, 20, 20, 20],
         "num_kv_heads": [3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5], "num_gqa_groups": 4,
         "qkv_multipliers": [0.5, 1.0], "share_input_output_layers": True},
    ),
    "DeciLM-7B, four layers": Case(
        "https://github.com/vllm-project/vllm/pull/2062 has the field and what it means. The list"
        " of the published file was not found: these four layers are made up",
        2 * 128 * (4 + 4 + 2 + 1),
        {"model_type": "deci", "num_hidden_layers": 4, "hidden_size": 4096,
         "num_attention_heads": 32, "num_key_value_heads_per_layer": [4, 4, 2, 1]},
    ),
    "Hunyuan-A13B": Case(
        "https://github.com/ggml-org/llama.cpp/pull/14425 prints n_layer 32, n_embd_k_gqa 1024 and"
        " n_embd_v_gqa 1024. It shares no layers:"
        " https://github.com/LMCache/LMCache/pull/2834",
        32 * (1024 + 1024),
        {"model_type": "hunyuan_v1_moe", "num_hidden_layers": 32, "num_attention_heads": 32,
         "num_key_value_heads": 8, "attention_head_dim": 128, "hidden_size": 4096,
         "use_cla": False, "cla_share_factor": 2},
    ),
    "Llama-3.1-8B, params.json": Case(
        "https://github.com/meta-llama/llama-models/blob/"
        "1768925a9d343b19459b5bc2acc893c842874179/models/llama3_1/api/sku_list.py",
        2 * 32 * 8 * 128,
        {"dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "multiple_of": 1024,
         "ffn_dim_multiplier": 1.3, "norm_eps": 1e-5, "rope_theta": 5e5, "vocab_size": 128256},
    ),
    "Kimi-Linear, four layers": Case(
        "https://huggingface.co/moonshotai/Kimi-Linear-48B-A3B-Instruct, the first four of 27"
        " layers: three of KDA, whose states do not grow, and one of MLA, which keeps its latent"
        " and its part with the position",
        512 + 64,
        {"model_type": "kimi_linear", "num_hidden_layers": 4, "kv_lora_rank": 512,
         "qk_rope_head_dim": 64, "num_attention_heads": 32, "linear_attn_config": {
             "full_attn_layers": [4], "kda_layers": [1, 2, 3], "head_dim": 128, "num_heads": 32,
             "short_conv_kernel_size": 4}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_files_of_other_models(name: str) -> None:
    case = CASES[name]
    spec = cache_spec(case.config)
    assert spec.bytes_per_token("bf16") == 2 * case.values
    assert not any(note.key == "may_matter" for note in spec.notes)
    assert case.source.startswith("https://")
