"""A tiny random model of every family of transformers that generates, and what its cache holds."""

from __future__ import annotations

import functools
import json
from typing import Any

from model.analysis.kv_size import CacheSpec
from model.analysis.kv_size.families import REFERENCE

#: Sizes by the names under which classes have them; each class gets those that it knows.
SMALL: dict[str, Any] = {
    **dict.fromkeys(("vocab_size", "max_position_embeddings", "n_positions"), 64),
    **dict.fromkeys(("hidden_size", "n_embd", "d_model", "lru_width", "embed_dim"), 32),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "n_inner", "decoder_ffn_dim"), 48),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers"), 4),
    **dict.fromkeys(("decoder_layers", "num_decoder_layers", "layers"), 4),
    **dict.fromkeys(("encoder_layers", "num_encoder_layers"), 4),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads"), 4),
    **dict.fromkeys(("decoder_attention_heads", "encoder_attention_heads", "attention_heads"), 4),
    **dict.fromkeys(("num_decoder_attention_heads", "num_encoder_attention_heads"), 4),
    "num_key_value_heads": 2, "head_dim": 8, "v_head_dim": 8, "d_kv": 8,
    "q_lora_rank": 16, "kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4,
    "sliding_window": 5, "attention_chunk_size": 5, "sliding_window_size": 5,
    "attention_window_size": 5, "moe_intermediate_size": 16, "n_routed_experts": 4,
    "num_experts": 4, "num_local_experts": 4, "num_experts_per_tok": 2, "n_group": 1,
    "num_experts_per_token": 2, "num_expert_group": 1,
    "topk_group": 1, "first_k_dense_replace": 1, "index_topk": 4, "index_head_dim": 8,
    "index_n_heads": 2, "shared_expert_intermediate_size": 16, "linear_num_key_heads": 2,
    "linear_num_value_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8,
    "linear_num_heads": 2, "linear_head_dim": 8, "mamba_d_state": 4, "mamba_n_heads": 8,
    "mamba_d_head": 8, "mamba_dt_rank": 4, "hidden_size_per_layer_input": 8,
    "vocab_size_per_layer_input": 64, "use_mamba_kernels": False, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1,
}  # fmt: skip
MLA = {"num_key_value_heads": 4, "head_dim": 4}
ROPE = {"rope_type": "default", "rope_theta": 10_000.0}
MROPE = {"rope_parameters": ROPE | {"mrope_section": [2, 1, 1]}}
HALF_MROPE = {"rope_parameters": ROPE | {"mrope_section": [1, 1, 0]}}  # half of a head is rotated
MAMBA = {"mamba_d_state": 4, "mamba_n_heads": 8, "mamba_d_head": 8, "mamba_expand": 2}
#: What some classes need beside that.
MORE: dict[str, dict[str, Any]] = {
    **dict.fromkeys(
        ("axk1", "axk2", "deepseek_v2", "deepseek_v3", "deepseek_v32", "glm4_moe_lite",
         "glm_moe_dsa", "hy_v4", "longcat_flash", "minicpm3", "youtu",
         "dots3_note_text", "mistral_large4_text"),
        MLA,
    ),
    "deepseek_v2": MLA | {"num_experts_per_tok": 2, "topk_method": "greedy"},
    "longcat_flash": MLA | {
        "ffn_hidden_size": 32, "zero_expert_num": 2, "moe_topk": 2, "expert_ffn_hidden_size": 16,
        "num_layers": 2, "num_hidden_layers": None,
    },
    **dict.fromkeys(("cosmos3_edge_text", "glm4v_text", "qwen2_vl_text", "qwen2_5_vl_text"), MROPE),
    **dict.fromkeys(("glm4v_moe_text", "glm_ocr_text"), HALF_MROPE),
    "bailing_hybrid": MLA | {
        "num_hidden_layers": 6, "layer_group_size": 3, "num_expert_group": 1, "qk_rope_head_dim": 4,
    },
    "bamba": MAMBA | {"attn_layer_indices": [1, 3]},
    "granitemoehybrid": MAMBA | {
        "layer_types": ["linear_attention", "full_attention"] * 2, "num_hidden_layers": 4,
    },
    "falcon_h1": {
        "mamba_d_ssm": 32, "mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 8,
    },
    "jamba": {
        "attn_layer_period": 2, "attn_layer_offset": 1, "num_experts": 2, "mamba_dt_rank": 4,
    },
    "kimi_linear": MLA | {
        "layer_types": ["linear_attention", "full_attention"] * 2, "num_hidden_layers": 4,
        "num_expert_group": 1, "moe_renormalize": True,
    },
    "codegen": {"rotary_dim": 4}, "gptj": {"rotary_dim": 4},
    "gpt_neo": {"attention_types": [[["global", "local"], 2]], "window_size": 5},
    "hunyuan_v1_dense": {"head_dim": 8}, "ministral": {"head_dim": 8},
    "hunyuan_vl_text": {
        "head_dim": 8, "rope_parameters": ROPE | {"mrope_section": [1] * 4},
    },
    "hunyuan_v1_moe": {"head_dim": 8, "moe_topk": 2, "num_experts": 4},
    "dots1": {
        "n_shared_experts": 1, "n_routed_experts": 4, "num_experts_per_tok": 2,
        "moe_intermediate_size": 16,
    },
    "nemotron": {"num_key_value_heads": 2},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"] * 2, "num_hidden_layers": 4},
    "gemma3n_text": {
        "num_hidden_layers": 10, "num_kv_shared_layers": 4, "laurel_rank": 4,
        "layer_types": (["sliding_attention"] * 2 + ["full_attention"] * 3) * 2,
        "activation_sparsity_pattern": [0.0] * 10,
    },
    "gemma4_text": {"num_hidden_layers": 7, "global_head_dim": 16},
    "gemma4_unified_text": {"num_hidden_layers": 7, "global_head_dim": 16},
    "deepseek_v4": {
        "num_key_value_heads": 1, "head_dim": 16, "o_groups": 2, "o_lora_rank": 8,
        "num_hidden_layers": 4, "compress_ratios": [0, 4, 128, 4],
    },
    "mamba2": {"num_heads": 8, "head_dim": 8, "n_groups": 1, "state_size": 8},
    "xlstm": {"hidden_size": 128}, "xmod": {"default_language": "en_XX"},
    "zaya": {"num_experts_per_tok": 1}, "llama4_text": {"num_experts_per_tok": 1},
    "zamba": {
        "num_hidden_layers": 8, "layers_block_type": ["linear_attention", "hybrid"] * 4,
        "attention_head_dim": 16, "mamba_dt_rank": 4, "n_mamba_heads": 2,
    },
    "zamba2": {
        "num_hidden_layers": 4, "layers_block_type": ["linear_attention", "hybrid"] * 2,
        "hybrid_layer_ids": [1, 3], "mamba_d_state": 8, "n_mamba_heads": 8, "mamba_headdim": 8,
        "mamba_ngroups": 1,
    },
    "prophetnet": {"num_hidden_layers": None},
    "dbrx": {
        "attn_config": {"kv_n_heads": 2, "clip_qkv": 8, "rope_theta": 10_000.0},
        "ffn_config": {"ffn_hidden_size": 48, "moe_num_experts": 4, "moe_top_k": 2},
    },
    "cohere_compass_text": {
        "rope_parameters": {"full_attention": ROPE},
    },
    "glm5_next_text": {
        "num_key_value_heads": 4, "num_hidden_layers": 8, "qk_rope_head_dim": 0, "index_kpool": 2,
    },
    "inkling_text": {"swa_num_attention_heads": 4, "swa_num_key_value_heads": 4, "swa_head_dim": 8},
    "inkling2_text": {
        "swa_num_attention_heads": 4, "swa_num_key_value_heads": 4, "swa_head_dim": 8,
    },
    "qwen4_exp_text": {"indexer_head_dim": 8, "indexer_n_heads": 2, "indexer_kv_heads": 1,
                       "indexer_budget": 4, "indexer_compress_ratio": 2},
}  # fmt: skip
#: Refused in words, as `test_refusals` tries: three transformers in one, and assistants, which read
#: another model's cache.
REFUSED = {"blt", "gemma4_assistant", "gemma4_unified_assistant", "reformer"}


