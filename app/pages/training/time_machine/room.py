"""The time machine: one question asked of every checkpoint of R1-Zero."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from app.core.asking import judged_reply
from app.core.asking.contestants import Contestant
from app.core.asking.questions import MAX_TOKENS
from app.core.assets.files import count, read_json, reporting_damage, shaped
from app.core.running.prompt_runs import PromptRun, PromptSlot
from app.core.running.replies import Replies, ReplySlot, fresh
from app.core.texts import question_language, t
from app.pages.training import question, training_runs
from app.pages.training.checkpoint_names import checkpoint_name, missing
from app.pages.training.time_machine import figures
from app.ui.chart import chart
from app.ui.components.reasoning_view import reasoning_view
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table
from app.ui.url_choice import url_choice
from model import ASSETS
from model.analysis.estimators import wilson
from model.record.trace import Trace

SLOT = PromptSlot("t_time_machine")
COUNTS = ReplySlot("t_counts")
COUNTED = 16  # replies of each checkpoint that are counted


@dataclass(frozen=True)
class RightCount:
    """A checkpoint's replies to the question: how many, and how many of them are right."""

    step: int
    right: int
    n: int
    seed: int


_COUNTED = {"step": int, "right": lambda n: shaped(n, int) and n >= 0, "n": count, "seed": int}


def _sample(language: str) -> Path:
    return ASSETS / "samples" / f"time-machine-{language}.json"


@functools.cache
def _recorded(language: str) -> dict[str, Any]:
    """The recorded results that the room opens with."""
    path = _sample(language)
    found = read_json(path, {"traces": [dict], "counts": [_COUNTED]})
    with reporting_damage(path):
        if any(one["right"] > one["n"] for one in found["counts"]):
            raise ValueError("more are right than there are")
    return found


@functools.cache
def recorded(language: str) -> tuple[Trace, ...]:
    """The recorded reply of each checkpoint."""
    found = _recorded(language)
    with reporting_damage(_sample(language)):
        return tuple(Trace.from_json(trace) for trace in found["traces"])


def recorded_counts(language: str) -> list[RightCount]:
    """The recorded counts of each checkpoint."""
    found = _recorded(language)
    with reporting_damage(_sample(language)):
        return [RightCount(**one) for one in found["counts"]]


def start() -> None:
    """Ask every checkpoint the question in the fields."""
    question.ask(SLOT, run, question.asked())


def run(asked: question.TrainingQuestion) -> None:
    """Ask every checkpoint."""
    prompt, names = asked.problem.prompt, [one.name for one in training_runs.checkpoints()]
    SLOT.run([PromptRun(name, prompt, MAX_TOKENS, 1.0, asked.seed) for name in names])


def start_counts() -> None:
    """Sample many replies of every checkpoint to the question in the fields."""
    question.ask(COUNTS, count_right, question.asked())


def count_right(asked: question.TrainingQuestion) -> None:
    """Draw many replies of every checkpoint."""
    problem, names = asked.problem, [one.name for one in training_runs.checkpoints()]
    COUNTS.draw(
        [fresh(Contestant(n), problem, COUNTED, 1.0, asked.seed, MAX_TOKENS) for n in names]
    )


def inside() -> None:
    """Draw the reply of the slider's checkpoint beside the last one's."""
    n = len(training_runs.checkpoints())
    question.fields(
        lambda: st.button(
            t("time_machine.start", n=n), key="t_start_time_machine", type="primary", on_click=start
        )
    )
    question.follow_link(SLOT, run)
    SLOT.status(t("time_machine.writing"))
    own = SLOT.traces()
    traces = own or recorded(question_language())
    found = {trace.card.name: trace for trace in traces}
    there = {one.step: one for one in training_runs.checkpoints() if one.name in found}
    if there:
        info, kind = traces[0].info, "live" if own else "recorded"
        source = t(f"training.replies_{kind}", date=info.date, seed=info.seed)
        question.said(source, judged_reply.read(traces[0]).asked.text)
        replies_of({step: found[one.name] for step, one in there.items()})


