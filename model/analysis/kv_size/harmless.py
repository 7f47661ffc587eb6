"""Names of fields that do not affect the cache in any family.

Those of a single family are in the reference file under "own": fields of its class in transformers,
with whose caches the tests compare the sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: A field whose last word is one of these is a property, never the size of anything cached.
ENDINGS = {
    "dropout", "drop", "pdrop", "prob", "layerdrop", "bias", "biases", "eps", "epsilon", "act",
    "activation", "softcap", "softcapping", "theta", "temperature", "loss", "coef", "coeff",
    "coefficient", "dtype", "impl", "implementation", "init", "initializer", "std", "norm",
    "norms", "layernorm", "token", "fp",
}  # fmt: skip
#: A field whose name has one of these words, and none about the cache, is about something else.
TOPICS = {
    "moe", "mlp", "ffn", "ff", "expert", "experts", "router", "routed", "routing", "topk", "vocab",
    "rope", "rotary", "position", "positions", "embedding", "embeddings", "embd", "emb", "token",
    "tokens", "tokenizer", "bos", "eos", "pad", "sep", "image", "images", "video", "videos",
    "vision", "visual", "audio", "speech", "mel", "loss", "losses", "aux", "dropout", "logit",
    "logits", "dtype", "torch", "transformers", "version", "name", "intermediate", "dense",
    "initializer", "label", "labels", "beam", "beams", "length", "softcap", "scale", "scaling",
    "norm", "init", "act", "activation", "training", "gradient", "projector", "adapter", "spatial",
    "temporal", "patch", "multimodal", "sampling", "lm", "tie", "yarn",
}  # fmt: skip
#: Sections that are entirely about something else.
SECTIONS = {
    "rope_scaling", "rope_parameters", "quantization_config", "quantization", "generation_config",
    "id2label", "label2id", "task_specific_params", "auto_map", "compression_config",
    "ffn_config", "init_config", "rope_config", "custom_pipelines",
    "norm_config", "lora_config", "tokenizer_config", "processor_config", "moe_config",
    "ssm_cfg", "embd_layer", "img_processor", "audio_processor", "speech_lora", "vision_lora",
}  # fmt: skip
HARMLESS = {
    # what the file is
    "architectures", "model_type", "auto_map", "transformers_version", "_name_or_path",
    "_commit_hash", "_attn_implementation", "_attn_implementation_autoset", "attn_implementation",
    "_flash_attn_2_enabled", "_experts_implementation", "_diffusers_version", "library_name",
    # how it is run
    "use_cache", "output_attentions", "output_hidden_states", "return_dict", "torchscript",
    "use_bfloat16", "pretraining_tp", "chunk_size_feed_forward", "use_flash_attn",
    "use_flash_attention", "flash_attention", "use_flash_attn_v2", "softmax_in_fp32",
    "attention_softmax_in_fp32", "attn_softmax_bf16", "attention_dropout", "use_kernels",
    "use_cache_quantization", "use_cache_kernel", "use_dynamic_ntk", "use_logn_attn",
    "fp32_residual_connection", "reorder_and_upcast_attn", "residual_in_fp32", "onnx_safe",
    "use_mamba_kernels", "use_mambapy", "use_associative_scan", "is_causal", "fused",
    # how attention is computed, on the same keys and values
    "attention_multiplier", "attention_scale", "attention_value_scale", "attn_scale",
    "key_multiplier", "residual_multiplier", "query_pre_attn_scalar", "logit_scale",
    "scale_attn_weights", "scale_attn_by_inverse_layer_idx", "attention_probs_dropout_prob",
    "qk_layernorm", "use_qk_norm", "qk_norm", "qkv_bias", "clip_qkv", "alibi", "parallel_attn",
    "use_parallel_residual", "q_lora_rank", "o_lora_rank", "o_groups", "q_head_dim",
    "attention_q_lora_dim", "index_n_heads", "index_topk",
    "attn_temperature_tuning", "attn_temperature_len", "attn_output_multiplier", "max_attn_value",
    "flash_attn", "skip_bias_add_qkv", "attn_qk_ln", "norm_head", "reset_attention_mask",
    "use_head_wise_attn_gate", "share_q_dim", "mla_use_nope", "mla_scale_kv_lora",
    "mla_scale_q_lora", "attention_projection_layout", "attn_rotary_emb", "pad_key_length",
    "pre_allocate_kv_cache", "parallel_attn_mlp_res", "tie_embeddings",
    "apply_query_key_layer_scaling", "layer_norm_epsilon",
    "apply_residual_connection_post_layernorm",
    "rope_interleave", "use_attention_gate", "attn_output_gate", "use_attention_sinks",
    "relative_attention_max_distance", "relative_attention_num_buckets", "attention_sink",
    "attn_use_output_gate", "attn_use_rope", "post_layer_norm", "do_layer_norm_before",
    "apply_layernorm_1p", "layer_norm_type", "group_norm_size", "linear_silu",
    # layers without attention, and the states of fixed size that the notes mention
    "n_group", "topk_group", "n_groups", "n_shared_experts", "num_shared_experts",
    "n_routed_experts", "moe_num_shared_experts", "moe_shared_expert_intermediate_size",
    "shared_expert_intermediate_size", "shared_intermediate_size", "num_expert_group",
    "first_k_dense_replace", "decoder_sparse_step", "mlp_only_layers", "moe_layer_freq",
    "moe_layer_interval", "moe_layer_start_index", "moe_layer_end_index", "moe_layers",
    "moe_layers_enum", "moe_top_k", "moe_layer_frequency", "moe_2layer_gate", "moe_group",
    "experts_shared_frequency", "moe_router_enable_shared_expert", "num_experts_per_group",
    "num_expert_groups", "num_limited_groups", "n_expert_groups", "n_limited_groups",
    "mamba_inner_layernorms", "mamba_use_mlp",
    "use_shared_mlp_adapter", "conv_dimension", "conv_dim", "conv_dim_out", "block_mlp_init_scale",
    "block_out_init_scale", "block_use_swiglu",
    "interleave_moe_layer_step", "expert_layer_period", "expert_layer_offset",
    "num_dense_layers", "n_dense_layers", "moe_k", "share_expert_dim", "moe_num_experts",
    "chunk_size", "conv_kernel", "conv_bias", "state_size", "expand", "mamba_chunk_size",
    "mamba_conv_bias", "mamba_d_conv", "mamba_d_head", "mamba_d_ssm", "mamba_dt_rank",
    "mamba_expand", "mamba_head_dim", "mamba_headdim", "mamba_hidden_act", "mamba_n_groups",
    "mamba_ngroups", "mamba_norm_before_gate", "mamba_proj_bias", "mamba_rms_norm",
    "linear_conv_kernel_dim", "linear_head_dim", "linear_key_head_dim", "linear_value_head_dim",
    "linear_num_value_heads", "time_step_floor", "time_step_limit", "time_step_max",
    "time_step_min", "time_step_rank", "short_conv_kernel_size", "block_auto_adjust_ff_dim",
    "block_ffn_dim_multiplier", "block_multiple_of", "block_dim", "block_ff_dim",
    "attn_mode", "expand_k", "expand_v", "use_short_conv", "conv_size",
    "a_low_rank_dim", "decay_low_rank_dim", "gate_low_rank_dim", "v_low_rank_dim",
    "hidden_ratio", "fuse_norm", "fuse_cross_entropy",
    # the rest of the model
    "tie_word_embeddings", "hidden_act", "hidden_activation", "hidden_dropout_prob",
    "hidden_size_per_layer_input", "vocab_size_per_layer_input", "num_local_experts",
    "add_cross_attention", "cross_attention_hidden_size", "tie_encoder_decoder",
    "encoder_layers", "encoder_attention_heads", "encoder_ffn_dim", "encoder_layerdrop",
    "decoder_layerdrop", "decoder_ffn_dim", "num_encoder_layers", "d_ff", "ffn_hidden_size",
    "hidden_dim", "n_inner", "dff", "ffn_dim", "feed_forward_proj", "n_ctx", "max_seq_len",
    "max_sequence_length", "seq_len", "model_max_length", "summary_type", "summary_use_proj",
    "summary_first_dropout", "summary_proj_to_logits", "hc_mult", "swiglu_limit",
    "padded_vocab_size",
    "num_hidden_groups", "layer_scale_init_value", "hidden_dropout", "resid_pdrop", "problem_type",
    "scoring_func", "finetuning_task", "num_sliding_attention_heads", "is_decoder",
    "is_encoder_decoder", "qk_ln", "alibi_bias_max",
    "attn_uses_sequence_id", "prefix", "cross_attention_norm", "is_encoder", "multiple_of",
    "layer_norm_elementwise_affine", "rmsnorm", "post_layer_norms", "lm_head", "rm_head",
    "global_view_pos", "rope_local_base_freq", "tied_embeddings", "use_embedding_sharing",
    "num_shared_expert", "group_limited_greedy", "add_classification_head", "is_moe_layer",
    "moe_layer_num_skipped", "mtp_transformer_layers", "use_backbone_lora", "use_llm_lora",
    "select_layer", "mm_vision_select_layer",
}  # fmt: skip
MINIMAX = {
    "layernorm_full_attention_alpha", "layernorm_full_attention_beta",
    "layernorm_linear_attention_alpha", "layernorm_linear_attention_beta", "layernorm_mlp_alpha",
    "layernorm_mlp_beta", "postnorm", "shared_moe_mode",
}  # fmt: skip
RWKV = {
    "head_size_divisor", "rescale_every", "gate_rank_type", "max_window_layers", "lora_rank_decay",
    "lora_rank_tokenshift", "groupnorm_att", "attention_hidden_size",
}  # fmt: skip
#: Additional harmless fields of families that transformers does not have, or whose files on the hub
#: have other fields than its class. The reader knows how they cache.
ELSEWHERE: Mapping[str, set[str]] = MappingProxyType(
    {
        "openelm": {
            "num_gqa_groups", "qkv_multipliers", "ffn_multipliers", "share_input_output_layers",
            "normalize_qk_projections", "ffn_dim_divisor", "ffn_with_glu",
        },
        "chatglm": {
            "add_qkv_bias", "add_bias_linear", "interleaved_qkv", "prefix_projection",
            "pre_seq_len", "kv_channels", "original_rope", "quantization_bit", "inner_hidden_size",
        },
        "qwen": {
            "no_bias", "fp", "bf16", "fp16", "fp32", "use_cache_quantization", "kv_channels",
            "scale_attn_weights",
        },
        "phi3small": {
            "blocksparse_block_size", "blocksparse_homo_head_pattern", "gegelu_limit",
            "blocksparse_num_local_blocks", "blocksparse_vert_stride", "mup_attn_multiplier",
            "blocksparse_triton_kernel_block_size", "dense_attention_every_n_layers",
        },
        "plamo2": {
            "mamba_enabled", "mamba_num_heads", "linear_type", "image_feature_size",
            "use_predefined_initial_state", "eval_attention_n_bit", "eval_mlp_n_bit", "k_expert",
            "n_expert", "sparse_step", "group_size",
        },
        "huginn_raven": {"block_size", "effective_expected_depth", "mean_backprop_depth"},
        "hf_olmo": {"block_type", "block_group_size"},
        "stripedhyena": {
            "hyena_layer_idxs", "hyena_filter_groups", "num_filters", "short_filter_length",
            "column_split", "column_split_hyena", "smeared_gqa", "split_k0", "state_size",
        },
        "rwkv5": RWKV,
        "rwkv6": RWKV,
        "rwkv6qwen2": RWKV,
        "minimax_text_01": MINIMAX,
        "minimax_m1": MINIMAX,
        "cohere2": {"layer_switch", "order_of_interleaved_layers", "use_parallel_block"},
        "baichuan_m1": {"conv_window"},
        "ouro": {"early_exit_threshold"},
        "rwkv7": {"value_dim", "attention_hidden_size"},
        "pangu_ultra_moe": {"attention_qk_dim"},
        **{
            family: set()
            for family in (
                "aquila", "baichuan", "bailing_moe", "bailing_moe_linear", "deci", "deepseek",
                "deepseek_vl_v2", "exaone", "hypothetical_mha", "internlm", "internlm2", "kclgpt",
                "kimi_k2", "mimo_v2", "minicpm", "minicpm_sala", "nemotron-nas", "orion",
                "phi3_v", "phi4flash", "phi4mm", "plamo", "RefinedWeb", "RefinedWebModel",
                "smallthinker", "stablelm_epoch", "step3_text", "xverse", "yuan",
            )
        },
    }
)  # fmt: skip
