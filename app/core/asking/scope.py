"""Texts on what the models can be asked, shown before a question, and after one out of scope.

    st.caption(scope.askable())
    if (word := scope.outside(asked)) is not None: st.info(word)

All texts are Markdown; of what was typed, they contain only digits and signs.
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
    """The ranges and counts of the numbers in these questions."""
    return t("scope.sizes", shapes=_shapes(), **_limits())


def level_help() -> str:
    """The meaning of the tasks' levels."""
    return t("scope.levels", shapes=_shapes())


def outside(asked: ParsedPrompt) -> str | None:
    """A friendly note on a question that the models were not trained for; None if it is in scope,
    and for free text, which they continue as well as they can."""
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
    """A held-out question of a task in the viewer's language, of the first level unless given."""
    return _example(task, TASKS[task].LEVELS[0] if level is None else level, question_language())


@functools.cache
def _example(task: str, level: int, asked_in: Language) -> Problem:
    return next(problems(task, level, 0, "heldout", asked_in))


def _plain(text: str) -> str:
    """Escape asterisks, which Markdown would take for emphasis."""
    return text.replace("*", r"\*")


def _shapes() -> str:
    """The shapes of picks by level, as in "2 of 6, 3 of 5"."""
    return ", ".join(t("scope.shape", k=k, among=among) for k, among in pick.SHAPES.values())


def _limits() -> dict[str, int]:
    """The lowest and highest numbers that occur in questions."""
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
