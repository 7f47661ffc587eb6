"""Attention with rotary embeddings: MHA, GQA, MQA, and MLA in its two formulations.

Written to be read beside DeepSeek-V3's paper (arXiv 2412.19437, section 2.1.1) and GQA's
(arXiv 2305.13245). Suffixes of tensor names give their dimensions:
    B batch          T new tokens         S all tokens so far
    D hidden_size    H heads              K key-value heads    d head_dim (MLA: n + p)
    R kv_lora_rank   n qk_nope_head_dim   p qk_rope_head_dim   v v_head_dim    r q_lora_rank
`forward` of both kinds returns [B, T, D]. `rotary` is what `rotary_angles` returns for the new
tokens; `mask` [B or 1, 1, T, S] is True where a token may look, None stands for causal attention.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.nn.cache import Cache
from model.nn.config import LATENT_EPS, ModelConfig


class RMSNorm(nn.Module):
    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


def rotary_angles(positions_BT: Tensor, dim: int, theta: float) -> tuple[Tensor, Tensor]:
    """Cosines and sines [B, T, 1, dim/2] of rotary position embeddings (arXiv 2104.09864)."""
    frequencies = theta ** (-torch.arange(0, dim, 2, dtype=torch.float32) / dim)
    angles = positions_BT[:, :, None, None].float() * frequencies
    return angles.cos(), angles.sin()


def rotate(even: Tensor, odd: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate the pairs (even, odd); returns [evens, odds], as scores do not depend on the order."""
    cos, sin = cos.to(even.dtype), sin.to(even.dtype)
    return torch.cat((even * cos - odd * sin, odd * cos + even * sin), dim=-1)


