"""The held-out question that the Training page's rooms ask, and the fields to choose it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.core import links
from app.core.asking import scope
from app.core.running.run_slot import RunSlot
from app.core.texts import question_language, t
from app.ui import sampling
from app.ui.number_field import NumberField
from app.ui.url_choice import url_choice
from model.tasks import TASKS, chain, pick, problems
from model.tasks.problem import Problem

TASK_NAMES = (chain.NAME, pick.NAME)
NUMBER = NumberField("training.number", 1, 200)  # of held-out questions of a level


@dataclass(frozen=True)
class TrainingQuestion:
    """A held-out question, the seed of its replies, and the learner, if there is a choice.

    Its text form is the value in links: "chain.2.17.0", "chain.2.17.0.r1-zero-step50".
    """

    task: str
    level: int
    number: int  # of the held-out questions, from 1
    seed: int
    model: str = ""

    @property
    def problem(self) -> Problem:
        """The question in the viewer's language."""
        drawn = problems(self.task, self.level, 0, "heldout", question_language())
        return next(itertools.islice(drawn, self.number - 1, None))

    def __str__(self) -> str:
        parts = (self.task, self.level, self.number, self.seed, self.model)
        return ".".join(str(part) for part in parts if part != "")


def of_link(text: str) -> TrainingQuestion | None:
    """Parse a link's value; None if it is not a question that can be asked."""
    found = re.fullmatch(r"(\w+)\.(\d{1,2})\.(\d{1,3})\.(\d{1,10})(?:\.([\w-]+))?", text, re.ASCII)
    if found is None or found[1] not in TASK_NAMES:
        return None
    level, number, seed = map(int, found.group(2, 3, 4))
    asked = TrainingQuestion(found[1], level, number, seed, found[5] or "")
    possible = asked.level in TASKS[asked.task].LEVELS and 1 <= asked.number <= NUMBER.high
    return asked if possible and asked.seed <= sampling.SEED.high and str(asked) == text else None


def follow_link(slot: RunSlot[Any], run: Callable[[TrainingQuestion], None]) -> None:
    """Run once what the link that opened the page asks; keep the URL in step with the slot.

    URL: SLOT_asked, a `TrainingQuestion`; absent while a recorded result is on screen.
    """
    key = f"{slot.name}_asked"
    state, query = st.session_state, st.query_params
    if key not in state:
        asked = of_link(query.get(key, ""))
        if asked is not None:
            ask(slot, run, asked)
        elif key in query:
            links.refuse(key)
    if key in state and (slot.running or slot.shown()):
        query[key] = str(state[key])
    else:
        query.pop(key, None)


def ask(
    slot: RunSlot[Any], run: Callable[[TrainingQuestion], None], asked: TrainingQuestion
) -> None:
    """Run the question, and write it to the URL."""
    st.session_state[f"{slot.name}_asked"] = asked
    run(asked)


def asked(only: str | None = None, model: str = "") -> TrainingQuestion:
    """The question in the fields, of the room's only task or of the chosen one."""
    state = st.session_state
    task: str = only or state.t_task
    levels = TASKS[task].LEVELS
    number = NUMBER.nearest("t_number", 1)
    level = state.t_level if state.get("t_level") in levels else levels[0]
    return TrainingQuestion(task, level, number, sampling.SEED.nearest("t_seed", 0), model)


def fields(act: Callable[[], object], only: str | None = None) -> None:
    """Draw the fields for task, level, number and seed, what `act` adds, and the question.

    `only`: the room's only task, if it has just one.
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
        NUMBER.draw("t_number", 1, width=140, help=t("training.number_help", most=NUMBER.high))
        sampling.SEED.draw("t_seed", 0, width=140, help=t("training.seed_help"))
        act()
    NUMBER.told("t_number", 1)
    sampling.SEED.told("t_seed", 0)
    problem = asked(only).problem
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(problem.question, width="content")
        answer = t("question.right_answer", answer=problem.answer)
        st.caption(f"{answer} {t('question.split_heldout')}", width="content")


def said(source: str, question: str, only: str | None = None) -> None:
    """Say where a result is from, and which question it answers if not the one in the fields."""
    st.caption(source)
    if question != asked(only).problem.question:
        st.text(question)
