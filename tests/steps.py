"""Records for tests, made up token by token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.record.card import ModelCard
from model.record.trace import RunInfo, Trace


@dataclass(frozen=True)
class TokenStep:
    """One token: what it is, how likely it was, and what the model did when it was fed.

    `expert_ids` and `expert_weights` are [L, k], strongest first, L counting MoE layers; both are
    None for the very last token, which is never fed. `text` is "" while a character's bytes are
    incomplete; the token that completes it carries it whole.
    """

    token_id: int
    text: str
    logprob: float | None  # natural logarithm; None for the first token, which nothing predicts
    entropy: float | None  # nats, of all that could have stood here, at temperature 1; or None
    in_prompt: bool
    expert_ids: NDArray[np.integer] | None
    expert_weights: NDArray[np.floating] | None
    cache_bytes: int  # held for all tokens up to this one, once it is fed
    seconds: float  # since the start of the run


def collect(
    card: ModelCard, info: RunInfo, steps: Sequence[TokenStep], finish_reason: str
) -> Trace:
    """Freeze steps into a trace; works on the steps so far while a run is under way.

    Raises:
        ValueError: if there is no step.
    """
    fed = [s for s in steps if s.expert_ids is not None]
    k = card.num_experts_per_tok
    if fed and fed[0].expert_ids is not None:
        k = fed[0].expert_ids.shape[-1]
    shape = (len(fed), len(card.moe_layers), k)
    return Trace(
        card=card,
        info=info,
        n_prompt=sum(s.in_prompt for s in steps),
        texts=tuple(s.text for s in steps),
        token_ids=np.array([s.token_id for s in steps], dtype=np.int32),
        logprobs=np.array([s.logprob for s in steps], dtype=np.float32),
        entropies=np.array([s.entropy for s in steps], dtype=np.float32),
        cache_bytes=np.array([s.cache_bytes for s in steps], dtype=np.int64),
        seconds=np.array([s.seconds for s in steps], dtype=np.float32),
        expert_ids=np.array([s.expert_ids for s in fed], dtype=np.int16).reshape(shape),
        expert_weights=np.array([s.expert_weights for s in fed], dtype=np.float16).reshape(shape),
        finish_reason=finish_reason,
    )
