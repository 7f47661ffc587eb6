"""The Reasoning page's runs with many answers: slots `SAMPLES` and `BUDGET`."""

from __future__ import annotations

import itertools

import streamlit as st

from app.core.asking.questions import MAX_TOKENS
from app.core.errors import Faults, InputError
from app.core.running import replies
from app.core.texts import t
from app.pages.reasoning import state as session
from app.ui import sampling
from model.tasks import TASKS, problems
from model.tasks.problem import Problem

SAMPLES, BUDGET = replies.ReplySlot("r_samples"), replies.ReplySlot("r_budget")

COUNTS = (8, 16, 32, 64)
BUDGETS = (32, 64, 128, 256, 512)
PROBLEMS = 8  # held-out problems, where several are asked
BUDGET_SAMPLES = 4  # per problem and budget


def held_out(problem: Problem) -> list[Problem]:
    """Held-out problems of the same task and level.

    Raises:
        InputError: if there is no such level.
    """
    levels = TASKS[problem.task].LEVELS
    if problem.level not in levels:
        raise InputError(t("reasoning.no_level", least=levels[0], most=levels[-1]))
    drawn = problems(problem.task, problem.level, 0, "heldout", problem.language)
    return list(itertools.islice(drawn, PROBLEMS))


def offered(chosen: object, counts: tuple[int, ...]) -> int:
    """The chosen count, or the second one if the page does not offer it: browsers may send
    anything."""
    return next((n for n in counts if n == chosen), counts[1])


def _judgeable() -> tuple[Problem, float, int]:
    """The question in the fields, with temperature and seed.

    Raises:
        InputError: if the answer cannot be judged, or all samples would be equal.
    """
    faults = Faults()
    with faults:
        problem = session.question()
        if not problem.level:
            raise InputError(t("reasoning.not_judgeable"))
    with faults:
        temperature, seed = sampling.chosen(("r_t", "r_seed"))
        if temperature == 0:
            raise InputError(t("reasoning.needs_temperature"))
    faults.tell()
    return problem, temperature, seed


def start_samples() -> None:
    """Sample answers of every chosen contestant to one question, or to several held-out ones."""
    state = st.session_state
    try:
        problem, temperature, seed = _judgeable()
        posed = [problem] if state.r_over == "one" else held_out(problem)
        asks = []
        for each in posed:
            for one in session.chosen():
                session.prompt_for(one, each)  # raises if it does not fit
                n = offered(state.r_k, COUNTS)
                asks.append(replies.fresh(one, each, n, temperature, seed, MAX_TOKENS))
    except InputError as error:
        SAMPLES.refuse(error)
        return
    SAMPLES.draw(asks)


def start_budget() -> None:
    """Sample answers under budgets of thinking tokens, to several held-out problems."""
    try:
        problem, temperature, seed = _judgeable()
        able = [one for one in session.chosen() if one.opening != "direct"]
        if not able:
            raise InputError(t("reasoning.nobody_thinks"))
        asks = [
            replies.fresh(one, each, BUDGET_SAMPLES, temperature, seed, MAX_TOKENS, budget)
            for each in held_out(problem)
            for budget in BUDGETS
            for one in able
        ]
    except InputError as error:
        BUDGET.refuse(error)
        return
    BUDGET.draw(asks)
