"""A run's cache against the tokens that it held: counted, and by the formula."""

from __future__ import annotations

import numpy as np

from app.pages.cache.figures import Growth
from model.analysis.kv_size import bytes_per_token, held
from model.record.trace import Trace


def growth(trace: Trace, kind: str) -> Growth | None:
    """Measured and computed bytes of a run; the last token of a finished run is not yet held.

    `kind` is what to call its attention. None if nobody counted the bytes, or the model's card does
    not say what it keeps.
    """
    per_token = bytes_per_token(trace.card, held(trace.card))
    if per_token is None or trace.cache_bytes is None:
        return None
    tokens = np.arange(1, trace.fed + 1)
    return Growth(kind, per_token, tokens, trace.cache_bytes[: trace.fed], per_token * tokens)
