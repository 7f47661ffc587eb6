"""The time machine: one question through the checkpoints of R1-Zero."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping

import streamlit as st

from app.core import judged
from app.core.contestants import Contestant
from app.core.prompt_runs import PromptRun, PromptSlot
from app.core.replies import ReplySlot, fresh
from app.core.texts import t
from app.pages.training import figures, question, training_runs
from app.pages.training.checkpoint_names import checkpoint_name, missing
from app.ui.chart import chart
from app.ui.components.reasoning_view import reasoning_view
from app.ui.table import numbers
from model import ASSETS
from model.analysis.estimators import wilson
from model.record.trace import Trace

SLOT = PromptSlot("t_time")
COUNTS = ReplySlot("t_counts")
MAX_TOKENS = 300  # of a reply
COUNTED = 16  # replies of each checkpoint that are counted


@functools.cache
def recorded(language: str) -> tuple[Trace, ...]:
    """The replies that the room opens with: assets/samples/time-machine-LANGUAGE.json."""
    path = ASSETS / "samples" / f"time-machine-{language}.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    return tuple(Trace.from_json(trace) for trace in raw["traces"])


def start() -> None:
    """Ask every checkpoint the question in the fields."""
    prompt, seed = question.problem().prompt, question.seed()
    SLOT.run(
        [PromptRun(one.name, prompt, MAX_TOKENS, 1.0, seed) for one in training_runs.checkpoints()]
    )


def start_counts() -> None:
    """Draw many replies of every checkpoint to the question in the fields."""
    asked, seed = question.problem(), question.seed()
    COUNTS.draw(
        [
            fresh(Contestant(one.name), asked, COUNTED, 1.0, seed, MAX_TOKENS)
            for one in training_runs.checkpoints()
        ]
    )


def room() -> None:
    """The reply of the slider's checkpoint beside the last one's."""
    question.fields()
    n = len(training_runs.checkpoints())
    st.button(t("training.time_start", n=n), key="t_start_time", type="primary", on_click=start)
    SLOT.status(t("training.time_writing"))
    own = SLOT.traces()
    traces = own or recorded(question.page_language())
    found = {trace.card.name: trace for trace in traces}
    there = {one.step: one for one in training_runs.checkpoints() if one.name in found}
    if there:
        info, kind = traces[0].info, "live" if own else "recorded"
        st.caption(t(f"training.time_{kind}", date=info.date, seed=info.seed))
        replies_of({step: found[one.name] for step, one in there.items()})


def replies_of(found: Mapping[int, Trace]) -> None:
    """Step of a checkpoint → its reply: the slider's beside the last, and how all of them did."""
    names = {one.step: checkpoint_name(one) for one in training_runs.checkpoints()}
    steps = list(found)
    step = steps[0]
    if len(steps) > 1:
        step = st.select_slider(
            t("training.time_slider"), steps, format_func=names.__getitem__, key="t_time_step"
        )
    st.text(judged.read(found[step]).asked.text)
    shown = dict.fromkeys((step, steps[-1]))
    reasoning_view([found[one] for one in shown], key="t_time_view")
    readings = {one: judged.read(trace) for one, trace in found.items()}
    st.text(" · ".join(f"{names[one]} {'✓' if r.correct else '✗'}" for one, r in readings.items()))
    st.caption(t("training.time_reading"))
    rows: list[dict[str, object]] = [
        {
            "step": one,
            "question": reading.asked.text,
            "answer": reading.answer,
            "right": reading.correct,
            "tokens": len(found[one]) - found[one].n_prompt,
            "steps": len(reading.steps),
            "steps_right": sum(bool(mark.right) for mark in reading.steps),
            "reply": found[one].answer,
            "seed": found[one].info.seed,
        }
        for one, reading in readings.items()
    ]
    numbers(rows, "time-machine")


def counts_room() -> None:
    """Which share of many replies is right, checkpoint by checkpoint, as they are drawn."""
    st.button(
        t("training.counts_start"), key="t_start_counts", type="primary", on_click=start_counts
    )
    drawn = COUNTS.growing()
    text = None
    if drawn is not None:
        text = t("question.drawn", done=len(drawn.replies), n=drawn.total)
    COUNTS.status(text)
    if drawn is None:
        return
    steps = {one.name: one.step for one in training_runs.checkpoints()}
    rows: list[dict[str, object]] = []
    points: list[tuple[str, float, float, float]] = []
    for place, ask in enumerate(drawn.asks):
        own = drawn.of(place)
        if own and ask.model in steps:
            step, right, n = steps[ask.model], sum(one.correct for one in own), len(own)
            low, high = wilson(right, n)
            points.append(("Base" if step == 0 else str(step), right / n, low, high))
            rows.append(
                {"step": step, "question": ask.problem.question, "right": right}
                | {"n": n, "low": low, "high": high, "seed": ask.seed}
            )
    if not points:
        return
    st.text(drawn.asks[0].problem.question)
    names, value, lows, highs = zip(*points, strict=True)
    chart(
        figures.by_checkpoint(
            names,
            value,
            lows,
            highs,
            {
                "x": t("training.counts_x"),
                "y": t("training.axis_accuracy"),
                "hover": t("training.counts_hover"),
            },
        ),
        key="t_counts",
        alt=t(
            "training.curve_alt",
            title=t("training.counts_title"),
            first=f"{value[0]:.0%}",
            last=f"{value[-1]:.0%}",
        ),
    )
    numbers(rows, "time-machine-counts")


def section() -> None:
    """The whole part."""
    st.markdown(t("training.time_intro"))
    if len(training_runs.checkpoints()) == 1:
        missing("r1-zero")
        st.markdown(t("training.time_alone"))
    SLOT.area(room)
    st.subheader(t("training.counts_title"))
    st.markdown(t("training.counts_intro", n=COUNTED))
    COUNTS.area(counts_room)
