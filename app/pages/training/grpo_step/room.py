"""One GRPO step by hand: a group of replies, their rewards, advantages, and what changes."""

from __future__ import annotations

import statistics
from typing import Any

import streamlit as st

from app.core.running.lab_runs import LabSlot, Outcome, recorded
from app.core.texts import question_language, t
from app.pages.training import question, training_runs
from app.pages.training.checkpoint_names import checkpoint_name
from app.pages.training.grpo_step import figures
from app.pages.training.grpo_step.view import UpdatedReply, update_view
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table
from app.ui.url_choice import url_choice
from model.training import experiments

SLOT = LabSlot("t_grpo_step", "update")


def start() -> None:
    """Take a step from the chosen checkpoint on the question in the fields."""
    question.ask(SLOT, run, question.asked(model=str(st.session_state.get("t_from"))))


def run(asked: question.TrainingQuestion) -> None:
    """Take a step; from the first checkpoint if there is none with this name."""
    names = [one.name for one in training_runs.checkpoints()]
    model = asked.model if asked.model in names else names[0]
    SLOT.run(experiments.one_step(asked.problem, model, asked.seed))


def rewards_part(replies: list[dict[str, Any]]) -> None:
    """Draw the group's rewards, their mean, and the advantages."""
    rewards = [reply["reward"] for reply in replies]
    mean = statistics.fmean(rewards)
    st.markdown(f"**{t('grpo_step.group_title')}**")
    right = sum(reply["correct"] for reply in replies)
    formatted = sum(reply["formatted"] for reply in replies)
    n = len(rewards)
    st.markdown(t("grpo_step.group_say", n=n, right=right, formatted=formatted, mean=f"{mean:.3f}"))
    chart(
        drawn_once(
            figures.group,
            rewards,
            mean,
            [reply["advantage"] for reply in replies],
            {
                "x": t("grpo_step.group_x"),
                "y": t("grpo_step.group_y"),
                "mean": t("grpo_step.group_mean", mean=f"{mean:.3f}"),
                "advantage": t("grpo_step.group_advantage"),
                "hover": t("grpo_step.group_hover"),
            },
        ),
        key="t_group",
        alt=t("grpo_step.group_alt", n=n, right=right, mean=f"{mean:.3f}"),
    )
    if len(set(rewards)) == 1:
        st.info(t("grpo_step.group_equal"))


def tokens_part(replies: list[dict[str, Any]], lr: float, about: str, model: str) -> None:
    """Draw every reply with its tokens coloured, and the same as a table.

    `about`: which step the replies belong to. `model`: which model took it.
    """
    st.markdown(f"**{t('grpo_step.moved_title')}**")
    st.markdown(t("grpo_step.moved_say", lr=f"{lr:g}"))
    shown = [
        UpdatedReply(
            t("grpo_step.reply", number=i),
            t(
                f"grpo_step.reply_{'right' if reply['correct'] else 'wrong'}",
                reward=f"{reply['reward']:g}",
                advantage=f"{reply['advantage']:+z.3f}",
            ),
            reply["tokens"],
            reply["before"],
            reply["after"],
        )
        for i, reply in enumerate(replies, 1)
    ]
    update_view(shown, about=about, key="t_change")
    rows: list[dict[str, object]] = [
        {"reply": i, "reward": reply["reward"], "advantage": reply["advantage"], "place": place}
        | {"token": token, "before": before, "after": after}
        for i, reply in enumerate(replies, 1)
        for place, (token, before, after) in enumerate(
            zip(reply["tokens"], reply["before"], reply["after"], strict=True), 1
        )
    ]
    folded_table(rows, "grpo-step", of=t("grpo_step.table"), models=model)


def shown() -> tuple[Outcome, str]:
    """The last step taken, or else the recorded one, and a line that says which it is."""
    own = SLOT.shown()
    outcome, date = (own, "") if own else recorded(f"grpo-step-{question_language()}")
    values = {"model": outcome.request["model"], "seed": outcome.request["seed"]}
    if own is None:
        return outcome, t("grpo_step.recorded", date=date, **values)
    return outcome, t("grpo_step.live", **values)


def learner() -> None:
    """Draw the choice of the checkpoint that learns, and the button."""
    there = {one.name: one for one in training_runs.checkpoints()}
    url_choice(
        t("grpo_step.from"),
        list(there),
        "t_from",
        lambda name: checkpoint_name(there[name]),
        drawn="list",
        width=200,
    )
    st.button(t("grpo_step.start"), key="t_start_grpo_step", type="primary", on_click=start)


def inside() -> None:
    """Draw the question, the step in progress, and the last one."""
    question.fields(learner)
    question.follow_link(SLOT, run)
    work = SLOT.running
    learns = work is not None and bool(work.results)
    SLOT.status(t("grpo_step.learns" if learns else "grpo_step.samples"))
    done, source = shown()
    asked = done.problem.question
    question.said(source, asked)
    update = done.last("update")
    rewards_part(update["replies"])
    about = f"“{asked}” · {source}"
    tokens_part(update["replies"], update["lr"], about, done.request["model"])
    with st.expander(t("common.how_computed")):
        st.markdown(t("grpo_step.how"))


def room() -> None:
    """Draw the room."""
    st.header(t("grpo_step.title"))
    st.markdown(t("grpo_step.intro"))
    SLOT.area(inside)
