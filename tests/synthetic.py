"""A made-up run at DeepSeek-V3's size, not written by a model, for tests and the benchmark only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.record.card import ModelCard
from model.record.trace import RunInfo, Trace
from tests.steps import TokenStep, collect

LAYERS, DENSE, EXPERTS, GROUPS, OPEN_GROUPS, CHOSEN, TOPICS = 61, 3, 256, 8, 4, 8, 6
CARD = ModelCard(
    name="synthetic",
    attention="MLA",
    cache_dtype="bfloat16",
    max_position_embeddings=163_840,
    num_hidden_layers=LAYERS,
    moe_layers=tuple(range(DENSE, LAYERS)),
    n_routed_experts=EXPERTS,
    num_experts_per_tok=CHOSEN,
    n_shared_experts=1,
    n_group=GROUPS,
    topk_group=OPEN_GROUPS,
    routed_scaling_factor=2.5,
    norm_topk_prob=True,
    num_attention_heads=128,
    num_key_value_heads=128,
    head_dim=128 + 64,
    v_head_dim=128,
    kv_lora_rank=512,
    qk_rope_head_dim=64,
)
CACHE_BYTES = LAYERS * (512 + 64) * 2  # of a token: latent and rotary key, bfloat16
WORDS = ("The", " expert", " of", " a", " layer", " takes", " 17", ".", "\n", " 토큰", "", "층")


def trace(tokens: int = 4096, *, prompt: int = 64, seed: int = 0, ended: bool = True) -> Trace:
    """A run of `tokens` tokens; the last one is not fed if it has ended.

    Routing is group-limited as in V3. The tokens come in stretches of one topic each, and every
    topic has preferred experts.
    """
    rng = np.random.default_rng(seed)
    info = RunInfo("made up", 1.0, seed, tokens, "2026-01-01")
    topics = np.repeat(rng.integers(TOPICS, size=tokens // 128 + 1), 128)[:tokens]
    layers = [route(rng, topics) for _ in CARD.moe_layers]
    ids, weights = (np.stack(parts, axis=1) for parts in zip(*layers, strict=True))
    words = rng.integers(len(WORDS), size=tokens)
    logprobs = -rng.exponential(size=tokens)
    fed = tokens - ended
    steps = [
        TokenStep(
            token_id=int(words[i]),
            text=WORDS[words[i]],
            logprob=float(logprobs[i]) if i else None,
            entropy=1.0 if i else None,
            in_prompt=i < prompt,
            expert_ids=ids[i] if i < fed else None,
            expert_weights=weights[i] if i < fed else None,
            cache_bytes=CACHE_BYTES * min(i + 1, fed),
            seconds=0.05 * i,
        )
        for i in range(tokens)
    ]
    return collect(CARD, info, steps, "length" if ended else "stopped")


def route(
    rng: np.random.Generator, topics: NDArray[np.integer]
) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """Experts and weights [T, k] that one layer chooses for tokens of these topics [T]."""
    likes = rng.normal(size=(TOPICS, EXPERTS)) - 1
    scores = 1 / (1 + np.exp(-likes[topics] - rng.normal(size=(len(topics), EXPERTS))))
    in_groups = scores.reshape(-1, GROUPS, EXPERTS // GROUPS)
    best_two = np.sort(in_groups, axis=2)[:, :, -2:].sum(axis=2)
    closed = np.argsort(best_two, axis=1)[:, : GROUPS - OPEN_GROUPS]
    np.put_along_axis(in_groups, closed[:, :, None], 0, axis=1)
    ids = np.argsort(-scores, axis=1)[:, :CHOSEN]
    weights = np.take_along_axis(scores, ids, axis=1)
    weights *= 2.5 / weights.sum(axis=1, keepdims=True)
    return ids.astype(np.uint8), weights.astype(np.float16)
