"""The whole forward pass on one page: DeepSeekMoE with MLA, and MHA, GQA, MQA to compare.

Written to be read beside DeepSeek-V3's paper (arXiv 2412.19437, section 2.1). Module names are
those of the checkpoints, so that state dicts are transformers' own.

Suffixes of tensor names give their dimensions:
    B batch          T new tokens      S all tokens so far   N = B*T tokens in a row
    D hidden_size    H heads           K key-value heads     d head_dim
    R kv_lora_rank   n qk_nope_head_dim   p qk_rope_head_dim   v v_head_dim
    E routed experts k experts per token  F expert's inner width
"""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.cache import Cache
from model.config import ModelConfig


class Tap(Protocol):
    """Somebody who listens to the gates. A forward pass without a tap records nothing."""

    def gate(
        self, layer: int, ids_Nk: Tensor, weights_Nk: Tensor, scores_NE: Tensor, bias_E: Tensor
    ) -> None:
        """One gate's choice for N tokens: ids, weights, scores before the bias, and the bias."""


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
    """Rotate pairs (even, odd) and lay them out as [evens, odds]; scores do not see the order."""
    cos, sin = cos.to(even.dtype), sin.to(even.dtype)
    return torch.cat((even * cos - odd * sin, odd * cos + even * sin), dim=-1)


