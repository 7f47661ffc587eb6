"""The model card that records of our own models carry."""

from __future__ import annotations

from model.nn.config import ModelConfig
from model.record.card import ModelCard


def card(config: ModelConfig, name: str) -> ModelCard:
    """The card of a model with this config and a float32 cache."""
    head_dim = config.head_dim
    if config.is_mla:
        head_dim = (config.qk_nope_head_dim or 0) + (config.qk_rope_head_dim or 0)
    return ModelCard(
        name=name,
        attention=config.attention,
        cache_dtype="float32",
        max_position_embeddings=config.max_position_embeddings,
        hidden_size=config.hidden_size,
        num_hidden_layers=config.num_hidden_layers,
        moe_layers=tuple(config.moe_layers),
        n_routed_experts=config.n_routed_experts or 0,
        num_experts_per_tok=config.num_experts_per_tok or 0,
        n_shared_experts=config.n_shared_experts or 0,
        n_group=config.n_group,
        topk_group=config.topk_group,
        routed_scaling_factor=config.routed_scaling_factor,
        norm_topk_prob=config.norm_topk_prob,
        num_attention_heads=config.num_attention_heads,
        num_key_value_heads=config.num_key_value_heads,
        head_dim=head_dim,
        v_head_dim=config.v_head_dim or head_dim,
        kv_lora_rank=config.kv_lora_rank,
        qk_rope_head_dim=config.qk_rope_head_dim,
    )
