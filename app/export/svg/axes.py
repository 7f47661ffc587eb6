"""Axes: positions and ticks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.export.svg import numbers

PADDING = 0.05  # share of the range added beyond the outermost point
SIZE = 12.0  # px of tick labels


@dataclass
class Axis:
    """An axis of a figure; `low` and `high` are in its own units, decades for a log axis.

    `start` and `end` are in px from the left or top of the picture.
    """

    name: str  # "x", "y2"
    settings: Mapping[str, Any]
    values: list[Any] = field(default_factory=list)  # all values drawn on it
    zero: bool = False  # whether it must include 0, for bars
    pad: bool = False
    low: float = 0.0
    high: float = 1.0
    start: float = 0.0
    end: float = 1.0
    categories: list[Any] = field(default_factory=list)

    @property
    def across(self) -> bool:
        return self.name.startswith("x")

    @property
    def log(self) -> bool:
        return self.settings.get("type") == "log"

    @property
    def shown(self) -> bool:
        return self.settings.get("visible") is not False

    def units(self, value: Any) -> float:
        """Convert a value to the axis's units."""
        if self.categories and not isinstance(value, float | int | np.number):
            return float(self.categories.index(value))
        number = float(value)
        if self.log:
            return math.log10(number) if number > 0 else self.low
        return number

    def at(self, value: Any) -> float:
        """The position of a value, in px."""
        return self.place(self.units(value))

    def place(self, units: float) -> float:
        """The position of a number in the axis's units, in px."""
        share = (units - self.low) / ((self.high - self.low) or 1)
        if not self.across:
            share = 1 - share
        return self.start + share * (self.end - self.start)

    def settle(self) -> None:
        """Determine the categories and range, once all values are known."""
        values = [value for value in self.values if value is not None]
        if self.settings.get("type") == "category" or any(isinstance(v, str) for v in values):
            self.categories = list(dict.fromkeys(map(str, values)))
            self.low, self.high = -0.5, len(self.categories) - 0.5
        elif given := self.settings.get("range"):
            self.low, self.high = map(float, given)
            return
        else:
            self._fit([self.units(value) for value in values if math.isfinite(float(value))])
        if self.settings.get("autorange") == "reversed":
            self.low, self.high = self.high, self.low

    def _fit(self, found: Sequence[float]) -> None:
        low, high = (min(found), max(found)) if found else (0.0, 1.0)
        zero = (self.zero or self.settings.get("rangemode") == "tozero") and not self.log
        if zero:
            low, high = min(low, 0.0), max(high, 0.0)
        pad = PADDING * ((high - low) or 1) if self.pad else 0.0
        self.low = low if zero and low == 0 else low - pad
        self.high = high if zero and high == 0 else high + pad
        if self.low == self.high:
            self.high += 1

    def ticks(self) -> list[tuple[float, str]]:
        """The ticks in the axis's units, with their labels."""
        given = self.settings.get("tickvals")
        if given is not None:
            words = self.settings.get("ticktext")
            said = [self.label(value) for value in given] if words is None else list(words)
            found = [(self.units(v), str(word)) for v, word in zip(given, said, strict=True)]
        elif self.categories:
            found = [(float(i), str(name)) for i, name in enumerate(self.categories)]
        elif self.log:
            found = self._decades()
        else:
            found = [(value, self.label(value)) for value in self._steps()]
        low, high = sorted((self.low, self.high))
        slack = 1e-6 * (high - low)
        return [(at, word) for at, word in found if low - slack <= at <= high + slack]

    def label(self, value: float) -> str:
        return numbers.d3(self.settings.get("tickformat") or "", value)

    def _decades(self) -> list[tuple[float, str]]:
        first, last = math.floor(min(self.low, self.high)), math.ceil(max(self.low, self.high))
        digits = (1, 2, 5) if abs(self.high - self.low) < 2 else (1,)
        values = [digit * 10.0**power for power in range(first, last + 1) for digit in digits]
        return [(math.log10(value), self.label(value)) for value in values]

    def _steps(self) -> list[float]:
        low, high = sorted((self.low, self.high))
        step = self.settings.get("dtick")
        if step is None:
            room = abs(self.end - self.start) / (72 if self.across else 44)
            most = min(self.settings.get("nticks") or 12, max(2, round(room)))
            rough = (high - low) / most
            power = 10.0 ** math.floor(math.log10(rough or 1))
            step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough * 0.999)
        begin = float(self.settings.get("tick0") or 0)
        first = math.ceil((low - begin) / step - 1e-9)
        last = math.floor((high - begin) / step + 1e-9)
        return [round(begin + i * step, 12) for i in range(first, last + 1)]
