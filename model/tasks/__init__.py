"""Verifiable problems: generate, state, check. `TASKS` lists the families."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import ModuleType

from model.tasks import chain, pick
from model.tasks.problem import Language, Problem, Split

TASKS: dict[str, ModuleType] = {chain.NAME: chain, pick.NAME: pick}


def problems(
    task: str, level: int, seed: int, split: Split, language: Language | None = None
) -> Iterator[Problem]:
    """Endless distinct problems of one split; language is random unless given.

    Raises:
        ValueError: if there is no such task or level.
    """
    if task not in TASKS:
        raise ValueError(f"there is no task {task!r}; choose one of {', '.join(TASKS)}")
    family = TASKS[task]
    if level not in family.LEVELS:
        levels = family.LEVELS
        raise ValueError(f"{task} has levels {levels.start} to {levels.stop - 1}, not {level}")
    rng = random.Random(f"{task}/{level}/{seed}/{split}")
    seen: set[str] = set()
    while True:
        problem = family.generate(rng, level, language or rng.choice(("en", "ko")))
        if problem.split == split and problem.key not in seen:
            seen.add(problem.key)
            yield problem
