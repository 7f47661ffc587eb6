"""What viewers know about the pages: how to request a run, and how to recognise its record.

Pages show records only once they are finished, so it is enough to see whose question one answers.
The keys of the pages' widgets are here, and nowhere else in these tests.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow  # type: ignore[import-untyped]

from model.tasks import chain, problems
from model.tasks.problem import TEMPLATE, Problem
from tests.app.ui.unpacking import unpacked
from tests.load.tab import Element, Tab

LEVEL = 3  # of the questions, as in the runs that the pages open with
SEEDS = 1_000_000


@dataclass(frozen=True)
class Record:
    """A finished record on the page."""

    at: float  # time.monotonic() when it came
    tokens: int | None  # that the models wrote; None where the page does not say
    text: str = ""  # of all replies, where they stand side by side


@dataclass(frozen=True)
class Page:
    """A page by its path, with the keys of its question field and Run button."""

    name: str
    field: str
    run: str
    text: Callable[[Problem], str]  # what is typed into the field
    finished: Callable[[Tab, str], Record | None]  # the record of the typed text, once it is there

    @property
    def title(self) -> str:
        return self.name or "start"


def question(draws: random.Random) -> Problem:
    """A question that nobody else asks."""
    return next(problems(chain.NAME, LEVEL, draws.randrange(SEEDS), "train", "en"))


def data(element: Element) -> dict[str, Any]:
    """The data that a component received."""
    found: dict[str, Any] = unpacked(element.proto.bytes)
    return found


def _one_run(view: str) -> Callable[[Tab, str], Record | None]:
    """The record of a page with one trace view, whose prompt contains what was typed."""

    def finished(tab: Tab, typed: str) -> Record | None:
        element = tab.find(view)
        if element is None:
            return None
        run = data(element)["run"]
        texts, given = run["texts"], run["n_prompt"]
        if typed not in "".join(texts[:given]):
            return None
        return Record(element.at, len(texts) - given)

    return finished


def _twins(tab: Tab, typed: str) -> Record | None:
    """The record of Latent cache, whose run on screen has the typed prompt."""
    shown = [one for one in tab.all("text") if one.proto.body == typed.strip()]
    curves = tab.find("c_curves")
    return Record(curves.at, None) if shown and curves else None


def _replies(view: str) -> Callable[[Tab, str], Record | None]:
    """The record of a page with replies side by side, which shows the typed question."""

    def finished(tab: Tab, typed: str) -> Record | None:
        element = tab.find(view)
        asked = any(typed in one.proto.body for one in tab.all("text"))
        if element is None or not asked:
            return None
        columns = data(element)["columns"]
        tokens = sum(len(each["texts"]) - each["given"] for each in columns)
        return Record(element.at, tokens, "".join("".join(each["texts"]) for each in columns))

    return finished


def _prompt(problem: Problem) -> str:
    return TEMPLATE.format(question=problem.question)


PAGES = (
    Page("", "q", "s_run", lambda problem: problem.question, _replies("s_view")),
    Page("experts", "e_prompt", "e_run", _prompt, _one_run("e_view")),
    Page("cache", "c_prompt", "c_run", _prompt, _twins),
    Page("reasoning", "r_expr", "r_ask", lambda problem: problem.key, _replies("r_view")),
)
START = PAGES[0]
#: Pages on which nobody asks a question, by their addresses.
OTHERS = ("training",)

# --- Many samples ------------------------------------------------------------------------------

ALL_SAMPLES = 2_048  # 64 of each of four models to eight held-out questions
_STOP = "r_samples_stop"


@asynccontextmanager
async def drawing_samples(url: str, share: int = 1) -> AsyncIterator[Tab]:
    """A tab that draws `ALL_SAMPLES` samples of the hardest questions at the highest temperature.

    So the replies are long, and sampling outlasts what is measured meanwhile. The tab is closed at
    the end, which also stops the sampling. With `share` 2, half as many are drawn.
    """
    tab = Tab(url, "reasoning", "room=samples")
    await tab.open()
    try:
        await tab.choose("r_level", -1)
        await tab.put("r_t", 2.0)
        await tab.choose("r_k", -share.bit_length())
        await tab.choose("r_over", -1)
        await tab.click("r_draw_samples")
        await tab.until(lambda: share_drawn(tab))
        yield tab
    finally:
        await tab.close()


def share_drawn(tab: Tab) -> float | None:
    """The share of the samples that are finished; None if none are being drawn."""
    stop = tab.find(_STOP)
    bars = [one for one in tab.all("progress") if stop and one.fragment == stop.fragment]
    return bars[0].proto.value / 100 if bars else None


async def stop_drawing(tab: Tab) -> None:
    """Press Stop, and wait until sampling has ended. Raises: see `Tab.until`."""
    await tab.click(_STOP)
    await tab.until(lambda: tab.find(_STOP) is None or None)


async def samples(tab: Tab) -> int:
    """The number of samples: rows of the table, which is unfolded for this; 0 without one.

    Raises: see `Tab.until`.
    """
    fold = "fold-reasoning-samples"
    if tab.find(fold) is None:
        return 0
    await tab.put(fold, True)

    def counted() -> int | None:
        for one in tab.all("dataframe"):
            table = pyarrow.ipc.open_stream(one.proto.arrow_data.data).read_all()
            if "finish_reason" in table.column_names:
                return int(table.num_rows)
        return None

    return await tab.until(counted)
