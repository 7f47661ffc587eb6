"""The held-out question that the rooms of the Training page ask, and the fields that choose it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import streamlit as st

from app.core import numbers
from app.core.asking import scope
from app.core.texts import question_language, t
from app.ui import sampling
from app.ui.url_choice import url_choice
from model.tasks import TASKS, chain, pick, problems
from model.tasks.problem import Problem

TASK_NAMES = (chain.NAME, pick.NAME)
MAX_NUMBER = 200  # of held-out questions of a level that can be chosen


def problem(only: str | None = None) -> Problem:
    """The question of the fields, of the one task that a room has or of the chosen one."""
    state = st.session_state
    task: str = only or state.t_task
    levels = TASKS[task].LEVELS
    number = numbers.whole(state.get("t_number"), 1, MAX_NUMBER, 1)
    level = state.t_level if state.get("t_level") in levels else levels[0]
    drawn = problems(task, level, 0, "heldout", question_language())
    return next(itertools.islice(drawn, number - 1, None))


def seed() -> int:
    """What replies are drawn from."""
    return sampling.chosen_seed("t_seed")


def fields(act: Callable[[], object], only: str | None = None) -> None:
    """Task, level, number and seed, and what `act` draws beside them; then the question itself.

    `only`: the one task that a room has.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        task = only or url_choice(
            t("question.kind"), TASK_NAMES, "t_task", lambda task: t(f"question.kind_{task}")
        )
        st.selectbox(
            t("question.level"),
            list(TASKS[task].LEVELS),
            key="t_level",
            bind="query-params",
            width=110,
            help=scope.level_help(),
        )
        st.number_input(
            t("training.number"),
            1,
            MAX_NUMBER,
            1,
            key="t_number",
            bind="query-params",
            width=140,
            help=t("training.number_help", most=MAX_NUMBER),
        )
        sampling.seed_field(0, "t_seed", width=140, help=t("training.seed_help"))
        act()
    asked = problem(only)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(asked.question, width="content")
        answer = t("question.right_answer", answer=asked.answer)
        st.caption(f"{answer} {t('question.split_heldout')}", width="content")


def said(source: str, asked: str, only: str | None = None) -> None:
    """Where a result is from, and what it answers, if that is not the question in the fields."""
    st.caption(source)
    if asked != problem(only).question:
        st.text(asked)
