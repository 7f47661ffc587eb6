"""A trace as the browser gets it: plain and compact, and the same run always by the same name."""

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
SHARE_UNITS = 100  # shares are sent in whole percent, as they are told


def run_id(trace: Trace) -> str:
    """A name of the run's inputs, so that a run once more keeps its pin, unlike `Trace.id`."""
    inputs = json.dumps(
        {"model": asdict(trace.card), "run": asdict(trace.info) | {"date": ""}}, sort_keys=True
    )
    return hashlib.sha256(inputs.encode()).hexdigest()[:16]


def shares(trace: Trace, part: slice = slice(None)) -> NDArray[np.float32]:
    """Each chosen expert's part of its token's routed weight: [F, L, k], sums to 1 over k.

    Even, where nobody recorded the weights. `part`: the tokens that are wanted, if not all.
    """
    if trace.expert_weights is None:
        shape = trace.expert_ids[part].shape
        return np.full(shape, 1 / max(1, shape[-1]), dtype=np.float32)
    weights = trace.expert_weights[part].astype(np.float32)
    total = weights.sum(axis=-1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)


def probabilities(trace: Trace, part: slice) -> list[float | None]:
    """How likely each of these tokens was; None where nobody knows."""
    if trace.logprobs is None:
        return [None] * len(trace.texts[part])
    return rounded(np.minimum(1, np.exp(trace.logprobs[part].astype(float))))


def drawable(trace: Trace, parts: Sequence[str]) -> list[str]:
    """Which of the parts the record has something for."""
    without = set() if trace.moe_layers else ROUTED
    if trace.cache_bytes is None:
        without = without | {"cache"}
    return [part for part in parts if part not in without]


def missing(trace: Trace, parts: Sequence[str]) -> list[str]:
    """Keys of the texts that say what is not in the picture, or not as it should be."""
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
    """Everything that the component draws of a run.

    Args:
        trace: the run, T tokens of which F are fed.
        layer: of a run too large to draw whole, the layer to pool, by the model's own number.
        first: of such a run, the first token of the window.

    `experts` and `shares` are arrays [F, L, k] of a byte each, two for more than 256 experts;
    shares in units of 1 / SHARE_UNITS. So a token that has 4 experts takes 8 bytes a layer. Of a
    run too large to draw whole, what is told token by token is the window's, which begins at
    `first`; `pooled` has the rest. None is what nobody recorded.
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
    """The whole of a large run: choices of one layer [R, C], and the load [L, R]."""
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
    """Ids as they are packed: without a sign."""
    return ids if ids.dtype == np.uint8 else ids.astype(np.uint16)
