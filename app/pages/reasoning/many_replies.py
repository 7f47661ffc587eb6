"""What the rooms that sample many replies share: their questions, progress and downloads."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import streamlit as st

from app.core.asking import contestants
from app.core.errors import Faults, InputError
from app.core.running import replies
from app.core.texts import t
from app.pages.reasoning import state as session
from app.ui import sampling
from app.ui.components.reasoning_view import name_of
from app.ui.table import file_name, folded_table
from model.tasks import TASKS, problems
from model.tasks.problem import Problem

PROBLEMS = 8  # held-out problems, where several are asked


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


def judgeable() -> tuple[Problem, float, int]:
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


def named(contestant: str) -> str:
    model, _, opening = contestant.partition(".")
    return name_of(contestants.Contestant(model, opening or "own"))


def drawn_of(slot: replies.ReplySlot) -> replies.Replies | None:
    """Draw a slot's progress and errors, and return its answers so far."""
    found = slot.growing()
    text = None
    if slot.running is not None and found is not None:
        text = t("question.drawn", done=len(found.replies), n=found.total)
    slot.status(text)
    return found


def answers_of(drawn: Sequence[replies.SampledReply]) -> list[tuple[str | None, bool]]:
    return [(sample.answer, sample.correct) for sample in drawn]


def export(batch: replies.Replies, name: str) -> None:
    """Draw all samples with their seeds as a table, CSV and JSON."""
    rows = batch.rows()
    if not rows:
        return
    with st.container(key="unlinked_run"):  # Share says so
        st.download_button(
            t("common.download_json"),
            lambda: json.dumps(rows, ensure_ascii=False),
            file_name(name, "", "json"),
            "application/json",
            on_click="ignore",
            key=f"r_json_{name}",
        )
    folded_table(rows, name, of=t("reasoning.table_replies"))
