"""The field names under which configs state what a cache depends on, with the families using them.

All reading goes through this table: code asks for a fact and gets the field that states it.
`unread.py` judges the fields that are left. Names are those of transformers 5.23 and of the
configuration files of models outside of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

MOST = "most families"

#: Fact -> field -> families that use it. The first field that is set counts; others must agree.
FACTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "layers": {
            "num_hidden_layers": MOST,
            "n_layer": "gpt2, gptj, bloom, codegen, xlnet, RefinedWebModel",
            "n_layers": "mpt, dbrx, xlm; params.json of Meta and Mistral",
            "num_layers": "t5, gpt_neo, chatglm, exaone, xglm",
            "num_transformer_layers": "openelm",
        },
        "decoder_layers": {
            "num_decoder_layers": "t5 and its kin, prophetnet",
            "decoder_layers": "bart, whisper and their kin",
            "decoder_num_hidden_layers": "moonshine",
        },
        "heads": {
            "num_attention_heads": MOST,
            "n_head": "gpt2, gptj, bloom, codegen, RefinedWebModel",
            "n_heads": "mpt, dbrx, xlm; params.json of Meta and Mistral",
            "num_heads": "t5, gpt_neo, exaone",
            "attention_heads": "xglm, kosmos-2",
            "num_q_heads": "grok-1",
            "num_query_heads": "openelm (a list with one entry per layer)",
            "num_attention_heads_per_layer": "laguna (a list)",
        },
        "decoder_heads": {
            "decoder_attention_heads": "bart, whisper and their kin",
            "num_decoder_attention_heads": "prophetnet",
            "decoder_num_attention_heads": "moonshine",
        },
        "hidden": {
            "hidden_size": MOST,
            "n_embd": "gpt2, gptj, codegen",
            "n_embed": "bloom",
            "d_model": "t5, bart, mpt, dbrx, xlnet",
            "model_dim": "openelm",
            "emb_dim": "xlm",
            "emb_size": "grok-1",
            "dim": "params.json of Meta and Mistral",
        },
        "attention_width": {"attention_projection_size": "yuan"},
        "head_dim": {
            "head_dim": MOST,
            "attention_head_dim": "zamba, zamba2",
            "kv_channels": "chatglm, qwen, zamba2; Megatron",
            "d_kv": "t5 and its kin",
            "dim_head": "cpmant",
            "hidden_size_per_head": "plamo2",
            "head_size": "LitGPT",
            "key_size": "grok-1",
        },
        "v_head_dim": {
            "v_head_dim": "deepseek_v2, deepseek_v3 and their kin, mimo_v2_flash",
            "attention_v_dim": "pangu_ultra_moe",
        },
        "kv_heads": {
            "num_key_value_heads": MOST,
            "num_key_value_heads_per_layer": "deci (a list with one entry per layer)",
            "num_kv_heads": "falcon, dbrx, openelm, the fla library",
            "n_kv_heads": "params.json of Meta and Mistral",
            "n_head_kv": "RefinedWeb, RefinedWebModel",
            "num_attention_groups": "step3p5, step3_text",
            "multi_query_group_num": "chatglm",
            "num_query_groups": "codeshell (kclgpt), zamba2; Megatron",
            "n_query_groups": "LitGPT",
            "kv_heads": "x-transformers",
            "n_kv_head": "nanochat",
            "num_heads_kv": "mamba_ssm",
            "kv_n_heads": "MosaicML's attn_config",
            "num_multi_query_heads": "cogvlm2",
            "decoder_num_key_value_heads": "moonshine",
        },
        "kv_lora_rank": {
            "kv_lora_rank": "deepseek_v2, deepseek_v3, minicpm3 and their kin",
            "attention_kv_lora_dim": "pangu_ultra_moe",
        },
        "qk_rope_head_dim": {
            "qk_rope_head_dim": "deepseek_v2, deepseek_v3, minicpm3 and their kin",
            "attention_qk_rope_dim": "pangu_ultra_moe",
        },
        "qk_nope_head_dim": {
            "qk_nope_head_dim": "deepseek_v2, deepseek_v3, minicpm3 and their kin",
        },
        "window": {
            "sliding_window": MOST,
            "sliding_window_size": "inkling_text, mimo_v2_flash",
            "attention_window_size": "recurrent_gemma, plamo2",
            "window_size": "the fla library, gpt_neo",
            "interleaved_sliding_window": "vLLM's reading of Mistral's params.json",
        },
        "chunk": {"attention_chunk_size": "llama4_text"},
        "mtp": {
            "num_nextn_predict_layers": "deepseek_v3 and its kin",
            "num_mtp_layers": "inkling_text, mimo",
            "mtp_num_hidden_layers": "qwen3_5, qwen3_next",
            "mtp_num_layers": "Megatron",
            "num_mtp_modules": "minimax_m2",
        },
    }
)

#: Facts that the words in a field's name suggest, for families that transformers does not have: the
#: name needs a word from each of the first sets, and may only have others from the last.
WORDS: Mapping[str, tuple[tuple[set[str], ...], set[str]]] = MappingProxyType(
    {
        "kv_heads": (
            ({"kv", "kvs", "key"}, {"kv", "kvs", "value"}, {"head", "heads"}),
            {"num", "n", "number", "of", "count", "total", "attention", "attn", "values", "keys"},
        ),
        "head_dim": (
            ({"head", "heads"}, {"d", "dim", "size", "width", "channels"}),
            {"attention", "attn", "per", "hidden", "each", "of"},
        ),
        "v_head_dim": (
            ({"v", "value"}, {"head", "attention", "attn"}, {"dim", "size", "width"}),
            set(),
        ),
        "kv_lora_rank": (
            ({"kv"}, {"lora", "latent", "compression", "compressed"}, {"rank", "dim", "size"}),
            {"attention", "attn"},
        ),
        "qk_rope_head_dim": (
            ({"rope", "rotary"}, {"qk", "k", "key", "head"}, {"dim", "size"}),
            {"attention", "attn"},
        ),
        "window": (
            ({"window", "windows"},),
            {"sliding", "local", "attention", "attn", "size", "length", "len", "width", "tokens"},
        ),
    }
)

#: The field of a fact in a single family, or the one that counts if a family has several.
OWN_FIELD: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("zamba", "head_dim"): "attention_head_dim",
        ("zamba2", "head_dim"): "attention_head_dim",
        ("zamba2", "kv_heads"): "num_key_value_heads",
        ("falcon", "kv_heads"): "num_kv_heads",
        ("kosmos_2_text_model", "hidden"): "embed_dim",
        ("kosmos_2_text_model", "layers"): "layers",
        ("kosmos_2_5_text_model", "hidden"): "embed_dim",
        ("kosmos_2_5_text_model", "layers"): "layers",
    }
)

#: Sections of multimodal files with the model that has the KV cache.
NESTED = (
    "text_config", "llm_config", "language_config", "thinker_config", "text_model_config",
    "language_model_config", "lm_config", "model_config", "llm", "llm_cfg", "text_cfg", "decoder",
    "decoder_config",
)  # fmt: skip
#: Sections with models that have none, or one of their own.
OTHER_MODELS = (
    "vision_config", "audio_config", "visual", "vision_tower_config", "vision_encoder_config",
    "vit_config", "video_config", "speech_config", "encoder", "qformer_config", "projector_config",
    "perceiver_config", "talker_config", "code2wav_config", "token2wav_config", "vq_config",
    "image_config", "vision_tower", "audio_encoder_config", "audio_encoder", "vision_encoder",
    "sam_config", "connector_config", "audio_tower_config", "depth_decoder_config",
    "codec_config", "aligner_config", "gen_vision_config", "gen_aligner_config", "gen_head_config",
    "tts_config",
)  # fmt: skip

#: Fields that determine layer kinds: a list or string for all layers, the indices of some, or a
#: period. A list that covers every layer overrides the others.
KINDS_OF_LAYERS = (
    "layer_types", "layers_block_type", "attn_type_list", "block_types",
    "hybrid_override_pattern", "hybrid_layer_pattern", "compress_ratios", "mixer_types",
    "sliding_window_layout", "sliding_window_layers",
    "no_rope_layers", "attn_layer_indices", "attn_layer_idx", "attn_layer_idxs", "full_attn_idxs",
    "full_attention_idx", "mamba_step",
    "hybrid_layer_ids", "attn_layer_period", "attn_layer_offset", "full_attention_interval",
    "layer_group_size", "sliding_window_pattern", "_sliding_window_pattern",
    "global_attn_every_n_layers", "no_rope_layer_interval", "max_window_layers",
    "use_sliding_window", "prefix_dense_sliding_window_pattern", "local_layer_ids",
)  # fmt: skip
#: Sizes of layers with a state of fixed size instead of a KV cache.
STATE_SIZES = (
    "mamba_d_state", "mamba_num_heads", "mamba_n_heads", "ssm_state_size", "conv_L_cache",
    "linear_num_key_heads", "linear_num_heads", "linear_attn_config", "lru_width",
    "lightning_nh", "lightning_nkv", "lightning_head_dim",
)  # fmt: skip
#: Other widths of such layers, which alone do not tell where they are.
STATE_WIDTHS = (
    "state_size", "conv_kernel", "mamba_expand", "mamba_headdim", "mamba_head_dim", "mamba_d_head",
    "mamba_d_conv", "mamba_d_ssm", "mamba_dt_rank", "linear_key_head_dim", "linear_value_head_dim",
    "linear_num_value_heads", "linear_conv_kernel_dim", "linear_head_dim",
)  # fmt: skip
#: Fields that arrange layers of other kinds, or share keys and values among heads or layers. A
#: family's class reads some of them and ignores the others; all classes read `layer_types`.
ARRANGES = (
    *KINDS_OF_LAYERS[1:], "block_configs", "cross_attention_layers", "attn", "attn_cfg", "ssm_cfg",
    "linear_attn_config", "num_kv_shared_layers", "use_cla", "cla_share_factor", "attn_config",
    "attention_head_type", "multi_query", "multi_query_attention", "group_query_attention",
    "n_shared_head", "attention_other_setting", "use_mla", "attention_k_eq_v", "global_head_dim",
    "num_global_key_value_heads", "indexer_head_dim", "use_bidirectional_attention",
)  # fmt: skip
#: All fields that the reader may ask for, besides those of FACTS.
LAYOUT = (
    *KINDS_OF_LAYERS, *STATE_SIZES, "block_configs", "cross_attention_layers", "attn", "attn_cfg",
    "ssm_cfg", "mb_per_layer", "n_layers_in_prelude", "n_layers_in_recurrent_block",
    "n_layers_in_coda", "mean_recurrence", "num_layers_per_stack", "H_cycles", "L_cycles",
    "local_attention",
    # heads and widths of some layers
    "attn_config", "attention_head_type", "multi_query", "multi_query_attention",
    "new_decoder_architecture",
    "group_query_attention", "n_shared_head", "attention_other_setting", "per_layer_config",
    "global_head_dim", "num_global_key_value_heads", "attention_k_eq_v",
    "swa_num_key_value_heads", "swa_num_attention_heads", "swa_head_dim", "swa_v_head_dim",
    "num_swa_key_value_heads", "num_swa_attention_heads", "total_ut_steps",
    "use_mla",
    # what is shared, compressed or looked up
    "num_kv_shared_layers", "kv_source_layers", "use_cla", "cla_share_factor",
    "index_head_dim", "indexer_types", "indexer_head_dim", "indexer_kv_heads",
    "index_topk_freq", "index_topk_pattern", "index_skip_topk_offset", "index_kpool",
    "use_dsa", "swa_kv_lora_rank", "swa_qk_nope_head_dim", "swa_qk_rope_head_dim",
    "compress_rates", "compress_rate_csa", "compress_rate_hca",
    "use_bidirectional_attention", "is_decoder", "is_encoder_decoder",
)  # fmt: skip


#: A word in a name: capitals, a capital and the letters after it, or lower-case letters.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
#: Words that are often written as one.
_JOINED = {
    "kvheads": ("kv", "heads"), "kvhead": ("kv", "head"), "nkv": ("n", "kv"),
    "nheads": ("n", "heads"), "nhead": ("n", "head"), "headdim": ("head", "dim"),
    "headsize": ("head", "size"), "hdim": ("head", "dim"), "dhead": ("d", "head"),
    "kvh": ("kv", "heads"), "ckv": ("c", "kv"), "dc": ("d", "c"), "multiquery": ("multi", "query"),
}  # fmt: skip
#: A name without any of these cannot suggest a fact of WORDS.
_HINTS = re.compile(r"head|kv|window|att|rope|rotary", re.IGNORECASE)


def words(name: str) -> Sequence[str]:
    """The lower-case words of a field's name: kv, heads for "kvHeads", "KVHeads" and "kv_heads"."""
    found = (word.lower() for word in _WORD.findall(name[:200]))
    return [part for word in found for part in _JOINED.get(word, (word,))]


def by_words(name: str) -> str:
    """The fact of WORDS that a field's name suggests, or ""."""
    if not _HINTS.search(name, 0, 200):
        return ""
    said = set(words(name))
    for fact, (needed, allowed) in WORDS.items():
        if all(said & one for one in needed) and said <= allowed.union(*needed):
            return fact
    return ""
