"""The data of a trace for the browser: plain and compact, with a stable name for equal runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.record import pooling
from model.record.trace import Trace, rounded

ROUTED = {"grid", "heatmap", "multiples"}  # parts that show experts
SHARE_UNITS = 100  # shares are sent in whole percent, as they are displayed


def run_id(trace: Trace) -> str:
    """A hash of the run's inputs, so that repeating a run keeps its pin, unlike `Trace.id`."""
    inputs = json.dumps(
        {"model": asdict(trace.card), "run": asdict(trace.info) | {"date": ""}}, sort_keys=True
    )
    return hashlib.sha256(inputs.encode()).hexdigest()[:16]


def shares(trace: Trace, part: slice = slice(None)) -> NDArray[np.float32]:
    """Each chosen expert's share of its token's routing weight: [F, L, k], sums to 1 over k.

    Equal shares if no weights were recorded. `part` selects tokens; default: all.
    """
    if trace.expert_weights is None:
        shape = trace.expert_ids[part].shape
        return np.full(shape, 1 / max(1, shape[-1]), dtype=np.float32)
    weights = trace.expert_weights[part].astype(np.float32)
    total = weights.sum(axis=-1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)


def probabilities(trace: Trace, part: slice) -> list[float | None]:
    """The probability of each of these tokens; None if unknown."""
    if trace.logprobs is None:
        return [None] * len(trace.texts[part])
    return rounded(np.minimum(1, np.exp(trace.logprobs[part].astype(float))))


def drawable(trace: Trace, parts: Sequence[str]) -> list[str]:
    """The parts for which the record has data."""
    without = set() if trace.moe_layers else ROUTED
    if trace.cache_bytes is None:
        without = without | {"cache"}
    return [part for part in parts if part not in without]


def missing(trace: Trace, parts: Sequence[str]) -> list[str]:
    """The keys of the texts that say what is missing from the picture."""
    found = []
    if ROUTED & set(parts):
        if not trace.card.n_routed_experts:
            found.append("absent.experts")
        elif not trace.moe_layers:
            found.append("absent.choices")
        elif trace.expert_weights is None and trace.fed:
            found.append("absent.weights")
    if "cache" in parts and trace.cache_bytes is None:
        found.append("absent.cache")
    return found


def payload(
    trace: Trace,
    *,
    layer: int | None = None,
    first: int = 0,
) -> dict[str, Any]:
    """Everything that the component draws for a run.

    Args:
        trace: the run of T tokens, F of them fed.
        layer: the layer to pool for a run too large to draw whole, counting all layers.
        first: the first token of the window for such a run.
    `experts` and `shares` are arrays [F, L, k] of one byte each, `experts` of two for more than
    256; shares are in units of 1 / SHARE_UNITS. So a token with 4 experts takes 8 bytes per layer.
    For a run too large to draw whole, data per token is that of the window, which begins at
    `first`; `pooled` has the rest. None means not recorded.
    """
    card = trace.card
    large = pooling.too_large(trace)
    part = pooling.window(trace, first) if large else slice(0, len(trace))
    return {
        "id": run_id(trace),
        "n_prompt": trace.n_prompt,
        "fed": trace.fed,
        "layers": list(trace.moe_layers),
        "n_experts": card.n_routed_experts,
        "n_group": card.groups,
        "n_shared": card.n_shared_experts or 0,
        "k": trace.expert_ids.shape[-1],
        "first": part.start,
        "texts": list(trace.texts[part]),
        "token_ids": trace.token_ids[part].tolist(),
        "probs": probabilities(trace, part),
        "cache_bytes": None if trace.cache_bytes is None else trace.cache_bytes[part].tolist(),
        "seconds": None if trace.seconds is None else rounded(trace.seconds[part], 3),
        "experts": _small(trace.expert_ids[part]),
        "shares": None
        if trace.expert_weights is None
        else np.rint(shares(trace, part) * SHARE_UNITS).astype(np.uint8),
        "share_units": SHARE_UNITS,
        "pooled": _pooled(trace, layer) if large else None,
    }


def _pooled(trace: Trace, layer: int | None) -> dict[str, Any]:
    """Pooled data over a whole large run: choices of one layer [R, C], and the load [L, R]."""
    layers = trace.moe_layers
    whole: dict[str, Any] = {"length": len(trace), "fed": trace.fed}
    if not layers:
        return whole
    at = layers.index(layer) if layer in layers else 0
    return whole | {
        "layer": layers[at],
        "tokens": pooling.tokens_per_cell(trace),
        "experts": pooling.experts_per_cell(trace),
        "choices": pooling.choices(trace, at).astype(np.uint16),
        "load": pooling.load(trace).tolist(),
    }


def _small(ids: NDArray[np.integer]) -> NDArray[np.integer]:
    """Expert ids as unsigned integers, for packing."""
    return ids if ids.dtype == np.uint8 else ids.astype(np.uint16)
