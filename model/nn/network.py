"""The forward pass, in two files: DeepSeekMoE here, attention in `attention`.

Written to be read beside DeepSeek-V3's paper (arXiv 2412.19437, section 2.1). Dense models (Qwen2
family) have the same parts without gates and experts. Modules are named as in transformers'
checkpoints.

Suffixes of tensor names give their dimensions:
    B batch          T new tokens          S all tokens so far   N = B*T tokens, one after another
    D hidden_size    E routed experts      k experts per token   M = N*k tokens, each per expert
    I, O             inputs and outputs of an expert's matrix
"""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.nn.attention import (
    GroupedQueryAttention,
    MultiHeadLatentAttention,
    RMSNorm,
    rotary_angles,
)
from model.nn.cache import Cache
from model.nn.config import ModelConfig


class Tap(Protocol):
    """A callback that observes the gates; a forward pass without one records nothing."""

    def gate(
        self, layer: int, ids_Nk: Tensor, weights_Nk: Tensor, scores_NE: Tensor, bias_E: Tensor
    ) -> None:
        """Called with a gate's routing of N tokens: ids, weights, scores before the bias, bias."""


class FeedForward(nn.Module):
    """SwiGLU, for dense layers and shared experts."""

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
        assert config.n_routed_experts and config.num_experts_per_tok
        assert config.n_group and config.topk_group and config.routed_scaling_factor
        self.chosen, self.scale = config.num_experts_per_tok, config.routed_scaling_factor
        self.groups, self.kept_groups = config.n_group, config.topk_group
        self.normalise = config.norm_topk_prob
        self.weight = nn.Parameter(torch.empty(config.n_routed_experts, config.hidden_size))
        self.register_buffer("e_score_correction_bias", torch.zeros(config.n_routed_experts))

    def forward(self, x_ND: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Weights [N, k], expert ids [N, k] and all scores [N, E]; float32 throughout."""
        scores_NE = self.score(x_ND)
        ids_Nk = self.choose(scores_NE + self.e_score_correction_bias)
        return self.weigh(scores_NE, ids_Nk), ids_Nk, scores_NE

    def score(self, x_ND: Tensor) -> Tensor:
        """The affinity of each token to each expert: [N, E], between 0 and 1."""
        return F.linear(x_ND.float(), self.weight.float()).sigmoid()

    @torch.no_grad()  # a discrete choice has no gradient
    def choose(self, choice_NE: Tensor) -> Tensor:
        """Ids [N, k] of the best experts of the best groups, by score plus bias."""
        grouped = choice_NE.unflatten(1, (self.groups, -1))
        group_scores = grouped.topk(2, dim=-1).values.sum(-1)
        kept = group_scores.topk(self.kept_groups, dim=-1).indices
        closed = torch.ones_like(group_scores, dtype=torch.bool).scatter_(1, kept, False)
        open_NE = grouped.masked_fill(closed[:, :, None], -torch.inf).flatten(1)
        return open_NE.topk(self.chosen, dim=-1).indices

    def weigh(self, scores_NE: Tensor, ids_Nk: Tensor) -> Tensor:
        """Weights [N, k] of the chosen experts, from the scores without the bias."""
        weights_Nk = scores_NE.gather(1, ids_Nk)
        if self.normalise:
            weights_Nk = weights_Nk / (weights_Nk.sum(-1, keepdim=True) + 1e-20)
        return weights_Nk * self.scale


class Experts(nn.Module):
    """The routed experts, each a small SwiGLU, with their weights stacked."""

    def __init__(self, experts: int, hidden: int, inner: int) -> None:
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.empty(experts, 2 * inner, hidden))
        self.down_proj = nn.Parameter(torch.empty(experts, hidden, inner))

    def forward(self, x_ND: Tensor, ids_Nk: Tensor, weights_Nk: Tensor) -> Tensor:
        """The weighted sum of the chosen experts' outputs: [N, D]."""
        order = ids_Nk.flatten().argsort(stable=True)  # group rows by expert
        token = order // ids_Nk.shape[1]
        counts = ids_Nk.flatten().bincount(minlength=len(self.gate_up_proj)).tolist()
        gate, up = grouped_linear(x_ND[token], self.gate_up_proj, counts).chunk(2, dim=-1)
        out = grouped_linear(F.silu(gate) * up, self.down_proj, counts)
        out = (out * weights_Nk.flatten()[order, None]).to(x_ND.dtype)
        return torch.zeros_like(x_ND).index_add_(0, token, out)


def grouped_linear(x_MI: Tensor, weight_EOI: Tensor, counts: list[int]) -> Tensor:
    """Multiply the rows of x, sorted by expert, with their expert's matrix: [M, O]."""
    # unbind, not weight[e]: the gradient of indexing would allocate a full stack per expert
    pairs = zip(x_MI.split(counts), weight_EOI.unbind(), strict=True)
    return torch.cat([F.linear(rows, weight_OI) for rows, weight_OI in pairs if len(rows)])


class MixtureOfExperts(nn.Module):
    """DeepSeekMoE (arXiv 2401.06066): shared experts for every token, plus the routed ones."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        assert config.n_routed_experts and config.n_shared_experts and config.moe_intermediate_size
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
        """The gates by layer number, for all layers that have experts."""
        return {m.layer: m.gate for m in self.modules() if isinstance(m, MixtureOfExperts)}

    def _initialise(self, module: nn.Module) -> None:
        """Normal(0, 0.02), or wider in narrow models; V3, 75 times as wide, has 0.006 (4.2)."""
        std = max(0.02, self.config.hidden_size**-0.5 / 2)
        if isinstance(module, nn.Linear | nn.Embedding | Gate):
            nn.init.normal_(module.weight, std=std)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
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

        `padding_B` counts the left padding of each row, which is masked out of attention; positions
        start after it. `absorb` selects MLA's absorbed form (ignored by the other kinds).
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
                # a pad attends to itself, or its softmax would be empty
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
