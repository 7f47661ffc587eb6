"""A run's cache size against the cached tokens: measured, and by the formula."""

from __future__ import annotations

import numpy as np

from app.pages.cache.figures import Growth
from model.analysis.kv_size import bytes_per_token, held
from model.record.trace import Trace


def growth(trace: Trace, kind: str) -> Growth | None:
    """Measured and computed cache bytes of a run; the last token of a finished run is not cached.

    `kind` is the name of its attention. None if the bytes were not recorded, or the model's card
    does not say what it caches.
    """
    per_token = bytes_per_token(trace.card, held(trace.card))
    if per_token is None or trace.cache_bytes is None:
        return None
    tokens = np.arange(1, trace.fed + 1)
    return Growth(kind, per_token, tokens, trace.cache_bytes[: trace.fed], per_token * tokens)
