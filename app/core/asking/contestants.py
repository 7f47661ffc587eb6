"""Who may answer a question on the Reasoning page: models in order, and how replies are begun.

A contestant's id is a model's name, or a name and an opening: "r1-zero", "base.steps". Of the
models in `NAMES` those are listed whose checkpoint is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core.assets import models
from model.record.trace import Trace
from model.tasks import chain, pick
from model.tasks.problem import WORDS, Problem

#: Models in the order of the story, with their names on screen, the same in every language.
NAMES = {
    "base": "Base",
    "sft-only": "SFT only",
    "r1-zero": "R1-Zero",
    "r1-dev1": "R1 Dev1",
    "r1-dev2": "R1 Dev2",
    "r1-dev3": "R1 Dev3",
    "r1": "R1",
    "student-base": "Student base",
    "student-rl": "Student + RL",
    "distilled-control": "Distilled (control)",
    "distilled": "Distilled",
}
#: The default choice: the first `MOST` of these that are available.
FIRST = ("base", "r1-zero", "r1", "distilled", "base.steps", "base.direct")
MOST = 4
BEGUN = "base"  # the model whose replies are also begun for it
DIRECT = "<think></think><answer>"


@dataclass(frozen=True)
class Contestant:
    """A model, and how its reply is begun: "own" leaves it free, "steps" and "direct" do not."""

    model: str
    opening: str = "own"

    @property
    def id(self) -> str:
        return self.model if self.opening == "own" else f"{self.model}.{self.opening}"

    def begin(self, problem: Problem) -> str:
        """What stands at the start of the reply in the model's name."""
        if self.opening == "direct":
            return DIRECT
        if self.opening == "steps":
            word = {chain.NAME: "first", pick.NAME: "try"}[problem.task]
            return "<think>" + WORDS[problem.language][word]
        return ""


def contestants() -> dict[str, Contestant]:
    """All available contestants, by id."""
    there = models.shipped()
    found = [Contestant(name) for name in NAMES if name in there]
    if BEGUN in there:
        found[1:1] = [Contestant(BEGUN, opening) for opening in ("steps", "direct")]
    return {one.id: one for one in found}


def at_first() -> list[str]:
    """The ids chosen by default."""
    return [name for name in FIRST if name in contestants()][:MOST]


def contestant_of(trace: Trace, begin: str) -> Contestant:
    """Who wrote a trace whose reply was begun with `begin`."""
    opening = "own" if not begin else "direct" if begin == DIRECT else "steps"
    return Contestant(trace.card.name, opening)
