"""Start: a recorded run plays at once; the same question or one's own runs live."""

from __future__ import annotations

import streamlit as st

from app.core import questions
from app.core.texts import t
from app.pages.start import sentences
from app.pages.start import state as session
from app.ui.components.trace_view import trace_view
from model.record.trace import RunInfo, Trace


def controls() -> None:
    """The question, Run or Stop, and settings. The defaults are the recorded run's own."""
    info = session.recorded().info
    asked = questions.taken_apart(info.prompt)
    st.text_area(
        t("start.question"),
        value=asked.text,
        height=68,
        key="q",
        bind="query-params",
        help=t("start.question_help"),
    )
    with st.container(horizontal=True):
        st.button(t("start.run"), key="s_run", type="primary", on_click=session.start)
        st.menu_button(
            t("start.examples"),
            list(session.EXAMPLES),
            format_func=lambda name: t(f"examples.{name}"),
            key="s_example",
            on_click=session.start_example,
        )
        with st.popover(t("start.settings")):
            settings(asked.begin, info)


def settings(begin: str, info: RunInfo) -> None:
    """How the question is put, temperature and seed."""
    st.toggle(t("start.free"), key="free", bind="query-params", help=t("start.free_help"))
    st.text_input(
        t("start.begin"),
        value=begin,
        key="begin",
        bind="query-params",
        help=t("start.begin_help"),
        disabled=st.session_state.free,
    )
    st.number_input(
        t("common.temperature"),
        0.0,
        session.MAX_TEMPERATURE,
        value=info.temperature,
        step=0.1,
        key="t",
        bind="query-params",
        help=t("common.temperature_help"),
    )
    st.number_input(
        t("common.seed"), 0, session.MAX_SEED, value=info.seed, key="seed", bind="query-params"
    )


def status(trace: Trace, kind: str) -> None:
    """One line: what is on screen."""
    with st.container(horizontal=True, vertical_alignment="center", height=44, border=False):
        info = trace.info
        st.caption(t(f"common.run_{kind}", model=trace.card.name, date=info.date, seed=info.seed))
        if kind == "live":
            st.button(
                t("start.show_recorded"),
                key="s_recorded",
                type="tertiary",
                on_click=session.RUN.forget,
            )


def room() -> None:
    """The question, the run, and what one sees of it."""
    controls()
    session.run_link()
    session.RUN.status()
    trace, kind = session.on_screen()
    status(trace, kind)
    trace_view(trace, parts=("strip", "text", "grid", "cache"), key="s_view", playing=True)
    st.markdown("\n".join(f"- {sentence}" for sentence in sentences.seen(trace)))
    if (said := sentences.verdict(trace)) is not None:
        st.markdown(said)


def ways_on() -> None:
    """Links to the other pages, each with a line that says what is there."""
    st.subheader(t("start.more"))
    pages = ("experts", "cache", "reasoning", "training")
    for column, page in zip(st.columns(len(pages)), pages, strict=True):
        with column.container(border=True):
            st.page_link(f"pages/{page}/{page}.py", label=f"**{t(f'nav.{page}')}**")
            st.caption(t(f"start.to_{page}"))


st.title(t("start.title"))
st.markdown(t("start.intro"))
session.RUN.area(room)
ways_on()
