"""Two ways of decoding with MLA, and MHA beside them, timed on this server's processor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from app.core import models
from app.core.jobs import Job
from model.analysis.decoding_cost import DECODING_PATHS, Shape

if TYPE_CHECKING:
    from model.runtime.engine import Engine

MODEL, WHOLE = "base", "base-mha"
CONTEXTS = (64, 256, 1_024, 4_096, 16_384)
ROUNDS, REPEATS = 3, 5  # rounds over all ways and lengths, so that a busy moment hits all alike


def shape() -> Shape:
    """Our MLA model's widths."""
    return Shape.of(models.config(MODEL))


def measured() -> dict[str, tuple[str, bool]]:
    """Way → model and whether it absorbs.

    MHA's twin stands for expanded keys and values if its cache has just their size.
    """
    found = {"absorbed": (MODEL, True), "naive": (MODEL, False)}
    whole = models.config(WHOLE)
    if 2 * whole["num_key_value_heads"] * whole["head_dim"] == DECODING_PATHS["expanded"].kept(
        shape()
    ):
        found["expanded"] = (WHOLE, False)
    return found


@dataclass(eq=False)
class Times:
    """Seconds of single steps, by way and tokens held; lists only ever grow."""

    seconds: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    complete: bool = False

    def quartiles(self, way: str, tokens: int) -> tuple[float, float, float]:
        """A quarter, half and three quarters of the steps took no longer."""
        low, middle, high = np.quantile(self.seconds[way, tokens], (0.25, 0.5, 0.75))
        return float(low), float(middle), float(high)


class TimesJob(Job):
    """Times all ways at all lengths, a few steps a turn of the worker."""

    def __init__(self) -> None:
        super().__init__([])
        self.times, self.progress = Times(), 0.0

    def parts(self, load: Callable[[str], Engine]) -> list[Iterator[None]]:
        return [self._measure(load)]

    def _measure(self, load: Callable[[str], Engine]) -> Iterator[None]:
        from model.analysis.decoding_time import step_seconds  # here, not above: it imports torch

        todo = [(way, tokens) for _ in range(ROUNDS) for tokens in CONTEXTS for way in measured()]
        for done, (way, tokens) in enumerate(todo):
            name, absorb = measured()[way]
            model = load(name).model
            step_seconds(model, tokens, absorb, 1)  # the first of a kind is slower
            found = step_seconds(model, tokens, absorb, REPEATS)
            self.times.seconds.setdefault((way, tokens), []).extend(found)
            self.progress = done / len(todo)
            yield
        self.times.complete = True
        last()["times"] = self.times


@st.cache_resource(show_spinner=False)
def last() -> dict[str, Times]:
    """The last complete times of this server, under "times"."""
    return {}
