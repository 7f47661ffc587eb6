"""Verifiable problems: generating, posing and checking them. `TASKS` lists the families."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import ModuleType

from model.tasks import chain, pick
from model.tasks.problem import Language, Problem, ProblemError, Split

TASKS: dict[str, ModuleType] = {chain.NAME: chain, pick.NAME: pick}


def family_of(task: str) -> ModuleType:
    """The module of a task.

    Raises:
        ProblemError: if there is no such task.
    """
    if task not in TASKS:
        raise ProblemError("task", task=repr(task), known=", ".join(TASKS))
    return TASKS[task]


def problems(
    task: str, level: int, seed: int, split: Split, language: Language | None = None
) -> Iterator[Problem]:
    """An endless stream of distinct problems of one split; language is random unless given.

    Raises:
        ProblemError: if there is no such task or level.
    """
    family = family_of(task)
    if level not in family.LEVELS:
        least, most = min(family.LEVELS), max(family.LEVELS)
        raise ProblemError("level", task=task, level=level, least=least, most=most)
    rng = random.Random(f"{task}/{level}/{seed}/{split}")
    seen: set[str] = set()
    while True:
        problem = family.generate(rng, level, language or rng.choice(("en", "ko")))
        if problem.split == split and problem.key not in seen:
            seen.add(problem.key)
            yield problem