@functools.cache
def causal() -> list[str]:
    """Model types of transformers' causal language models, and of those that wrappers hold."""
    import transformers as tf
    from transformers.models.auto import modeling_auto as auto

    table = json.loads(REFERENCE.read_text(encoding="utf-8"))
    wrappers = {name: entry["text"] for name, entry in table.items() if "text" in entry}
    held = {text for name, text in wrappers.items() if table[name].get("cache") != "none"}
    models = {name for name, model in auto.MODEL_MAPPING_NAMES.items() if hasattr(tf, str(model))}
    names = {*auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, *held.intersection(models)}
    return sorted(names - REFUSED - set(wrappers))


def config(family: str, **changes: Any) -> Any:
    """A config of the class with small sizes."""
    from transformers import CONFIG_MAPPING

    own = CONFIG_MAPPING[family]().to_dict()
    small = {
        name: value
        for name, value in SMALL.items()
        if name in own and (own[name] is not None or name == "num_key_value_heads")
    }
    if own.get("num_key_value_heads") is None:
        small.pop("num_key_value_heads", None)
    if isinstance(own.get("layer_types"), list):
        small["num_hidden_layers"] = 7
    if "is_decoder" in own:
        small["is_decoder"] = True
    if own.get("is_encoder_decoder"):
        small["is_encoder_decoder"] = False
    small |= MORE.get(family, {}) | changes
    return CONFIG_MAPPING[family](**{k: v for k, v in small.items() if v is not None})


def filled(made: Any, tokens: int) -> Any:
    """The cache of a random model after a prompt and one more token; None if it has none."""
    import torch
    from transformers import AutoModel, AutoModelForCausalLM
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    torch.manual_seed(0)
    alone = made.model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    model = (AutoModelForCausalLM if alone else AutoModel).from_config(made).eval()
    ids = torch.randint(3, 60, (1, tokens))
    with torch.no_grad():
        if made.model_type == "cpmant":  # takes whole texts, and puts a prompt of its own before
            return model(ids, use_cache=True).past_key_values
        cache = getattr(model(ids[:, :-1], use_cache=True), "past_key_values", None)
        if cache is None:
            return None
        cache = model(ids[:, -1:], past_key_values=cache, use_cache=True).past_key_values
    return getattr(cache, "self_attention_cache", cache)


def elements(cache: Any, family: str) -> int:
    """The elements of keys and values, or what replaces them, without states of fixed size."""
    total = 0
    for layer in cache.layers:
        parts = vars(layer)
        tensors = [parts.get("keys"), parts.get("indexer_keys")]
        tensors += parts.get("compressed_kv", {}).values()
        if family != "deepseek_v4":  # its values are its keys
            tensors.append(parts.get("values"))
        total += sum(tensor.numel() for tensor in tensors if tensor is not None)
    return total


def expected(spec: CacheSpec, tokens: int) -> int:
    """The calculated elements, as transformers keeps them between steps: windows less one token."""
    return sum(
        layer.elements(tokens)
        - (layer.elements_per_token if layer.window is not None and layer.window <= tokens else 0)
        for layer in spec.layers
    )
