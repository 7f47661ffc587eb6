"""One GRPO step by hand: a group of replies, their rewards and advantages, and what moves."""

from __future__ import annotations

import statistics

import streamlit as st

from app.core.texts import t
from app.pages.training import figures, live, runs
from app.pages.training import state as session
from app.pages.training.question import controls, question_fields, watch
from app.pages.training.rooms.update_view import Moved, update_view
from app.ui.chart import chart
from app.ui.table import numbers

LOOKS_PER_SECOND = 3


def checkpoint(one: runs.Kept) -> str:
    """How a checkpoint of R1-Zero's way is called."""
    return "Base" if one.step == 0 else t("training.at_step", step=one.step)


def rewards_part(done: live.StepJob) -> None:
    """The group's rewards, their mean, and the advantages."""
    rewards = [reply.reward for reply in done.replies]
    mean = statistics.fmean(rewards)
    st.markdown(f"**{t('training.group_title')}**")
    right = sum(reply.correct for reply in done.replies)
    formatted = sum(reply.formatted for reply in done.replies)
    n = len(rewards)
    st.markdown(t("training.group_say", n=n, right=right, formatted=formatted, mean=f"{mean:.3f}"))
    chart(
        figures.group(
            rewards,
            mean,
            [reply.advantage for reply in done.replies],
            {
                "x": t("training.group_x"),
                "y": t("training.group_y"),
                "mean": t("training.group_mean", mean=f"{mean:.3f}"),
                "hover": t("training.group_hover"),
            },
        ),
        key="t_group",
        alt=t("training.group_alt", n=n, right=right, mean=f"{mean:.3f}"),
    )
    if len(set(rewards)) == 1:
        st.info(t("training.group_equal"))


def tokens_part(done: live.StepJob) -> None:
    """Every reply with its tokens coloured, and the same as a table."""
    st.markdown(f"**{t('training.moved_title')}**")
    st.markdown(t("training.moved_say", lr=f"{done.lr:g}"))
    shown = [
        Moved(
            t("training.reply", number=i),
            t(
                f"training.reply_{'right' if reply.correct else 'wrong'}",
                reward=f"{reply.reward:g}",
                advantage=f"{reply.advantage:+.3f}",
            ),
            reply.tokens,
            reply.before,
            reply.after,
        )
        for i, reply in enumerate(done.replies, 1)
    ]
    update_view(shown, key="t_change")
    rows: list[dict[str, object]] = [
        {"reply": i, "reward": reply.reward, "advantage": reply.advantage, "place": place}
        | {"token": token, "before": before, "after": after}
        for i, reply in enumerate(done.replies, 1)
        for place, (token, before, after) in enumerate(
            zip(reply.tokens, reply.before, reply.after, strict=True), 1
        )
    ]
    numbers(rows, "grpo-step")


def picture() -> None:
    """How far the step is, and the last one that was taken."""
    watch("step")
    under_way = session.job("step")
    if isinstance(under_way, live.StepJob):
        if under_way.position:
            st.caption(t("common.waiting", position=under_way.position))
        else:
            st.caption(t("training.step_learns" if under_way.drawn else "training.step_samples"))
    done = session.step_done()
    if done is None:
        return
    st.caption(t("training.step_of", model=done.model, seed=done.seed))
    st.text(done.problem.question)
    rewards_part(done)
    tokens_part(done)
    with st.expander(t("common.how_computed")):
        st.markdown(t("training.step_how"))


def section() -> None:
    """The whole part."""
    st.markdown(t("training.step_intro"))
    question_fields()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kept = {one.name: one for one in runs.kept()}
        st.selectbox(
            t("training.from"),
            list(kept),
            format_func=lambda name: checkpoint(kept[name]),
            key="t_from",
            width=220,
        )
        controls("step", t("training.step_start"), session.start_step)
    polls = 1 / LOOKS_PER_SECOND if session.job("step") is not None else None
    st.fragment(picture, run_every=polls)()
