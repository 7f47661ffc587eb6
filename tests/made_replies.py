"""Made-up long replies to one question: a search of many tries, one of them wrong."""

from __future__ import annotations

import itertools
import re

import numpy as np

from model.record.card import ModelCard
from model.record.trace import RunInfo, Trace
from model.tasks import pick
from model.tasks.problem import Problem
from tests.steps import TokenStep, collect

PROBLEM = pick.pose([51, 23, 22, 10, 45, 7], 62, 3, "en")  # the last candidate of 20 fits
MODELS = ("base", "r1-zero", "r1", "distilled")
WRONG_TRY = 9  # of the tries of every model but the first


def tries(problem: Problem, wrong: int | None) -> str:
    """All candidates in order up to the one that fits; one sum is off by one."""
    numbers, k, target = pick.read_question(problem)
    said = []
    for place, candidate in enumerate(itertools.combinations(numbers, k), 1):
        a, b, c = candidate
        first = a + b + (place == wrong)
        fits = sum(candidate) == target
        said.append(f"try {a}+{b}={first}, {first}+{c}={first + c} {'ok' if fits else 'no'}")
        if fits:
            break
    return ", ".join(said) + "."


def reply(model: str, text: str) -> Trace:
    """A trace with a given reply, at a hundredth of a second per token."""
    given = ["<bos>", *re.findall(r"\w+ ?|[^\w\s]+ ?|\s", PROBLEM.prompt)]
    new = re.findall(r"</?\w+>|\d|[^\W\d_]+ ?|[^\d\w\s<]+ ?|\s+|.", text)
    empty = np.zeros((0, 0))
    steps = [
        TokenStep(i, one, -0.1, 0.2, i < len(given), empty, empty, 0, 0.01 * i)
        for i, one in enumerate(given + new)
    ]
    info = RunInfo(PROBLEM.prompt, 1.0, 0, 512, "2026-01-01")
    return collect(ModelCard(name=model), info, steps, "stop")


def replies() -> list[Trace]:
    """Four replies: the first answers at once, the others search."""
    found = [reply(MODELS[0], "<think></think><answer>51,23,22</answer><eos>")]
    for model in MODELS[1:]:
        thought = tries(PROBLEM, WRONG_TRY)
        text = f"<think>{thought}</think><answer>{PROBLEM.answer}</answer><eos>"
        found.append(reply(model, text))
    return found
