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


def short(value: float, digits: int = 6) -> float:
    """A number without the digits that nobody measured: 0.3 for 0.30000000000000004.

    Whole ones keep all of theirs.
    """
    if not value or not math.isfinite(value):
        return value
    return round(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def is_finite(text: str) -> bool:
    """Whether a text in an address is not an infinite number; it may be the name of something."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return True
