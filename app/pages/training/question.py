"""The fields for a held-out question, shared by the parts of the Training page that ask one."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.core.texts import t
from app.pages.training import state as session
from model.tasks import TASKS


def question_fields() -> None:
    """Task, level, number and seed; then the question itself."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            t("question.kind"),
            list(TASKS),
            format_func=lambda task: t(f"question.kind_{task}"),
            default=st.session_state.t_task_first,
            required=True,
            key="t_task",
        )
        st.selectbox(
            t("question.level"),
            session.LEVELS,
            key="t_level",
            bind="query-params",
            width=110,
            help=t("question.level_help"),
        )
        st.number_input(
            t("training.number"),
            1,
            session.MAX_NUMBER,
            1,
            key="t_number",
            bind="query-params",
            width=140,
            help=t("training.number_help", most=session.MAX_NUMBER),
        )
        st.number_input(
            t("common.seed"),
            0,
            session.MAX_SEED,
            0,
            key="t_seed",
            bind="query-params",
            width=140,
            help=t("training.seed_help"),
        )
    asked = session.problem()
    st.text(asked.question)
    st.caption(f"{t('question.right_answer', answer=asked.answer)} {t('question.split_heldout')}")


def controls(part: str, label: str, start: Callable[[], None]) -> None:
    """The button that starts the part's job, or Stop while there is one."""
    if session.job(part) is None:
        st.button(label, key=f"t_start_{part}", type="primary", on_click=start)
    else:
        st.button(
            t("common.stop"),
            key=f"t_stop_{part}",
            type="primary",
            on_click=session.stop,
            args=(part,),
        )
    if told := session.error(part):
        st.error(told)


def watch(part: str) -> None:
    """Inside a part's picture: when its job has ended, draw the page anew, without polling."""
    if session.finished(part):
        st.rerun()
