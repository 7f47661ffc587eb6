"""The time machine: one question through the checkpoints of R1-Zero, live."""

from __future__ import annotations

import streamlit as st

from app.core import judged
from app.core.texts import t
from app.pages.training import figures, runs
from app.pages.training import state as session
from app.pages.training.question import controls, question_fields, watch
from app.pages.training.rooms.curves import missing
from app.pages.training.rooms.grpo_step import checkpoint
from app.ui.chart import chart
from app.ui.components.reasoning_view import reasoning_view
from app.ui.table import numbers
from model.analysis.estimators import wilson

LOOKS_PER_SECOND = 4


def picture() -> None:
    """The reply of the slider's checkpoint beside the last one's."""
    watch("time")
    under_way = session.job("time")
    if under_way is not None:
        waiting = t("common.waiting", position=under_way.position)
        st.caption(waiting if under_way.position else t("training.time_writing"))
    found, writing = session.replies()
    kept = [one for one in runs.kept() if one.name in found]
    if not kept:
        return
    by_step = {one.step: one for one in kept}
    step = kept[0].step
    if len(kept) > 1:
        step = st.select_slider(
            t("training.time_slider"),
            list(by_step),
            format_func=lambda step: checkpoint(by_step[step]),
            key="t_time_step",
        )
    shown = [found[by_step[step].name]]
    if by_step[step] != kept[-1]:
        shown.append(found[kept[-1].name])
    ended = {run.request.model for run in under_way.runs if run.finished} if under_way else set()
    reasoning_view(
        shown,
        key="t_time_view",
        live=writing,
        done=[trace.card.name in ended for trace in shown] if writing else (),
    )
    if writing:
        return
    readings = {one: judged.read(found[one.name]) for one in kept}
    rows: list[dict[str, object]] = [
        {
            "step": one.step,
            "question": reading.asked.text,
            "answer": reading.answer,
            "right": reading.correct,
            "tokens": len(found[one.name]) - found[one.name].n_prompt,
            "steps": len(reading.steps),
            "steps_right": sum(bool(mark.right) for mark in reading.steps),
            "reply": found[one.name].answer,
            "seed": found[one.name].info.seed,
        }
        for one, reading in readings.items()
    ]
    signs = [f"{checkpoint(one)} {'✓' if r.correct else '✗'}" for one, r in readings.items()]
    st.text(" · ".join(signs))
    st.caption(t("training.time_reading"))
    numbers(rows, "time-machine")


def counts_picture() -> None:
    """Which share of many replies is right, checkpoint by checkpoint, as they are drawn."""
    watch("counts")
    batch = session.counts()
    if batch is None:
        return
    if batch.position and batch.active:
        st.caption(t("common.waiting", position=batch.position))
    elif batch.active:
        drawn = len(batch.samples)
        st.progress(drawn / batch.total, t("question.drawn", done=drawn, n=batch.total))
    steps = {one.name: one for one in runs.kept()}
    rows: list[dict[str, object]] = []
    points: list[tuple[str, float, float, float]] = []
    for place, ask in enumerate(batch.asks):
        drawn_here = batch.of(place)
        if drawn_here and ask.model in steps:
            right, n = sum(one.correct for one in drawn_here), len(drawn_here)
            low, high = wilson(right, n)
            name = "Base" if ask.model == "base" else str(steps[ask.model].step)
            points.append((name, right / n, low, high))
            rows.append(
                {"step": steps[ask.model].step, "question": ask.problem.question, "right": right}
                | {"n": n, "low": low, "high": high, "seed": ask.seed}
            )
    if not points:
        return
    st.text(batch.asks[0].problem.question)
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
    if not batch.active:
        numbers(rows, "time-machine-counts")


def section() -> None:
    """The whole part."""
    st.markdown(t("training.time_intro"))
    if len(runs.kept()) == 1:
        missing("r1-zero")
        st.markdown(t("training.time_alone"))
    question_fields()
    controls("time", t("training.time_start", n=len(runs.kept())), session.start_time)
    polls = 1 / LOOKS_PER_SECOND if session.job("time") is not None else None
    st.fragment(picture, run_every=polls)()
    st.subheader(t("training.counts_title"))
    st.markdown(t("training.counts_intro", n=session.COUNTED))
    controls("counts", t("training.counts_start"), session.start_counts)
    polls = 1 / LOOKS_PER_SECOND if session.job("counts") is not None else None
    st.fragment(counts_picture, run_every=polls)()
