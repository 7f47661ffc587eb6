"""Sanitises numbers from outside: only browsers enforce widgets' limits; links hold anything."""

from __future__ import annotations

import math
from collections.abc import Iterable


def within(value: object, low: float, high: float, otherwise: float) -> float:
    """A finite number, clamped to its limits; `otherwise` for anything else, such as inf or NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    if isinstance(value, float) and not math.isfinite(value):
        return otherwise
    return min(max(value, low), high)


def whole(value: object, low: int, high: int, otherwise: int) -> int:
    """Like `within`, truncated to a whole number."""
    return int(within(value, low, high, otherwise))


def short(value: float, digits: int = 6) -> float:
    """A number rounded to significant digits: 0.3 for 0.30000000000000004.

    Digits before the decimal point are kept.
    """
    if not value or not math.isfinite(value):
        return value
    return round(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def span(values: Iterable[int | str]) -> str:
    """The first and the last of the values, or the value if there is one: "2 – 16", "7"."""
    found = sorted(set(values))
    return " – ".join(str(one) for one in (found[:1] + found[-1:] if len(found) > 1 else found))


def is_finite(text: str) -> bool:
    """False if a text in a URL is an infinite number or NaN; it need not be a number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return True
