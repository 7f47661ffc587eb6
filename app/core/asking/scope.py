"""What the models can be asked, in words: to read before one asks, and after one asked otherwise.

    st.caption(scope.askable())
    if (word := scope.outside(asked)) is not None: st.info(word)

All of it is Markdown, and holds nothing that was typed but digits and signs.
"""

from __future__ import annotations

import functools

from app.core.asking.questions import ParsedPrompt
from app.core.texts import question_language, t
from model.tasks import TASKS, chain, pick, problems
from model.tasks.problem import Language, Problem
from model.tasks.scope import scope_of


def askable() -> str:
    """The kinds of question that the models know, with an example of each."""
    return t(
        "scope.askable",
        chain=_plain(example(chain.NAME).question),
        pick=_plain(example(pick.NAME).question),
        least=chain.LEVELS[0],
        most=chain.LEVELS[-1],
    )


def sizes() -> str:
    """How large the numbers of these questions are, and how many."""
    return t("scope.sizes", shapes=_shapes(), **_limits())


def level_help() -> str:
    """What the levels of the tasks mean."""
    return t("scope.levels", shapes=_shapes())


def outside(asked: ParsedPrompt) -> str | None:
    """A kind word on a question that the models were not trained for; None inside, and of free
    text, which they continue as well as they can."""
    if asked.free:
        return None
    scope = scope_of(asked.text)
    if scope.reason is None:
        return None
    values = {name: _plain(str(value)) for name, value in scope.values.items()}
    if scope.reason == "operations":
        limits = {"least": chain.LEVELS[0], "most": chain.LEVELS[-1]}
        return t("scope.outside_operations", n=scope.values["given"], **limits)
    if scope.reason == "shape":
        return t("scope.outside_shape", shapes=_shapes(), **values)
    if scope.reason in ("numbers", "results", "picked"):
        return t(f"scope.outside_{scope.reason}", **_limits(), **values)
    return t(f"scope.outside_{scope.reason}", **values)


def example(task: str, level: int | None = None) -> Problem:
    """A held-out question of a task in the viewer's language, of its first level if not told."""
    return _example(task, TASKS[task].LEVELS[0] if level is None else level, question_language())


@functools.cache
def _example(task: str, level: int, asked_in: Language) -> Problem:
    return next(problems(task, level, 0, "heldout", asked_in))


def _plain(text: str) -> str:
    """Digits and signs as they are: Markdown takes two stars for emphasis."""
    return text.replace("*", r"\*")


def _shapes() -> str:
    """ "2 of 6, 3 of 5": how many numbers are picked of how many, level by level."""
    return ", ".join(t("scope.shape", k=k, among=among) for k, among in pick.SHAPES.values())


def _limits() -> dict[str, int]:
    """The first and the last of the numbers that questions are made of."""
    ranges = {
        "term": chain.TERMS,
        "factor": chain.FACTORS,
        "digit": chain.DIGITS,
        "result": chain.RESULTS,
        "picked": pick.NUMBERS,
    }
    return {
        f"{name}_{end}": numbers[place]
        for name, numbers in ranges.items()
        for end, place in (("low", 0), ("high", -1))
    }