class GroupedQueryAttention(nn.Module):
    """MHA, GQA or MQA, depending on `num_key_value_heads` (arXiv 2305.13245).

    In the Qwen2 family queries, keys and values have biases (arXiv 2309.16609, section 2.3).
    """

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        assert config.head_dim and config.partial_rotary_factor
        self.layer = layer
        self.head_dim = config.head_dim
        self.rope_dim = config.rope_dim
        D, H, K = config.hidden_size, config.num_attention_heads, config.num_key_value_heads
        bias = config.model_type == "qwen2"
        self.q_proj = nn.Linear(D, H * self.head_dim, bias=bias)
        self.k_proj = nn.Linear(D, K * self.head_dim, bias=bias)
        self.v_proj = nn.Linear(D, K * self.head_dim, bias=bias)
        self.o_proj = nn.Linear(H * self.head_dim, D, bias=False)

    def rope(self, x_BTHd: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
        """Rotate the first `rope_dim` features of each head, paired by halves as in GLM, Qwen."""
        rotated, plain = x_BTHd.split((self.rope_dim, self.head_dim - self.rope_dim), dim=-1)
        first, second = rotated.chunk(2, dim=-1)
        return torch.cat((rotate(first, second, *rotary), plain), dim=-1)

    def forward(
        self,
        x_BTD: Tensor,
        rotary: tuple[Tensor, Tensor],
        mask: Tensor | None,
        cache: Cache | None,
        absorb: bool,
    ) -> Tensor:
        heads = (*x_BTD.shape[:2], -1, self.head_dim)
        q_BTHd = self.rope(self.q_proj(x_BTD).view(heads), rotary)
        k_BTKd = self.rope(self.k_proj(x_BTD).view(heads), rotary)
        v_BTKd = self.v_proj(x_BTD).view(heads)
        k_BSKd, v_BSKd = k_BTKd, v_BTKd
        if cache is not None:
            held = cache.append(self.layer, k=k_BTKd, v=v_BTKd)
            k_BSKd, v_BSKd = held["k"], held["v"]
        out_BTHd = attend(q_BTHd, k_BSKd, v_BSKd, self.head_dim**-0.5, mask)
        return self.o_proj(out_BTHd.flatten(2))


class MultiHeadLatentAttention(nn.Module):
    """Multi-head latent attention (DeepSeek-V2 paper, section 2.1), in two equivalent forms.

    Naive: expand the latents into the keys and values of every head; cheaper per pair of tokens,
    for training and prefill. Absorbed: fold `W_UK` into the query and apply `W_UV` after the
    attention, which then works on the latents themselves; nothing is expanded, for decoding.
    """

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        assert config.kv_lora_rank and config.v_head_dim
        assert config.qk_nope_head_dim and config.qk_rope_head_dim
        self.layer = layer
        self.nope, self.pe, self.v = (
            config.qk_nope_head_dim,
            config.qk_rope_head_dim,
            config.v_head_dim,
        )
        self.rank, self.heads = config.kv_lora_rank, config.num_attention_heads
        D, H = config.hidden_size, self.heads
        self.q_lora_rank = config.q_lora_rank
        if self.q_lora_rank is None:
            self.q_proj = nn.Linear(D, H * (self.nope + self.pe), bias=False)
        else:
            self.q_a_proj = nn.Linear(D, self.q_lora_rank, bias=False)
            self.q_a_layernorm = RMSNorm(self.q_lora_rank, LATENT_EPS)
            self.q_b_proj = nn.Linear(self.q_lora_rank, H * (self.nope + self.pe), bias=False)
        self.kv_a_proj_with_mqa = nn.Linear(D, self.rank + self.pe, bias=False)
        self.kv_a_layernorm = RMSNorm(self.rank, LATENT_EPS)
        self.kv_b_proj = nn.Linear(self.rank, H * (self.nope + self.v), bias=False)
        self.o_proj = nn.Linear(H * self.v, D, bias=False)

    def queries(self, x_BTD: Tensor) -> tuple[Tensor, Tensor]:
        """Each head's query without and with position, not yet rotated (V3, equations 6 to 9)."""
        if self.q_lora_rank is None:
            q_BTHd = self.q_proj(x_BTD).unflatten(-1, (self.heads, -1))
        else:
            low_BTr = self.q_a_layernorm(self.q_a_proj(x_BTD))
            q_BTHd = self.q_b_proj(low_BTr).unflatten(-1, (self.heads, -1))
        q_BTHn, q_BTHp = q_BTHd.split((self.nope, self.pe), dim=-1)
        return q_BTHn, q_BTHp

    def forward(
        self,
        x_BTD: Tensor,
        rotary: tuple[Tensor, Tensor],
        mask: Tensor | None,
        cache: Cache | None,
        absorb: bool,
    ) -> Tensor:
        q_BTHn, q_BTHp = self.queries(x_BTD)
        latent_BTR, k_BTp = self.kv_a_proj_with_mqa(x_BTD).split((self.rank, self.pe), dim=-1)
        c_BTR = self.kv_a_layernorm(latent_BTR)
        # DeepSeek rotates neighbours (x0, x1), (x2, x3), ...
        q_BTHp = rotate(q_BTHp[..., 0::2], q_BTHp[..., 1::2], *rotary)
        k_BTp = rotate(k_BTp[:, :, None, 0::2], k_BTp[:, :, None, 1::2], *rotary)[:, :, 0]
        c_BSR, k_BSp = c_BTR, k_BTp
        if cache is not None:
            held = cache.append(self.layer, c_kv=c_BTR, k_pe=k_BTp)
            c_BSR, k_BSp = held["c_kv"], held["k_pe"]
        compute = self.absorbed if absorb else self.naive
        return self.o_proj(compute(q_BTHn, q_BTHp, c_BSR, k_BSp, mask).flatten(2))

    def naive(
        self, q_BTHn: Tensor, q_BTHp: Tensor, c_BSR: Tensor, k_BSp: Tensor, mask: Tensor | None
    ) -> Tensor:
        """Expand the keys and values of all heads, then attend as usual; returns [B, T, H, v]."""
        kv = self.kv_b_proj(c_BSR).unflatten(-1, (self.heads, -1))
        k_BSHn, v_BSHv = kv.split((self.nope, self.v), dim=-1)
        shared_BSHp = k_BSp[:, :, None].expand(-1, -1, self.heads, -1)
        q, k = torch.cat((q_BTHn, q_BTHp), -1), torch.cat((k_BSHn, shared_BSHp), -1)
        return attend(q, k, v_BSHv, (self.nope + self.pe) ** -0.5, mask)

    def absorbed(
        self, q_BTHn: Tensor, q_BTHp: Tensor, c_BSR: Tensor, k_BSp: Tensor, mask: Tensor | None
    ) -> Tensor:
        """Attend over the latents, which serve all heads as keys and values; returns [B, T, H, v].

        Scores are the sum of a latent and a rotary part, as in DeepSeek's own inference code.
        """
        w_uk_HnR, w_uv_HvR = self.kv_b_proj.weight.view(self.heads, -1, self.rank).split(
            (self.nope, self.v), dim=1
        )
        q_BTHR = torch.einsum("bthn,hnr->bthr", q_BTHn, w_uk_HnR)
        scores_BHTS = torch.einsum("bthr,bsr->bhts", q_BTHR, c_BSR)
        scores_BHTS = scores_BHTS + torch.einsum("bthp,bsp->bhts", q_BTHp, k_BSp)
        scale = (self.nope + self.pe) ** -0.5  # the expanded key's width, not the latent's
        if mask is None and q_BTHn.shape[1] > 1:
            mask = torch.ones(q_BTHn.shape[1], c_BSR.shape[1], dtype=torch.bool).tril()
        if mask is not None:
            scores_BHTS = scores_BHTS.masked_fill(~mask, -torch.inf)
        weights_BHTS = (scores_BHTS * scale).float().softmax(-1).to(c_BSR.dtype)
        o_BTHR = torch.einsum("bhts,bsr->bthr", weights_BHTS, c_BSR)
        return torch.einsum("bthr,hvr->bthv", o_BTHR, w_uv_HvR)


PART = 96  # queries per block of causal attention


def attend(
    q_BTHd: Tensor, k_BSKd: Tensor, v_BSKv: Tensor, scale: float, mask: Tensor | None
) -> Tensor:
    """Softmax attention [B, T, H, v]; K key-value heads serve H query heads.

    `mask` [B or 1, 1, T, S] is true where a query may attend; None means causal with T = S, or a
    single query that attends to everything.
    """
    T = q_BTHd.shape[1]
    if mask is None and T > 2 * PART:  # in blocks: PyTorch's kernel also computes masked scores
        seen_TT = torch.ones(T, T, dtype=torch.bool).tril()
        parts = [slice(start, min(start + PART, T)) for start in range(0, T, PART)]
        return torch.cat(
            [
                attend(
                    q_BTHd[:, part],
                    k_BSKd[:, : part.stop],
                    v_BSKv[:, : part.stop],
                    scale,
                    seen_TT[None, None, part, : part.stop],
                )
                for part in parts
            ],
            dim=1,
        )
    # PyTorch's fast kernel needs values as wide as keys; the padding is cut off again below
    width = v_BSKv.shape[-1]
    wide_BSKd = F.pad(v_BSKv, (0, max(0, k_BSKd.shape[-1] - width)))
    o_BTHd = F.scaled_dot_product_attention(
        q_BTHd.transpose(1, 2),
        k_BSKd.transpose(1, 2),
        wide_BSKd.transpose(1, 2),
        attn_mask=mask,
        is_causal=mask is None and T > 1,
        scale=scale,
        enable_gqa=q_BTHd.shape[2] != k_BSKd.shape[2],
    ).transpose(1, 2)
    return o_BTHd[..., :width]
