"""Expert load: how many tokens are routed to each expert, and how even that is. numpy only.

Load and MaxVio as in arXiv 2408.15664, equation 4. All functions take whole records or counts
[L, E] (MoE layers x routed experts) and know nothing of pages or figures.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.record.trace import Trace

#: Total tokens simulated by `chance`, as 30 to 300 texts: 300 for the short texts of a page.
_DRAWN = 150_000

COLUMNS = (
    "token",
    "text",
    "in_prompt",
    "layer",
    "rank",
    "expert",
    "group",
    "weight",
    "logprob",
)


@dataclass(frozen=True)
class Busiest:
    """The busiest expert of a layer, for a sentence about its load."""

    expert: int
    tokens: int
    share: float  # of the tokens that were fed
    even: float  # its share if the load were even: experts per token / experts
    idle: int  # number of experts that no token chose


@dataclass(frozen=True)
class EvenRouter:
    """How uneven the load of a perfectly even router looks over a limited number of tokens."""

    spread: float  # standard deviation of an expert's load / mean load
    violation: float  # mean MaxVio
    high: float  # the 95th percentile of MaxVio


def next_bias(
    bias_E: NDArray[np.floating], load_E: NDArray[np.floating], speed: float
) -> NDArray[np.float32]:
    """A gate's bias after a training step: `speed` higher for underloaded experts, lower for
    overloaded ones (2408.15664, Algorithm 1)."""
    return (bias_E + speed * np.sign(load_E.mean() - load_E)).astype(np.float32)


def violation(load_LE: NDArray[np.integer]) -> NDArray[np.float64]:
    """MaxVio per layer: (load of the busiest expert - mean load) / mean load; 0 is even.

    Returns [L]; NaN for a layer without tokens.
    """
    mean = load_LE.mean(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(mean > 0, load_LE.max(axis=1) / mean - 1, np.nan)


@functools.lru_cache(maxsize=256)
def chance(tokens: int, experts: int, chosen: int) -> EvenRouter:
    """The load imbalance by chance if each token is routed to `chosen` of `experts` at random.

    The spread is exact for independent tokens, sqrt((E / k - 1) / N); MaxVio is simulated with a
    fixed seed, since it is a maximum and has no closed form.

    Raises:
        ValueError: if there are no tokens, or more experts are chosen than there are.
    """
    if tokens < 1 or not 1 <= chosen <= experts:
        raise ValueError(f"no chance for {tokens} tokens that take {chosen} of {experts} experts")
    spread = math.sqrt((experts / chosen - 1) / tokens)
    rng = np.random.default_rng(0)
    maxima = np.empty(min(300, max(30, _DRAWN // tokens)))
    for draw in range(len(maxima)):
        scores = rng.random((tokens, experts), dtype=np.float32)
        taken = np.argpartition(scores, chosen - 1, axis=1)[:, :chosen]
        maxima[draw] = np.bincount(taken.ravel(), minlength=experts).max()
    maxima = maxima / (tokens * chosen / experts) - 1
    return EvenRouter(spread, float(maxima.mean()), float(np.quantile(maxima, 0.95)))


def busiest(trace: Trace, layer: int) -> Busiest | None:
    """The busiest expert of the MoE layer with index `layer`; None before a token was fed."""
    if not trace.fed:
        return None
    load_E = trace.load()[layer]
    expert = int(load_E.argmax())
    return Busiest(
        expert=expert,
        tokens=int(load_E[expert]),
        share=float(load_E[expert] / trace.fed),
        even=trace.expert_ids.shape[2] / trace.card.n_routed_experts,
        idle=int((load_E == 0).sum()),
    )


def choices(trace: Trace, groups: int, token: int | None = None) -> Iterator[tuple[Any, ...]]:
    """A row of `COLUMNS` per token, layer and rank, for all fed tokens or for one.

    `layer` counts all layers of the model; `rank` 1 is the strongest expert; `group` is the
    expert's group of E / `groups` neighbours. `logprob` is None for the first token; it and
    `weight` are None if not recorded.
    """
    size = trace.card.n_routed_experts // groups
    for i in range(trace.fed) if token is None else [token]:
        logprob = math.nan if trace.logprobs is None else float(trace.logprobs[i])
        head = (i, trace.texts[i], i < trace.n_prompt)
        tail = None if math.isnan(logprob) else round(logprob, 4)
        for at, layer in enumerate(trace.moe_layers):
            for rank, e in enumerate(trace.expert_ids[i, at].tolist(), 1):
                weight = None
                if trace.expert_weights is not None:
                    weight = round(float(trace.expert_weights[i, at, rank - 1]), 4)
                yield (*head, layer, rank, e, e // size, weight, tail)


def trained_violation(
    max_vio: Mapping[str, Any], steps: int | None = None
) -> NDArray[np.float64] | None:
    """MaxVio [L] of the training batch nearest to step `steps`, or of the last one recorded.

    `max_vio` is that entry of a run's heldout.json: `step` [n] and `per_layer` [n, L]. None if
    nothing was recorded.
    """
    at = np.asarray(max_vio["step"])
    if not len(at):
        return None
    place = len(at) - 1 if steps is None else int(np.abs(at - steps).argmin())
    return np.asarray(max_vio["per_layer"][place], dtype=np.float64)
