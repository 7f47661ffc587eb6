"""How one viewer's run fares while another draws two thousand samples."""

from __future__ import annotations

import random
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow  # type: ignore[import-untyped]

from tests.load.pages import PAGES
from tests.load.tab import Tab
from tests.load.viewer import Diary, ask

RUNS = 30
ALL = 2_048  # samples: 64 of each of four models to eight held-out questions
STOP = "r_samples_stop"


@dataclass(frozen=True)
class Fairness:
    """Seconds from click to record of one viewer's runs, alone and beside the samples."""

    alone: list[float]
    beside: list[float]
    drawn: float  # share of the samples that were there after the last run beside them
    errors: list[str]

    @property
    def times(self) -> float:
        """The median run beside, in medians alone: at most 2 is the aim."""
        return statistics.median(self.beside) / statistics.median(self.alone)

    def text(self) -> str:
        """For who reads it."""
        alone, beside = statistics.median(self.alone), statistics.median(self.beside)
        lines = [
            f"click to record, median of {len(self.alone)}: {alone:.2f} s alone, {beside:.2f} s "
            f"beside one who draws {ALL:,} samples: {self.times:.2f} times",
            f"longest: {max(self.alone):.2f} s alone, {max(self.beside):.2f} s beside",
            f"samples drawn by then: {self.drawn:.0%}",
        ]
        return "\n".join(lines + [f"error: {error}" for error in self.errors])

    def figures(self) -> dict[str, Any]:
        """For the JSON."""
        return {
            "alone_seconds": [round(one, 3) for one in self.alone],
            "beside_seconds": [round(one, 3) for one in self.beside],
            "times": round(self.times, 2),
            "drawn": round(self.drawn, 3),
            "errors": self.errors,
        }


@asynccontextmanager
async def drawing(url: str) -> AsyncIterator[Tab]:
    """A tab where `ALL` samples are being drawn: of the hardest questions, and as hot as can be.

    So the replies are long, and the drawing outlasts what is measured beside it.
    The tab is closed at the end, which ends the drawing too.
    """
    tab = Tab(url, "reasoning")
    await tab.open()
    try:
        await tab.choose("r_level", -1)
        await tab.put("r_t", 2.0)
        await tab.choose("r_k", 3)
        await tab.choose("r_over", 1)
        await tab.click("r_draw_samples")
        await tab.until(lambda: drawn(tab))
        yield tab
    finally:
        await tab.close()


def drawn(tab: Tab) -> float | None:
    """Share of the samples that are there; None if none are being drawn."""
    stop = tab.find(STOP)
    bars = [one for one in tab.all("progress") if stop and one.fragment == stop.fragment]
    return bars[0].proto.value / 100 if bars else None


def samples(tab: Tab) -> int:
    """How many samples the table on the page has."""
    for one in tab.all("dataframe"):
        table = pyarrow.ipc.open_stream(one.proto.arrow_data.data).read_all()
        if "finish_reason" in table.column_names:
            return int(table.num_rows)
    return 0


async def measure(url: str, seed: int, runs: int = RUNS) -> Fairness:
    """Runs on the first page, alone, then beside samples that another viewer draws.

    Raises:
        RuntimeError: if all samples were drawn before the runs had ended: then it says nothing.
    """
    diary, draws, page = Diary(), random.Random(seed), PAGES[0]
    viewer = Tab(url, page.name)
    await viewer.open()

    async def some() -> list[float]:
        found = [await ask(viewer, page, draws, diary) for _ in range(runs)]
        return [run.seconds for run in found if run.seconds is not None]

    try:
        await some()  # loads the model, and what else is loaded at first use
        alone = await some()
        async with drawing(url) as heavy:
            beside = await some()
            if (share := drawn(heavy)) is None:
                raise RuntimeError("the samples were drawn before the runs beside them had ended")
    finally:
        await viewer.close()
    return Fairness(alone, beside, share, diary.errors)
