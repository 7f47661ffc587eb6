"""Reasoning: one question, up to four models side by side, every step checked by arithmetic."""

from __future__ import annotations

import json

import streamlit as st

from app.core import contestants, judged, scope
from app.core.texts import t
from app.pages.reasoning import state as session
from app.pages.reasoning.continuations import room as continuations_room
from app.pages.reasoning.samples import room as samples_room
from app.ui.components.reasoning_view import name_of, reasoning_view
from app.ui.table import numbers
from model.record.trace import Trace
from model.tasks import TASKS, chain, pick


def kind_name(kind: str) -> str:
    return t("reasoning.kind_free" if kind == "free" else f"question.kind_{kind}")


def question_fields() -> None:
    """What is asked: a kind, and the fields of that kind."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            t("question.kind"),
            session.KINDS,
            format_func=kind_name,
            default=session.KINDS[0],  # what counts if the browser has not sent a choice yet
            required=True,
            key="r_kind",
            on_change=session.draw,
        )
        kind = st.session_state.r_kind
        if kind == "free":
            st.text_area(
                t("reasoning.free_text"),
                height=68,
                key="r_text",
                bind="query-params",
                help=t("reasoning.free_help"),
            )
            return
        st.selectbox(
            t("question.level"),
            list(TASKS[kind].LEVELS),
            key="r_level",
            on_change=session.draw,
            width=110,
            help=scope.level_help(),
        )
        st.segmented_control(
            t("reasoning.language"),
            session.LANGUAGES,
            format_func=lambda code: t(f"reasoning.language_{code}"),
            default=session.LANGUAGES[0],
            required=True,
            key="r_lang",
        )
        if kind == chain.NAME:
            st.text_input(
                t("reasoning.expression"),
                value=session.default_chain(),
                key="r_expr",
                bind="query-params",
                width=300,
                help=t("reasoning.expression_help"),
            )
            return
        listed, count, target = session.default_pick()
        st.text_input(
            t("reasoning.numbers"),
            value=listed,
            key="r_numbers",
            bind="query-params",
            width=260,
            help=t("reasoning.numbers_help"),
        )
        most = max(k for k, _ in pick.SHAPES.values())
        least = min(k for k, _ in pick.SHAPES.values())
        st.number_input(
            t("reasoning.count"), least, most, count, key="r_count", bind="query-params", width=130
        )
        st.number_input(
            t("reasoning.target"), 0, 3000, target, key="r_target", bind="query-params", width=130
        )


def run_fields() -> None:
    """Who answers and how, and the buttons."""
    known = contestants.contestants()
    st.multiselect(
        t("reasoning.models", most=contestants.MOST),
        list(known),
        default=st.session_state.r_models_first,
        format_func=lambda one: name_of(known[one]),
        max_selections=contestants.MOST,
        key="r_models",
        placeholder=t("common.choose_models"),
        help=t("reasoning.models_help"),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(t("reasoning.ask"), key="r_ask", type="primary", on_click=session.start)
        if st.session_state.r_kind in TASKS:
            st.button(t("reasoning.another"), key="r_another", on_click=session.start_another)
        with st.popover(t("reasoning.settings")):
            settings()


def settings() -> None:
    """Temperature and seed."""
    st.number_input(
        t("common.temperature"),
        0.0,
        session.MAX_TEMPERATURE,
        1.0,
        0.1,
        key="r_t",
        bind="query-params",
        help=t("common.temperature_help"),
    )
    st.number_input(
        t("common.seed"),
        0,
        session.MAX_SEED,
        0,
        key="r_seed",
        bind="query-params",
        help=t("reasoning.seed_help"),
    )


def status(shown: list[Trace], kind: str) -> None:
    """The question on screen, and where the replies are from."""
    asked = judged.read(shown[0])
    problem = asked.problem
    with st.container(horizontal=True, vertical_alignment="center"):
        info = shown[0].info
        values = {"date": info.date, "t": f"{info.temperature:g}", "seed": info.seed}
        st.badge(t(f"reasoning.badge_{kind}"))
        st.caption(t(f"reasoning.from_{kind}", **values))
        if kind == "live":
            st.button(
                t("reasoning.show_recorded"),
                key="r_recorded",
                type="tertiary",
                on_click=session.RUN.forget,
            )
    st.text(asked.asked.text)
    if problem.level:
        seen = t(f"question.split_{problem.split}")
        st.caption(f"{t('question.right_answer', answer=problem.answer)} {seen}")
    else:
        st.caption(t("reasoning.unjudged"))


def first_error(shown: list[Trace]) -> None:
    """One sentence: where the first error stands, and what follows from it."""
    readings = [judged.read(trace) for trace in shown]
    steps = sum(len(reading.steps) for reading in readings)
    right = sum(bool(step.right) for reading in readings for step in reading.steps)
    said = [t("reasoning.say_steps", right=right, n=steps)] if steps else []
    for trace, reading in zip(shown, readings, strict=True):
        for number, step in enumerate(reading.steps, 1):
            if step.first_error:
                built = sum(mark.builds for mark in reading.steps)
                name = name_of(contestants.of(trace, reading.asked.begin))
                values = {"name": name, "n": number, "step": step.text, "value": step.value}
                said.append(t("reasoning.say_error", **values))
                if built:
                    said.append(t("reasoning.say_built", n=built))
    st.text("\n".join(said) or t("reasoning.say_no_steps"))


def room() -> None:
    """The question, who answers, the replies, and what one sees."""
    question_fields()
    run_fields()
    session.run_link()
    session.to_url()
    session.RUN.status()
    shown, kind = session.on_screen()
    status(shown, kind)
    clicked = reasoning_view(shown, key="r_view", playing=True, clickable=True)
    if clicked is not None:
        pick = (shown[clicked[0]].id, clicked[1])
        if pick != st.session_state.get("r_pick"):
            st.session_state.r_pick = pick
    first_error(shown)
    continuations_room.section()
    downloads()


def downloads() -> None:
    """The replies on screen as JSON and their steps as a table and CSV."""
    shown, _ = session.on_screen()
    st.download_button(
        t("reasoning.download_traces"),
        lambda: json.dumps([trace.to_json() for trace in shown], ensure_ascii=False),
        "reasoning.json",
        "application/json",
        on_click="ignore",
        key="r_json",
    )
    if rows := judged.rows(shown):
        numbers(rows, "reasoning-steps")
    with st.expander(t("common.how_computed")):
        st.markdown(t("reasoning.how"))


session.open_page()
st.title(t("reasoning.title"))
st.markdown(t("reasoning.intro"))
session.RUN.area(room)
samples_room.section()
