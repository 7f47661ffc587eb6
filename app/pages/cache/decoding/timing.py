"""Two ways of decoding with MLA, and MHA beside them, timed on this server's processor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import numpy as np

from app.core import generation, models
from app.core.lab import Found, lab
from app.core.run_slot import RunSlot
from app.core.store import Store
from model.analysis.decoding_cost import DECODING_PATHS, Shape

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


@dataclass(frozen=True, eq=False)
class Times:
    """Seconds of single steps, by way and tokens held."""

    id: str
    seconds: dict[tuple[str, int], tuple[float, ...]]
    complete: bool

    def quartiles(self, way: str, tokens: int) -> tuple[float, float, float]:
        """A quarter, half and three quarters of the steps took no longer."""
        low, middle, high = np.quantile(self.seconds[way, tokens], (0.25, 0.5, 0.75))
        return float(low), float(middle), float(high)


class ClockSlot(RunSlot[Times]):
    """A slot that times all ways at all lengths, in a process of its own."""

    def __init__(self) -> None:
        super().__init__("c_clock", Store(8))

    def measure(self) -> None:
        """Begin; see `RunSlot.begin`."""
        visitor = generation.visitor()
        request = {
            "experiment": "decoding_times",
            "ways": [[way, *path] for way, path in measured().items()],
            "contexts": CONTEXTS,
            "rounds": ROUNDS,
            "repeats": REPEATS,
        }
        name = uuid4().hex
        self.begin(lambda: lab().submit(visitor, request), lambda found: times_of(name, found))


def times_of(name: str, found: Sequence[Found]) -> Times | None:
    """What an experiment has timed so far."""
    seconds: dict[tuple[str, int], tuple[float, ...]] = {}
    for one in found:
        key = (one.value["way"], one.value["tokens"])
        seconds[key] = (*seconds.get(key, ()), *one.value["seconds"])
    complete = bool(found) and found[-1].progress >= 1
    return Times(name, seconds, complete) if seconds else None


CLOCK = ClockSlot()
