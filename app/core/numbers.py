"""Numbers from outside, made safe: a widget's limits are the browser's, and links hold anything."""

from __future__ import annotations

import math


def within(value: object, low: float, high: float, otherwise: float) -> float:
    """A finite number, cut to its limits; `otherwise` for anything else: inf, nan, no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    if isinstance(value, float) and not math.isfinite(value):
        return otherwise
    return min(max(value, low), high)


def whole(value: object, low: int, high: int, otherwise: int) -> int:
    """As `within`, without a fraction."""
    return int(within(value, low, high, otherwise))


def is_finite(text: str) -> bool:
    """Whether a text in an address is not an infinite number; it may be the name of something."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return True
