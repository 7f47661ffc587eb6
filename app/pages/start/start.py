"""Start: what the app is, and a question answered by base and R1-Zero, recorded or live."""

from __future__ import annotations

import streamlit as st

from app.core import links
from app.core.asking import judged_reply, scope
from app.core.texts import t
from app.pages.start import state as session
from app.pages.start.cards import cards
from app.ui.components.reasoning_view import reasoning_view
from app.ui.sampling import temperature_and_seed
from model.record.trace import RunInfo, Trace
from model.tasks import TASKS


def controls() -> None:
    """The question, the Run button, other questions. The defaults are those of the recording."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            t("start.question"),
            value=session.question(),
            key="q",
            bind="query-params",
            help=f"{scope.askable()} {scope.sizes()}",
        )
        st.button(t("start.run"), key="s_run", type="primary", on_click=session.start)
        for task in TASKS:
            st.button(
                t(f"start.another_{task}"),
                key=f"s_another_{task}",
                on_click=session.start_another,
                args=(task,),
            )
        with st.popover(t("start.settings")):
            settings(session.recorded()[0].info)


def settings(info: RunInfo) -> None:
    """Temperature and seed."""
    temperature_and_seed(info.temperature, info.seed, ("t", "seed"))


def shown(traces: tuple[Trace, ...], kind: str) -> None:
    """Say what is on screen: the question, when it was run, if it was stopped, and if it is outside
    what the models have learnt."""
    info, asked = traces[0].info, judged_reply.read(traces[0]).asked
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(t(f"start.badge_{kind}"))
        st.text(asked.text)
        st.caption(
            t(
                f"start.from_{kind}",
                date=info.date,
                temperature=f"{info.temperature:g}",
                seed=info.seed,
            )
        )
        if any(trace.finish_reason == "stopped" for trace in traces):
            st.caption(t("start.stopped"))
        if kind == "live":
            st.button(
                t("start.show_recorded"),
                key="s_recorded",
                type="tertiary",
                on_click=session.RUN.forget,
            )
    if (word := scope.outside(asked)) is not None:
        st.info(word)


def room() -> None:
    """Draw the question, both models' replies, and links to the other pages."""
    controls()
    links.run_inputs("start", session.start)
    session.RUN.status()
    with st.container(key="s_askable"):
        st.caption(scope.askable())
    traces, kind = session.on_screen()
    shown(traces, kind)
    st.caption(t("start.columns"))
    reasoning_view(traces, key="s_view", playing=True)
    st.header(t("start.look_inside"))
    st.markdown(t("start.here"))
    cards(traces)


st.title(t("start.title"))
st.markdown(t("start.lead"))
session.open_page()
session.RUN.area(room)
st.page_link(
    "pages/training/training.py", label=t("start.to_training"), icon=":material/trending_up:"
)
