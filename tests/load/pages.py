"""All that viewers know of the pages: how a run is asked for, and how one sees its finished record.

Pages show records only once they are finished, so what is to be seen is whose question it answers.
A page that calls its widgets otherwise is looked for here, and nowhere else in these tests.
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
    """A page by its address; the keys of the field for the question and of Run."""

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
    """What a component got."""
    found: dict[str, Any] = unpacked(element.proto.bytes)
    return found


def _one_run(view: str) -> Callable[[Tab, str], Record | None]:
    """Of a page with one trace view: its prompt has what was typed."""

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
    """Of Latent cache: the prompt of the run on screen is the typed one."""
    shown = [one for one in tab.all("text") if one.proto.body == typed.strip()]
    curves = tab.find("c_curves")
    return Record(curves.at, None) if shown and curves else None


def _replies(view: str) -> Callable[[Tab, str], Record | None]:
    """Of a page with replies side by side: the question on screen is the typed one."""

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
async def drawing_samples(url: str) -> AsyncIterator[Tab]:
    """A tab where `ALL_SAMPLES` are being drawn: of the hardest questions, as hot as can be.

    So the replies are long, and the drawing outlasts what is measured beside it. The tab is closed
    at the end, which ends the drawing too.
    """
    tab = Tab(url, "reasoning", "room=samples")
    await tab.open()
    try:
        await tab.choose("r_level", -1)
        await tab.put("r_t", 2.0)
        await tab.choose("r_k", -1)
        await tab.choose("r_over", -1)
        await tab.click("r_draw_samples")
        await tab.until(lambda: share_drawn(tab))
        yield tab
    finally:
        await tab.close()


def share_drawn(tab: Tab) -> float | None:
    """Share of the samples that are there; None if none are being drawn."""
    stop = tab.find(_STOP)
    bars = [one for one in tab.all("progress") if stop and one.fragment == stop.fragment]
    return bars[0].proto.value / 100 if bars else None


async def stop_drawing(tab: Tab) -> None:
    """Press Stop, and wait until nothing is drawn any more. Raises: see `Tab.until`."""
    await tab.click(_STOP)
    await tab.until(lambda: tab.find(_STOP) is None or None)


async def samples(tab: Tab) -> int:
    """How many samples there are: rows of the table that is unfolded for it; 0 without one.

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