def replies_of(found: Mapping[int, Trace]) -> None:
    """Draw the slider's checkpoint's reply beside the last one's, and how all of them did.

    `found`: replies by the checkpoint's step.
    """
    names = {one.step: checkpoint_name(one) for one in training_runs.checkpoints()}
    steps = list(found)
    step = steps[0]
    if len(steps) > 1:
        step = url_choice(
            t("time_machine.slider"), steps, "t_time_step", names.__getitem__, drawn="slider"
        )
    shown = dict.fromkeys((step, steps[-1]))
    reasoning_view([found[one] for one in shown], key="t_time_machine_view", heading="h3")
    by_model = {one: judged_reply.read(trace) for one, trace in found.items()}
    st.text(" · ".join(f"{names[one]} {'✓' if r.correct else '✗'}" for one, r in by_model.items()))
    st.caption(t("time_machine.reading"))
    rows: list[dict[str, object]] = [
        {
            "step": one,
            "question": judged.asked.text,
            "answer": judged.answer,
            "right": judged.correct,
            "tokens": len(found[one]) - found[one].n_prompt,
            "steps": len(judged.steps),
            "steps_right": sum(bool(mark.right) for mark in judged.steps),
            "reply": found[one].answer,
            "seed": found[one].info.seed,
        }
        for one, judged in by_model.items()
    ]
    folded_table(rows, "time-machine", of=t("time_machine.table"))


def counts_inside() -> None:
    """Draw the share of right replies at each checkpoint: sampled here, or else recorded."""
    st.button(
        t("time_machine.counts_start"), key="t_start_counts", type="primary", on_click=start_counts
    )
    question.follow_link(COUNTS, count_right)
    drawn = COUNTS.growing()
    text = None
    if drawn is not None:
        text = t("question.drawn", done=len(drawn.replies), n=drawn.total)
    COUNTS.status(text)
    if drawn is not None:
        counts(drawn.asks[0].problem.question, counted(drawn), t("time_machine.counts_live"))
    elif COUNTS.running is None:
        language = question_language()
        trace = recorded(language)[0]
        said = t("time_machine.counts_recorded", date=trace.info.date, seed=trace.info.seed)
        counts(judged_reply.read(trace).asked.text, recorded_counts(language), said)


def counted(drawn: Replies) -> list[RightCount]:
    """The counts sampled so far, by checkpoint."""
    steps = {one.name: one.step for one in training_runs.checkpoints()}
    return [
        RightCount(steps[ask.model], sum(one.correct for one in own), len(own), ask.seed)
        for place, ask in enumerate(drawn.asks)
        if (own := drawn.of(place)) and ask.model in steps
    ]


def counts(asked: str, found: Sequence[RightCount], source: str) -> None:
    """Draw the counts as a chart, and as a table."""
    if not found:
        return
    question.said(source, asked)
    limits = [wilson(one.right, one.n) for one in found]
    shares = [one.right / one.n for one in found]
    chart(
        drawn_once(
            figures.by_checkpoint,
            ["Base" if one.step == 0 else str(one.step) for one in found],
            shares,
            [low for low, _ in limits],
            [high for _, high in limits],
            {
                "x": t("time_machine.counts_x"),
                "y": t("time_machine.counts_y"),
                "hover": t("time_machine.counts_hover"),
            },
        ),
        key="t_counts",
        alt=t(
            "training.curve_alt",
            title=t("time_machine.counts_title"),
            first=f"{shares[0]:.0%}",
            last=f"{shares[-1]:.0%}",
        ),
    )
    rows: list[dict[str, object]] = [
        {"step": one.step, "question": asked, "right": one.right}
        | {"n": one.n, "low": low, "high": high, "seed": one.seed}
        for one, (low, high) in zip(found, limits, strict=True)
    ]
    folded_table(rows, "time-machine-counts", of=t("time_machine.counts_table"))


def room() -> None:
    """Draw the room."""
    st.header(t("time_machine.title"))
    st.markdown(t("time_machine.intro"))
    if len(training_runs.checkpoints()) == 1:
        missing("r1-zero")
        st.markdown(t("time_machine.alone"))
    SLOT.area(inside)
    st.subheader(t("time_machine.counts_title"))
    st.markdown(t("time_machine.counts_intro", n=COUNTED))
    COUNTS.area(counts_inside)
