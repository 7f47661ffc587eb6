"""A small GRPO run that the viewer can watch, with a question asked before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.core.running.generation import visitor
from app.core.running.lab import Experiment, lab
from app.core.running.lab_runs import LabSlot, Outcome, recorded
from app.core.texts import question_language, t
from app.pages.training import question
from app.pages.training.figures import shares_by_step
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table
from model.training import experiments

SLOT = LabSlot("t_short_run", "before")
SECONDS_BETWEEN_LOOKS = 2.0  # at somebody else's run
EXAMPLES = 2  # replies shown of those before and after


def start() -> None:
    """Queue a run on questions like the one in the fields."""
    asked = question.asked()
    SLOT.run(experiments.short_run(asked.problem, asked.seed))


def of_somebody_else() -> Experiment | None:
    """The run in progress, if it is another viewer's."""
    running = lab().running
    if running is None or running.visitor == visitor():
        return None
    return running if running.request["experiment"] == "short_run" else None


def progress(run: Experiment) -> str:
    """A run's progress, in words."""
    outcome = Outcome(run.request, tuple(run.results))
    if run.stopped:
        return t("short_run.stopping")
    if not outcome.all_of("before"):
        return t("short_run.asks_before")
    steps = outcome.all_of("step")
    most, seconds = run.request["steps"], run.request["seconds"]
    left = seconds - (steps[-1]["seconds"] if steps else 0.0)
    values = {"step": len(steps), "steps": most, "seconds": f"{max(0.0, left):.0f}"}
    return t("short_run.step", **values)


def curve(entries: Sequence[dict[str, Any]], steps: int, key: str) -> None:
    """The shares right and in the format by step; the axis spans all `steps`."""
    lines = {
        "right": [entry["accuracy"] for entry in entries],
        "format": [entry["format"] for entry in entries],
    }
    words = {"right": t("short_run.right"), "format": t("short_run.format")}
    axes = {"x": t("training.step_axis"), "y": t("training.axis_shares")}
    st.markdown(f"**{t('short_run.curve_title')}**")
    chart(
        drawn_once(
            shares_by_step, [entry["step"] for entry in entries], lines, steps, words | axes
        ),
        key=key,
        alt=t(
            "training.curve_alt",
            title=t("short_run.curve_title"),
            first=f"{lines['right'][0]:.0%}",
            last=f"{lines['right'][-1]:.0%}",
        ),
    )


def answers(when: str, replies: Sequence[dict[str, Any]]) -> None:
    """Draw how many replies were right, and the first few in full."""
    with st.container(border=True):
        right = sum(reply["correct"] for reply in replies)
        length = sum(reply["tokens"] for reply in replies) / len(replies)
        said = {"right": right, "n": len(replies), "length": round(length)}
        st.markdown(f"**{t(f'short_run.counted_{when}', **said)}**")
        for reply in replies[:EXAMPLES]:
            st.text(f"{'✓' if reply['correct'] else '✗'} {reply['text']}")


def picture(run: Outcome, key: str) -> None:
    """Draw a run as far as it has got: its curve, and the replies before and after."""
    if entries := run.all_of("step"):
        curve(entries, run.request["steps"], key)
    for column, when in zip(st.columns(2), ("before", "after"), strict=True):
        if replies := run.last(when):
            with column:
                answers(when, replies)


def conclusion(run: Outcome) -> None:
    """Draw what a finished run shows, and its numbers."""
    replies = run.request["questions"] * run.request["group"]
    st.caption(t("short_run.reading", n=run.request["asked"], replies=replies))
    plain = ("by_task", "samples")
    entries = run.all_of("step")
    folded_table(
        lambda: [{k: v for k, v in entry.items() if k not in plain} for entry in entries],
        "short-run",
        of=t("training.table_steps"),
        models=run.request["model"],
    )


def inside() -> None:
    """Draw the question, and the viewer's own run or else the recorded one."""
    question.fields(
        lambda: st.button(
            t("short_run.start"), key="t_start_short_run", type="primary", on_click=start
        )
    )
    work = SLOT.running
    SLOT.status(progress(work) if isinstance(work, Experiment) else None)
    own = SLOT.growing()
    if own is not None:
        with st.container(key="unlinked_run"):  # Share says so: no link starts a training
            question.said(t("short_run.own"), own.problem.question)
        picture(own, "t_short_run_curve")
        if work is None and own.all_of("step"):
            conclusion(own)
    elif work is None and of_somebody_else() is None:
        shown, date = recorded(f"short-run-{question_language()}")
        source = t("common.run_recorded", model=shown.request["model"], date=date)
        question.said(source, shown.problem.question)
        picture(shown, "t_short_run_curve")
        conclusion(shown)


def watched() -> None:
    """Draw another viewer's run as far as it has got; only they can stop it."""
    running = of_somebody_else()
    if running is None:
        st.rerun()
    st.badge(t("short_run.other"))
    st.progress(running.progress, progress(running))
    watched_run = Outcome(running.request, tuple(running.results))
    st.text(watched_run.problem.question)
    picture(watched_run, "t_watched_curve")


def room() -> None:
    """Draw the room."""
    st.header(t("short_run.title"))
    st.markdown(
        t(
            "short_run.intro",
            seconds=round(experiments.SECONDS),
            steps=experiments.STEPS,
            questions=experiments.QUESTIONS,
            group=experiments.GROUP,
        )
    )
    SLOT.area(inside)
    if of_somebody_else() is not None:
        st.fragment(watched, run_every=SECONDS_BETWEEN_LOOKS)()
