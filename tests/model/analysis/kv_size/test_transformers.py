"""Cache arithmetic against the caches that transformers really fills, on tiny random models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from model.analysis.kv_size import CacheSpec, ConfigError, LayerCache, cache_spec
from tests.model.analysis.kv_size import tiny

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
    return tiny.elements(cache, family), cache_spec(config.to_dict())


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
UNLIKE = {"blt", "xlstm", "gemma4_assistant", "gemma4_unified_assistant", "rwkv"}


@pytest.mark.slow
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
