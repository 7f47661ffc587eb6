"""Two paths of decoding with MLA, and MHA beside them, timed on this server's processor."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from app.core.assets import models
from app.core.assets.files import reporting_damage
from app.core.running import lab_runs
from app.core.running.lab_runs import LabSlot, Outcome
from app.pages.cache import state as session
from model import ASSETS
from model.analysis.decoding_cost import Shape, timed_paths
from model.training import experiments

SAMPLE = "decoding-times"  # recorded
CLOCK = LabSlot("c_clock", "steps")


def shape() -> Shape:
    """Our MLA model's widths."""
    return Shape.of(models.config(session.named("MLA")))


def measure() -> None:
    """Time all paths at all lengths, in a process of its own."""
    mla, mha = session.named("MLA"), session.named("MHA")
    paths = timed_paths(mla, shape(), mha, models.config(mha))
    CLOCK.run(experiments.decoding_times(paths))


@dataclass(frozen=True, eq=False)
class Times:
    """Seconds of single steps by path and tokens held, and the model each path was timed on."""

    seconds: dict[tuple[str, int], tuple[float, ...]]
    models: dict[str, str]
    steps: int  # of each path and length, once all is timed

    @property
    def contexts(self) -> list[int]:
        """Tokens held, those of which all paths were timed."""
        lengths = sorted({tokens for _, tokens in self.seconds})
        return [n for n in lengths if all((path, n) in self.seconds for path in self.models)]

    def quartiles(self, path: str, tokens: int) -> tuple[float, float, float]:
        """A quarter, half and three quarters of the steps took no longer."""
        low, middle, high = np.quantile(self.seconds[path, tokens], (0.25, 0.5, 0.75))
        return float(low), float(middle), float(high)


def times_of(outcome: Outcome) -> Times:
    """The times that an experiment has produced so far."""
    seconds: dict[tuple[str, int], tuple[float, ...]] = {}
    for one in outcome.all_of("steps"):
        key = (one["path"], one["tokens"])
        seconds[key] = (*seconds.get(key, ()), *one["seconds"])
    asked = outcome.request
    return Times(
        seconds,
        {path: model for path, model, _ in asked["paths"]},
        asked["rounds"] * asked["repeats"],
    )


def shown() -> tuple[Times, str | None]:
    """The times to draw, and their date if recorded: live ones once two lengths are timed."""
    outcome = CLOCK.growing()
    if outcome is not None and len((times := times_of(outcome)).contexts) > 1:
        return times, None
    recorded, date = lab_runs.recorded(SAMPLE)
    asked = recorded.request
    with reporting_damage(ASSETS / "samples" / f"{SAMPLE}.json"):
        times = times_of(recorded)
        paths = [path for path, _, _ in asked["paths"]]
        if {*times.seconds} != {*itertools.product(paths, asked["contexts"])}:
            raise LookupError("a path or a length is missing")
        if any(len(times.models) < len(paths) or min(one) <= 0 for one in times.seconds.values()):
            raise ValueError("a time that none can be")
    return times, date
