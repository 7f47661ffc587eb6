"""Pooling of runs too large for a screen: counts over the whole run, and a window in full.

Tokens and experts that would share a pixel are pooled into a cell, which counts how often its
tokens chose its experts; the tokens in a window that the viewer moves are sent individually.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.record.trace import Trace

MOST_TOKENS = 512  # drawn individually, and columns of a pooled picture
MOST_LAYERS = 16  # drawn individually
MOST_ROWS = 256  # of a pooled picture
WINDOW = 256  # tokens
_CHOICES = 150_000  # chosen experts in a window, of 2 or 3 bytes each


def too_large(trace: Trace) -> bool:
    """Whether the run is sent pooled, plus a window."""
    return len(trace) > MOST_TOKENS or len(trace.moe_layers) > MOST_LAYERS


def window(trace: Trace, first: int) -> slice:
    """The tokens of the window that begins at `first`, or as near to it as fits the run."""
    _, layers, k = trace.expert_ids.shape
    size = min(len(trace), WINDOW, _CHOICES // max(1, layers * k))
    start = max(0, min(first, len(trace) - size))
    return slice(start, start + size)


def tokens_per_cell(trace: Trace) -> int:
    return max(1, -(-trace.fed // MOST_TOKENS))


def experts_per_cell(trace: Trace) -> int:
    return max(1, -(-trace.card.n_routed_experts // MOST_ROWS))


def choices(trace: Trace, at: int) -> NDArray[np.int64]:
    """How often each cell's tokens chose its experts, in the MoE layer with index `at`: [R, C].

    A row pools `experts_per_cell` experts, a column `tokens_per_cell` tokens; the last may be less.
    """
    rows = -(-trace.card.n_routed_experts // experts_per_cell(trace))
    columns = -(-trace.fed // tokens_per_cell(trace))
    row = trace.expert_ids[:, at].astype(np.int64) // experts_per_cell(trace)
    column = np.arange(trace.fed)[:, None] // tokens_per_cell(trace)
    cells = np.bincount((row * columns + column).ravel(), minlength=rows * columns)
    return cells.reshape(rows, columns)


def load(trace: Trace) -> NDArray[np.int64]:
    """Expert load pooled by rows, in every MoE layer: [L, R]."""
    starts = np.arange(0, trace.card.n_routed_experts, experts_per_cell(trace))
    return np.add.reduceat(trace.load(), starts, axis=1)
