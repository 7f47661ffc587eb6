"""How a run is asked for on each page, and how one sees that its finished record is there.

Pages show records only once they are finished, so what is to be seen is whose question it answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
    shown = [one for one in tab.all("code") if one.proto.code_text == typed]
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
        return Record(element.at, sum(len(each["texts"]) - each["given"] for each in columns))

    return finished


def _prompt(problem: Problem) -> str:
    return TEMPLATE.format(question=problem.question)


PAGES = (
    Page("", "q", "s_run", lambda problem: problem.question, _replies("s_view")),
    Page("experts", "e_prompt", "e_run", _prompt, _one_run("e_view")),
    Page("cache", "c_prompt", "c_run", _prompt, _twins),
    Page("reasoning", "r_expr", "r_ask", lambda problem: problem.key, _replies("r_view")),
)
