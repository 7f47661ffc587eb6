"""Reasoning: one question, up to four models side by side, the arithmetic of each step checked."""

from __future__ import annotations

import json
from collections.abc import Callable

import streamlit as st

from app.core import links
from app.core.asking import contestants, judged_reply, scope
from app.core.texts import question_language, t
from app.pages.reasoning import state as session
from app.pages.reasoning.continuations import section as continuations_section
from app.pages.reasoning.samples import room as samples_room
from app.pages.reasoning.thinking import room as thinking_room
from app.ui import rooms
from app.ui.components.reasoning_view import name_of, reasoning_view
from app.ui.number_field import NumberField
from app.ui.sampling import temperature_and_seed
from app.ui.table import file_name, folded_table
from model.record.trace import Trace
from model.tasks import TASKS, chain, pick


def kind_name(kind: str) -> str:
    return t("reasoning.kind_free" if kind == "free" else f"question.kind_{kind}")


def question_fields() -> None:
    """Draw the kind of question and the fields of that kind."""
    st.segmented_control(
        t("question.kind"),
        session.KINDS,
        format_func=kind_name,
        default=session.KINDS[0],  # applies until the browser has sent a choice
        required=True,
        key="r_kind",
        on_change=session.another_kind,
    )
    kind = st.session_state.r_kind
    if kind == "free":
        st.text_area(
            t("reasoning.free_text"),
            height=68,
            key="r_text",
            bind="query-params",
            on_change=session.typed,
            help=f"{scope.askable()} {t('reasoning.free_help')}",
        )
    elif kind == chain.NAME:
        st.text_input(
            t("reasoning.expression"),
            value=session.default_chain(),
            key="r_expr",
            bind="query-params",
            on_change=session.typed,
            width=210,
            help=f"{t('reasoning.expression_help')} {scope.sizes()}",
        )
    else:
        listed, count, target = session.default_pick()
        st.text_input(
            t("reasoning.numbers"),
            value=listed,
            key="r_numbers",
            bind="query-params",
            on_change=session.typed,
            width=210,
            help=f"{t('reasoning.numbers_help')} {scope.sizes()}",
        )
        shapes = pick.SHAPES.values()
        least, most = min(k for k, _ in shapes), max(k for k, _ in shapes)
        NumberField("reasoning.count", least, most).draw("r_count", count, width=120)
        NumberField("reasoning.target", 0, 3000).draw("r_target", target, width=120)


def inputs(*, asks: bool) -> None:
    """Draw the question, models and settings in one row; `asks`: with the buttons to ask it."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        question_fields()
        if asks:
            st.button(t("reasoning.ask"), key="r_ask", type="primary", on_click=session.ask)
        if st.session_state.r_kind in TASKS:
            act = session.ask_another if asks else session.another
            st.button(t("reasoning.another"), key="r_another", on_click=act)
        with st.popover(t("reasoning.settings")):
            settings()


def settings() -> None:
    """Draw the models, level and language of drawn questions, temperature and seed."""
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
    if st.session_state.r_kind in TASKS:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            levels = list(TASKS[st.session_state.r_kind].LEVELS)
            st.selectbox(
                t("question.level"),
                levels,
                levels.index(session.DEFAULT_LEVEL),
                key="r_level",
                on_change=session.another,
                width=110,
                help=scope.level_help(),
            )
            st.segmented_control(
                t("reasoning.language"),
                session.LANGUAGES,
                format_func=lambda code: t(f"reasoning.language_{code}"),
                default=question_language(),
                required=True,
                key="r_lang",
            )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        keys = ("r_t", "r_seed")
        temperature_and_seed(1.0, 0, keys, width=150, seed_help=t("reasoning.seed_help"))


def status(shown: list[Trace], kind: str) -> None:
    """Draw the question on screen, whether its answers are recorded, and what to expect."""
    asked = judged_reply.read(shown[0])
    problem = asked.problem
    outside = scope.outside(asked.asked)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(t(f"reasoning.badge_{kind}"))
        st.text(asked.asked.text, width="content")
        if problem.level:
            st.caption(t("question.right_answer", answer=problem.answer), width="content")
        elif outside is None:
            st.caption(t("reasoning.unjudged"), width="content")
        if kind == "live":
            st.button(
                t("reasoning.show_recorded"),
                key="r_recorded",
                type="tertiary",
                on_click=session.show_recorded,
            )
    if outside is not None:
        st.info(outside)


def origin(shown: list[Trace], kind: str) -> None:
    """Say where the answers are from."""
    info, problem = shown[0].info, judged_reply.read(shown[0]).problem
    values = {"date": info.date, "t": f"{info.temperature:g}", "seed": info.seed}
    said = t(f"reasoning.from_{kind}", **values)
    if problem.level:
        said += " " + t(f"question.split_{problem.split}")
    st.caption(said)


def first_error(shown: list[Trace]) -> None:
    """Draw a sentence on where the first error is, and what follows from it."""
    judged_replies = [judged_reply.read(trace) for trace in shown]
    steps = sum(len(judged.steps) for judged in judged_replies)
    right = sum(bool(step.right) for judged in judged_replies for step in judged.steps)
    said = [t("reasoning.say_steps", right=right, n=steps)] if steps else []
    for trace, judged in zip(shown, judged_replies, strict=True):
        for number, step in enumerate(judged.steps, 1):
            if step.first_error:
                built = sum(mark.builds for mark in judged.steps)
                name = name_of(contestants.contestant_of(trace, judged.asked.begin))
                values = {"name": name, "n": number, "step": step.text, "value": step.value}
                said.append(t("reasoning.say_error", **values))
                if built:
                    said.append(t("reasoning.say_built", n=built))
    st.text("\n".join(said) or t("reasoning.say_no_steps"))


def replies() -> None:
    """Draw the question, the answers, and what they show."""
    inputs(asks=True)
    links.run_inputs("reasoning", session.start)
    session.to_url()
    session.RUN.status()
    shown, kind = session.on_screen()
    status(shown, kind)
    before = session.picked_of_url(shown)
    clicked = reasoning_view(shown, key="r_view", playing=True, clickable=True, picked=before)
    session.choose_step(shown, before if clicked is None else clicked)
    first_error(shown)
    continuations_section.section()
    st.markdown(t("reasoning.intro"))
    origin(shown, kind)
    downloads()


def many(draw: Callable[[], None]) -> Callable[[], None]:
    """Make a room about many answers: the question without "Ask", then what `draw` draws."""

    def room() -> None:
        inputs(asks=False)
        session.to_url()
        draw()

    return room


def downloads() -> None:
    """Draw downloads of the answers as JSON, and their steps as a table and CSV."""
    shown, _ = session.on_screen()
    st.download_button(
        t("reasoning.download_traces"),
        lambda: json.dumps([trace.to_json() for trace in shown], ensure_ascii=False),
        file_name("replies", "-".join(trace.card.name for trace in shown), "json"),
        "application/json",
        on_click="ignore",
        key="r_json",
    )
    if rows := judged_reply.rows(shown):
        folded_table(rows, "reasoning-steps", of=t("reasoning.table_steps"))
    with st.expander(t("common.how_computed")):
        st.markdown(t("reasoning.how"))


ROOMS = {
    "replies": lambda: session.RUN.area(replies),
    "samples": many(samples_room.room),
    "thinking": many(thinking_room.room),
}

session.open_page()
st.title(t("reasoning.title"))
ROOMS[rooms.choose({name: t(f"reasoning.room_{name}") for name in ROOMS}, "r_room")]()