class GroupedQueryAttention(nn.Module):
    """MHA, GQA and MQA: one class, `num_key_value_heads` tells which (arXiv 2305.13245)."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        assert config.head_dim and config.partial_rotary_factor
        self.layer = layer
        self.head_dim = config.head_dim
        self.rope_dim = config.rope_dim
        D, H, K = config.hidden_size, config.num_attention_heads, config.num_key_value_heads
        self.q_proj = nn.Linear(D, H * self.head_dim, bias=False)
        self.k_proj = nn.Linear(D, K * self.head_dim, bias=False)
        self.v_proj = nn.Linear(D, K * self.head_dim, bias=False)
        self.o_proj = nn.Linear(H * self.head_dim, D, bias=False)

    def rope(self, x_BTHd: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
        """Rotate the first part of each head; halves are the pairs, as in GLM and Llama."""
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
        if cache is not None:
            held = cache.append(self.layer, k=k_BTKd, v=v_BTKd)
            k_BTKd, v_BTKd = held["k"], held["v"]
        out_BTHd = attend(q_BTHd, k_BTKd, v_BTKd, self.head_dim**-0.5, mask)
        return self.o_proj(out_BTHd.flatten(2))


class MultiHeadLatentAttention(nn.Module):
    """MLA (DeepSeek-V2 paper, section 2.1): two ways to compute the same thing.

    Naive: expand the latents into every head's keys and values. Cheap per pair of tokens, so it
    serves training and prefill. Absorbed: move `W_UK` into the query and `W_UV` behind the
    attention, and attend in the latent itself: nothing is expanded, so it serves decoding.
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
        eps = 1e-6  # of the latents' norms, whatever rms_norm_eps is: as in DeepSeek's own code
        self.q_lora_rank = config.q_lora_rank
        if self.q_lora_rank is None:
            self.q_proj = nn.Linear(D, H * (self.nope + self.pe), bias=False)
        else:
            self.q_a_proj = nn.Linear(D, self.q_lora_rank, bias=False)
            self.q_a_layernorm = RMSNorm(self.q_lora_rank, eps)
            self.q_b_proj = nn.Linear(self.q_lora_rank, H * (self.nope + self.pe), bias=False)
        self.kv_a_proj_with_mqa = nn.Linear(D, self.rank + self.pe, bias=False)
        self.kv_a_layernorm = RMSNorm(self.rank, eps)
        self.kv_b_proj = nn.Linear(self.rank, H * (self.nope + self.v), bias=False)
        self.o_proj = nn.Linear(H * self.v, D, bias=False)

    def queries(self, x_BTD: Tensor) -> tuple[Tensor, Tensor]:
        if self.q_lora_rank is None:
            q = self.q_proj(x_BTD)
        else:
            q = self.q_b_proj(self.q_a_layernorm(self.q_a_proj(x_BTD)))
        q_BTHn, q_BTHp = q.unflatten(-1, (self.heads, -1)).split((self.nope, self.pe), dim=-1)
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
        c_kv = self.kv_a_layernorm(latent_BTR)
        # DeepSeek rotates neighbours (x0, x1), (x2, x3), ...
        q_BTHp = rotate(q_BTHp[..., 0::2], q_BTHp[..., 1::2], *rotary)
        k_pe = rotate(k_BTp[:, :, None, 0::2], k_BTp[:, :, None, 1::2], *rotary)[:, :, 0]
        if cache is not None:
            held = cache.append(self.layer, c_kv=c_kv, k_pe=k_pe)
            c_kv, k_pe = held["c_kv"], held["k_pe"]
        compute = self.absorbed if absorb else self.naive
        return self.o_proj(compute(q_BTHn, q_BTHp, c_kv, k_pe, mask).flatten(2))

    def naive(
        self, q_BTHn: Tensor, q_BTHp: Tensor, c_BSR: Tensor, k_BSp: Tensor, mask: Tensor | None
    ) -> Tensor:
        """Expand keys and values of all heads, then attend as usual: [B, T, H, v]."""
        kv = self.kv_b_proj(c_BSR).unflatten(-1, (self.heads, -1))
        k_BSHn, v_BSHv = kv.split((self.nope, self.v), dim=-1)
        shared_BSHp = k_BSp[:, :, None].expand(-1, -1, self.heads, -1)
        q, k = torch.cat((q_BTHn, q_BTHp), -1), torch.cat((k_BSHn, shared_BSHp), -1)
        return attend(q, k, v_BSHv, (self.nope + self.pe) ** -0.5, mask)

    def absorbed(
        self, q_BTHn: Tensor, q_BTHp: Tensor, c_BSR: Tensor, k_BSp: Tensor, mask: Tensor | None
    ) -> Tensor:
        """Attend in the latent: one key-value head of width R (+ p) for all heads: [B, T, H, v]."""
        w_uk_HnR, w_uv_HvR = self.kv_b_proj.weight.view(self.heads, -1, self.rank).split(
            (self.nope, self.v), dim=1
        )
        q_BTHR = torch.einsum("bthn,hnr->bthr", q_BTHn, w_uk_HnR)
        q, k = torch.cat((q_BTHR, q_BTHp), -1), torch.cat((c_BSR, k_BSp), -1)
        scale = (self.nope + self.pe) ** -0.5  # the expanded key's width, not the latent's
        o_BTHR = attend(q, k[:, :, None], c_BSR[:, :, None], scale, mask)
        return torch.einsum("bthr,hvr->bthv", o_BTHR, w_uv_HvR)


def attend(
    q_BTHd: Tensor, k_BSKd: Tensor, v_BSKv: Tensor, scale: float, mask: Tensor | None
) -> Tensor:
    """Softmax attention [B, T, H, v]; K key-value heads serve H query heads.

    `mask` [B or 1, 1, T, S] is true where a query may look; None means causal with T = S, or a
    single query that may see everything.
    """
    return F.scaled_dot_product_attention(
        q_BTHd.transpose(1, 2),
        k_BSKd.transpose(1, 2),
        v_BSKv.transpose(1, 2),
        attn_mask=mask,
        is_causal=mask is None and q_BTHd.shape[1] > 1,
        scale=scale,
        enable_gqa=q_BTHd.shape[2] != k_BSKd.shape[2],
    ).transpose(1, 2)


