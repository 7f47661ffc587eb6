"""Times of MLA's two ways of decoding, and of MHA for comparison, on this server's processor."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from app.core.assets import models
from app.core.assets.files import reading
from app.core.running import lab_runs
from app.core.running.lab_runs import LabSlot, Outcome
from app.pages.cache import state as session
from model import ASSETS
from model.analysis.decoding_cost import Shape, ways
from model.training import experiments

SAMPLE = "decoding-times"  # recorded
CLOCK = LabSlot("c_clock", "steps")


def shape() -> Shape:
    """Our MLA model's widths."""
    return Shape.of(models.config(session.named("MLA")))


def measure() -> None:
    """Time all ways of decoding at all lengths, in a separate process."""
    mla, mha = session.named("MLA"), session.named("MHA")
    CLOCK.run(experiments.decoding_times(ways(mla, shape(), mha, models.config(mha))))


@dataclass(frozen=True, eq=False)
class Times:
    """Seconds per step by way and number of cached tokens, and the model each way was timed on."""

    seconds: dict[tuple[str, int], tuple[float, ...]]
    models: dict[str, str]
    steps: int  # per way and length once everything is timed

    @property
    def contexts(self) -> list[int]:
        """The cache lengths at which all ways were timed."""
        lengths = sorted({tokens for _, tokens in self.seconds})
        return [n for n in lengths if all((way, n) in self.seconds for way in self.models)]

    def quartiles(self, way: str, tokens: int) -> tuple[float, float, float]:
        """The quartiles of the step times, in seconds."""
        low, middle, high = np.quantile(self.seconds[way, tokens], (0.25, 0.5, 0.75))
        return float(low), float(middle), float(high)


def times_of(outcome: Outcome) -> Times:
    """The times that an experiment has produced so far."""
    seconds: dict[tuple[str, int], tuple[float, ...]] = {}
    for one in outcome.all_of("steps"):
        key = (one["way"], one["tokens"])
        seconds[key] = (*seconds.get(key, ()), *one["seconds"])
    asked = outcome.request
    return Times(
        seconds,
        {way: model for way, model, _ in asked["ways"]},
        asked["rounds"] * asked["repeats"],
    )


def shown() -> tuple[Times, str | None]:
    """The times to draw, and their date if recorded: live ones once two lengths are timed."""
    outcome = CLOCK.growing()
    if outcome is not None and len((times := times_of(outcome)).contexts) > 1:
        return times, None
    recorded, date = lab_runs.recorded(SAMPLE)
    path, asked = ASSETS / "samples" / f"{SAMPLE}.json", recorded.request
    with reading(path):
        times = times_of(recorded)
        ways = [way for way, _, _ in asked["ways"]]
        if {*times.seconds} != {*itertools.product(ways, asked["contexts"])}:
            raise LookupError("a way or a length is missing")
        if any(len(times.models) < len(ways) or min(one) <= 0 for one in times.seconds.values()):
            raise ValueError("a time that none can be")
    return times, date
