"""How fast one viewer's run is while another draws two thousand samples."""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass
from typing import Any

from tests.load.pages import ALL_SAMPLES, START, drawing_samples, share_drawn
from tests.load.tab import Tab
from tests.load.viewer import Diary, ask

RUNS = 30


@dataclass(frozen=True)
class Fairness:
    """Seconds from click to record of one viewer's runs, alone and while samples are drawn."""

    alone: list[float]
    beside: list[float]
    drawn: float  # share of the samples that were there after the last run beside them
    errors: list[str]

    @property
    def times(self) -> float:
        """The median while samples are drawn over the median alone; the aim is at most 2."""
        return statistics.median(self.beside) / statistics.median(self.alone)

    def text(self) -> str:
        """The result as text."""
        alone, beside = statistics.median(self.alone), statistics.median(self.beside)
        lines = [
            f"click to record, median of {len(self.alone)}: {alone:.2f} s alone, {beside:.2f} s "
            f"beside one who draws {ALL_SAMPLES:,} samples: {self.times:.2f} times",
            f"longest: {max(self.alone):.2f} s alone, {max(self.beside):.2f} s beside",
            f"samples drawn by then: {self.drawn:.0%}",
        ]
        return "\n".join(lines + [f"error: {error}" for error in self.errors])

    def figures(self) -> dict[str, Any]:
        """The result for the JSON."""
        return {
            "alone_seconds": [round(one, 3) for one in self.alone],
            "beside_seconds": [round(one, 3) for one in self.beside],
            "times": round(self.times, 2),
            "drawn": round(self.drawn, 3),
            "errors": self.errors,
        }


async def measure(url: str, seed: int, runs: int = RUNS) -> Fairness:
    """Measure runs on the first page, alone, then while another viewer draws samples.

    Raises:
        RuntimeError: if all samples were drawn before the runs had ended, which proves nothing.
    """
    diary, draws = Diary(), random.Random(seed)
    viewer = Tab(url, START.name)
    await viewer.open()

    async def some() -> list[float]:
        found = [await ask(viewer, START, draws, diary) for _ in range(runs)]
        return [run.seconds for run in found if run.seconds is not None]

    try:
        await some()  # loads the model, and what else is loaded at first use
        alone = await some()
        async with drawing_samples(url) as heavy:
            beside = await some()
            if (share := share_drawn(heavy)) is None:
                raise RuntimeError("the samples were drawn before the runs beside them had ended")
    finally:
        await viewer.close()
    return Fairness(alone, beside, share, diary.errors)