class FeedForward(nn.Module):
    """SwiGLU: dense layers and shared experts."""

    def __init__(self, hidden: int, inner: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(hidden, inner, bias=False)
        self.up_proj = nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Gate(nn.Module):
    """The router (V3 paper, equations 12 to 16): sigmoid scores, group-limited top-k, and a bias
    that takes part in the choice only, never in the weights (auxiliary-loss-free balance)."""

    e_score_correction_bias: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.weight = nn.Parameter(torch.empty(config.n_routed_experts, config.hidden_size))
        self.register_buffer("e_score_correction_bias", torch.zeros(config.n_routed_experts))

    def forward(self, x_ND: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Weights [N, k], expert ids [N, k] and all scores [N, E]; float32 throughout."""
        c = self.config
        scores_NE = F.linear(x_ND.float(), self.weight.float()).sigmoid()
        with torch.no_grad():  # the choice itself has no gradient
            choice_NE = scores_NE + self.e_score_correction_bias
            grouped = choice_NE.view(-1, c.n_group, c.n_routed_experts // c.n_group)
            group_scores = grouped.topk(2, dim=-1).values.sum(-1)
            kept = group_scores.topk(c.topk_group, dim=-1).indices
            closed = torch.ones_like(group_scores, dtype=torch.bool).scatter_(1, kept, False)
            choice_NE = grouped.masked_fill(closed[:, :, None], -torch.inf).flatten(1)
            ids_Nk = choice_NE.topk(c.num_experts_per_tok, dim=-1).indices
        weights_Nk = scores_NE.gather(1, ids_Nk)
        if c.norm_topk_prob:
            weights_Nk = weights_Nk / (weights_Nk.sum(-1, keepdim=True) + 1e-20)
        return weights_Nk * c.routed_scaling_factor, ids_Nk, scores_NE


class Experts(nn.Module):
    """The routed experts' weights, stacked. Each is a small SwiGLU."""

    def __init__(self, experts: int, hidden: int, inner: int) -> None:
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.empty(experts, 2 * inner, hidden))
        self.down_proj = nn.Parameter(torch.empty(experts, hidden, inner))

    def forward(self, x_ND: Tensor, ids_Nk: Tensor, weights_Nk: Tensor) -> Tensor:
        """Sum of the chosen experts' outputs, weighted: [N, D]."""
        order = ids_Nk.flatten().argsort(stable=True)  # rows of one expert become neighbours
        token = order // ids_Nk.shape[1]
        counts = ids_Nk.flatten().bincount(minlength=len(self.gate_up_proj)).tolist()
        gate, up = grouped_linear(x_ND[token], self.gate_up_proj, counts).chunk(2, dim=-1)
        out = grouped_linear(F.silu(gate) * up, self.down_proj, counts)
        out = (out * weights_Nk.flatten()[order, None]).to(x_ND.dtype)
        return torch.zeros_like(x_ND).index_add_(0, token, out)


def grouped_linear(x_MI: Tensor, weight_EOI: Tensor, counts: list[int]) -> Tensor:
    """Rows of x, sorted by expert, through that expert's matrix: [M, O]."""
    # unbind, not weight[e]: the gradient of an index would be a whole stack of zeros per expert
    pairs = zip(x_MI.split(counts), weight_EOI.unbind(), strict=True)
    return torch.cat([F.linear(rows, weight_OI) for rows, weight_OI in pairs if len(rows)])


class MixtureOfExperts(nn.Module):
    """DeepSeekMoE (arXiv 2401.06066): shared experts see every token, routed ones the chosen."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.layer = layer
        D, inner = config.hidden_size, config.moe_intermediate_size
        self.gate = Gate(config)
        self.experts = Experts(config.n_routed_experts, D, inner)
        self.shared_experts = FeedForward(D, inner * config.n_shared_experts)

    def forward(self, x_BTD: Tensor, tap: Tap | None) -> Tensor:
        x_ND = x_BTD.flatten(0, 1)
        weights, ids, scores = self.gate(x_ND)
        if tap is not None:
            tap.gate(self.layer, ids, weights, scores, self.gate.e_score_correction_bias)
        out_ND = self.experts(x_ND, ids, weights) + self.shared_experts(x_ND)
        return out_ND.view_as(x_BTD)


class Block(nn.Module):
    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        D, eps = config.hidden_size, config.rms_norm_eps
        attention = MultiHeadLatentAttention if config.is_mla else GroupedQueryAttention
        self.input_layernorm = RMSNorm(D, eps)
        self.self_attn = attention(config, layer)
        self.post_attention_layernorm = RMSNorm(D, eps)
        self.mlp: MixtureOfExperts | FeedForward = (
            MixtureOfExperts(config, layer)
            if layer in config.moe_layers
            else FeedForward(D, config.intermediate_size)
        )

    def forward(
        self,
        x_BTD: Tensor,
        rotary: tuple[Tensor, Tensor],
        mask: Tensor | None,
        cache: Cache | None,
        absorb: bool,
        tap: Tap | None,
    ) -> Tensor:
        x_BTD = x_BTD + self.self_attn(self.input_layernorm(x_BTD), rotary, mask, cache, absorb)
        h_BTD = self.post_attention_layernorm(x_BTD)
        if isinstance(self.mlp, MixtureOfExperts):
            return x_BTD + self.mlp(h_BTD, tap)
        return x_BTD + self.mlp(h_BTD)


class Decoder(nn.Module):
    """Embedding, blocks, final norm: everything below the head."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Block(config, i) for i in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)


class Transformer(nn.Module):
    """The model. It keeps no state between calls: the cache is an argument."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.model = Decoder(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.apply(self._initialise)

    def gates(self) -> dict[int, Gate]:
        """Layer number → gate, for all layers that have experts."""
        return {m.layer: m.gate for m in self.modules() if isinstance(m, MixtureOfExperts)}

    def _initialise(self, module: nn.Module) -> None:
        """Normal(0, 0.02), more in narrow layers; V3, 75 times as wide, has 0.006 (section 4.2)."""
        std = max(0.02, self.config.hidden_size**-0.5 / 2)
        if isinstance(module, nn.Linear | nn.Embedding | Gate):
            nn.init.normal_(module.weight, std=std)
        elif isinstance(module, Experts):
            nn.init.normal_(module.gate_up_proj, std=std)
            nn.init.normal_(module.down_proj, std=std)

    def hidden(
        self,
        ids_BT: Tensor,
        cache: Cache | None = None,
        padding_B: Tensor | None = None,
        tap: Tap | None = None,
        absorb: bool = False,
    ) -> Tensor:
        """Final hidden states [B, T, D] of new tokens that follow what the cache holds.

        `padding_B` counts the pads at the left of each row: they are hidden from attention and
        positions start after them. `absorb` chooses MLA's way to compute (ignored by the others).
        """
        c = self.config
        start = len(cache) if cache is not None else 0
        T = ids_BT.shape[1]
        slots_S = torch.arange(start + T)
        positions_BT = slots_S[None, start:]
        mask = None
        if padding_B is not None:
            positions_BT = (positions_BT - padding_B[:, None]).clamp(min=0)
        if padding_B is not None or (start and T > 1):
            mask = (slots_S[None, :] <= slots_S[start:, None])[None, None]
            if padding_B is not None:
                mask = mask & (slots_S >= padding_B[:, None])[:, None, None, :]
                # a pad sees itself, or its softmax would be empty
                mask = mask | torch.eye(start + T, dtype=torch.bool)[start:]
        rotary = rotary_angles(positions_BT, c.rope_dim, c.rope_theta)
        x_BTD = self.model.embed_tokens(ids_BT)
        for block in self.model.layers:
            x_BTD = block(x_BTD, rotary, mask, cache, absorb, tap)
        return self.model.norm(x_BTD)

    def forward(
        self,
        ids_BT: Tensor,
        cache: Cache | None = None,
        padding_B: Tensor | None = None,
        tap: Tap | None = None,
        absorb: bool = False,
    ) -> Tensor:
        """Logits [B, T, vocab_size]; see `hidden` for the arguments."""
        return self.lm_head(self.hidden(ids_BT, cache, padding_B, tap, absorb))
