"""The attention weights of every head and layer, which fused attention does not return.

Suffixes as in `attention`: B batch (1 here), T tokens, D hidden_size, H heads, d a key's width;
L layers.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model.nn.attention import (
    GroupedQueryAttention,
    MultiHeadLatentAttention,
    rotary_angles,
    rotate,
)
from model.nn.network import Block, Transformer


@torch.inference_mode()
def attention_weights(model: Transformer, ids: list[int]) -> Tensor:
    """Attention weights [L, H, T, T] of one sequence; rows are queries and sum to 1."""
    config = model.config
    ids_BT = torch.tensor([ids])
    rotary = rotary_angles(torch.arange(len(ids))[None], config.rope_dim, config.rope_theta)
    later = torch.ones(len(ids), len(ids), dtype=torch.bool).triu(1)
    x_BTD = model.model.embed_tokens(ids_BT)
    found = []
    for block in model.model.layers:
        assert isinstance(block, Block)
        q_BTHd, k_BTHd = _queries_keys(block.self_attn, block.input_layernorm(x_BTD), rotary)
        scores_HTT = torch.einsum("qhd,khd->hqk", q_BTHd[0], k_BTHd[0]) * q_BTHd.shape[-1] ** -0.5
        found.append(scores_HTT.masked_fill(later, -torch.inf).softmax(-1))
        x_BTD = block(x_BTD, rotary, None, None, False, None)
    return torch.stack(found)


def _queries_keys(
    attention: GroupedQueryAttention | MultiHeadLatentAttention,
    x_BTD: Tensor,
    rotary: tuple[Tensor, Tensor],
) -> tuple[Tensor, Tensor]:
    """Queries and keys [B, T, H, d] of all heads, rotated; shared keys are repeated."""
    if isinstance(attention, GroupedQueryAttention):
        shape = (*x_BTD.shape[:2], -1, attention.head_dim)
        q = attention.rope(attention.q_proj(x_BTD).view(shape), rotary)
        k = attention.rope(attention.k_proj(x_BTD).view(shape), rotary)
        return q, k.repeat_interleave(q.shape[2] // k.shape[2], dim=2)
    q_nope, q_pe = attention.queries(x_BTD)
    latent, k_pe = attention.kv_a_proj_with_mqa(x_BTD).split((attention.rank, attention.pe), dim=-1)
    kv = attention.kv_b_proj(attention.kv_a_layernorm(latent)).unflatten(-1, (attention.heads, -1))
    q_pe = rotate(q_pe[..., 0::2], q_pe[..., 1::2], *rotary)
    k_pe = rotate(k_pe[:, :, None, 0::2], k_pe[:, :, None, 1::2], *rotary)
    k = torch.cat((kv[..., : attention.nope], k_pe.expand(-1, -1, attention.heads, -1)), -1)
    return torch.cat((q_nope, q_pe), -1), k
