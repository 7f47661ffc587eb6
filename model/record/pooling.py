"""What is sent of a run that is too large for a screen: counts of the whole, a part in full.

Tokens and experts that would share a pixel share a cell, which says how often its tokens chose its
experts; the tokens in a window that the viewer moves over the run are sent one by one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.record.trace import Trace

MOST_TOKENS = 512  # that are drawn one by one, and columns of a pooled picture
MOST_LAYERS = 16  # that are drawn one by one
MOST_ROWS = 256  # of a pooled picture
WINDOW = 256  # tokens
_CHOICES = 150_000  # of experts, in a window; 2 bytes each, or 3


def too_large(trace: Trace) -> bool:
    """Whether the run is sent pooled, with a window."""
    return len(trace) > MOST_TOKENS or len(trace.moe_layers) > MOST_LAYERS


def window(trace: Trace, first: int) -> slice:
    """The tokens of the window that begins at `first`, or as near to it as it fits into the run."""
    _, layers, k = trace.expert_ids.shape
    size = min(len(trace), WINDOW, _CHOICES // max(1, layers * k))
    start = max(0, min(first, len(trace) - size))
    return slice(start, start + size)


def tokens_per_cell(trace: Trace) -> int:
    return max(1, -(-trace.fed // MOST_TOKENS))


def experts_per_cell(trace: Trace) -> int:
    return max(1, -(-trace.card.n_routed_experts // MOST_ROWS))


def choices(trace: Trace, at: int) -> NDArray[np.int64]:
    """How often the tokens of a cell chose its experts in the MoE layer of an index: [R, C].

    Row r pools `experts_per_cell` neighbours, column c `tokens_per_cell`; the last may have fewer.
    """
    rows = -(-trace.card.n_routed_experts // experts_per_cell(trace))
    columns = -(-trace.fed // tokens_per_cell(trace))
    row = trace.expert_ids[:, at].astype(np.int64) // experts_per_cell(trace)
    column = np.arange(trace.fed)[:, None] // tokens_per_cell(trace)
    cells = np.bincount((row * columns + column).ravel(), minlength=rows * columns)
    return cells.reshape(rows, columns)


def load(trace: Trace) -> NDArray[np.int64]:
    """How often all tokens chose the experts of a row, in every MoE layer: [L, R]."""
    starts = np.arange(0, trace.card.n_routed_experts, experts_per_cell(trace))
    return np.add.reduceat(trace.load(), starts, axis=1)
