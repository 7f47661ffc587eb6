"""Train now: a small GRPO run while one watches, with a question asked before and after."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.core.texts import t
from app.pages.training import figures, live
from app.pages.training import state as session
from app.pages.training.question import controls, question_fields, watch
from app.ui.chart import chart
from app.ui.table import numbers

SECONDS_BETWEEN_LOOKS = 1.5  # also while nothing runs here: somebody else may begin
EXAMPLES = 2  # replies shown of those before and after


def turn(shown: live.TrainJob | None, whose: str) -> None:
    """Whose turn it is, and how far the run is."""
    own = session.job("now")
    if own is not None and own.state == "waiting":
        st.caption(t("training.now_waiting", position=own.position))
    if shown is None or whose == "done":
        return
    if whose == "other":
        st.badge(t("training.now_other"))
    done, left = len(shown.entries), max(0.0, live.SECONDS - shown.seconds)
    share = max(done / live.STEPS, shown.seconds / live.SECONDS)
    if not shown.before:
        text = t("training.now_asks_before")
    elif shown.stopping:
        text = t("training.now_stopping")
    else:
        text = t("training.now_step", step=done, steps=live.STEPS, seconds=f"{left:.0f}")
    st.progress(min(1.0, share), text)


def curve(run: live.TrainJob) -> None:
    """Share right and share in the format, step by step."""
    if not run.entries:
        return
    step = [entry["step"] for entry in run.entries]
    lines = {
        "right": [entry["accuracy"] for entry in run.entries],
        "format": [entry["format"] for entry in run.entries],
    }
    words = {"right": t("training.now_right"), "format": t("training.now_format")}
    axes = {"x": t("training.step_axis"), "y": t("training.axis_shares")}
    st.markdown(f"**{t('training.now_curve_title')}**")
    chart(
        figures.live(step, lines, live.STEPS, words | axes),
        key="t_now_curve",
        alt=t(
            "training.curve_alt",
            title=t("training.now_curve_title"),
            first=f"{lines['right'][0]:.0%}",
            last=f"{lines['right'][-1]:.0%}",
        ),
    )


def answers(when: str, given: Sequence[live.Given]) -> None:
    """How many replies were right, and the first few as they are."""
    with st.container(border=True):
        right = sum(one.correct for one in given)
        length = sum(one.tokens for one in given) / len(given)
        said = {"right": right, "n": len(given), "length": round(length)}
        st.markdown(f"**{t(f'training.counted_{when}', **said)}**")
        for one in given[:EXAMPLES]:
            st.text(f"{'✓' if one.correct else '✗'} {one.text}")


def picture() -> None:
    """The run that has its turn, mine or another's, or my last one."""
    watch("now")
    shown, whose = session.run_shown()
    turn(shown, whose)
    if shown is None:
        return
    shown.look()
    st.text(shown.problem.question)
    curve(shown)
    for column, when, given in zip(
        st.columns(2), ("before", "after"), (shown.before, shown.after), strict=True
    ):
        if given:
            with column:
                answers(when, given)
    if whose != "done" or not shown.entries:
        return
    st.caption(t("training.now_reading", n=live.ASKED, replies=live.QUESTIONS * live.GROUP))
    plain = ("by_task", "samples")
    rows = [{k: v for k, v in entry.items() if k not in plain} for entry in shown.entries]
    numbers(rows, "train-now")


def section() -> None:
    """The whole part."""
    st.markdown(
        t(
            "training.now_intro",
            seconds=round(live.SECONDS),
            steps=live.STEPS,
            questions=live.QUESTIONS,
            group=live.GROUP,
        )
    )
    question_fields()
    controls("now", t("training.now_start"), session.start_now)
    st.fragment(picture, run_every=SECONDS_BETWEEN_LOOKS)()
