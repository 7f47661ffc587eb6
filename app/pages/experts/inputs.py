"""What is run: the prompt with Run and its alert beside it, examples, model and settings.

They stand above the picture of the run in every room that shows one, so that what was asked for,
and Stop, stay in sight.
"""

from __future__ import annotations

from typing import Literal

import streamlit as st

from app.core import links
from app.core.asking import examples
from app.core.texts import t
from app.pages.experts import state as session
from app.ui.sampling import temperature_and_seed
from model.record.trace import RunInfo, Trace


def inputs() -> None:
    """All inputs of a run, and how far it is. The defaults are the recorded run's own."""
    info = session.recorded().info
    st.text_area(
        t("common.prompt"),
        value=info.prompt,
        height=88,
        key="e_prompt",
        bind="query-params",
        help=t("experts.prompt_help"),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(t("common.run"), type="primary", key="e_run", on_click=session.start)
        st.menu_button(
            t("experts.examples"),
            list(examples.prompts()),
            format_func=lambda name: t(f"examples.{name}"),
            key="e_example",
            on_click=session.start_example,
        )
        model(label_visibility="collapsed")
        with st.popover(t("experts.settings")):
            settings(info)
    links.run_inputs("experts", session.run)
    session.RUN.status()


def model(*, label_visibility: Literal["visible", "collapsed"] = "visible") -> str:
    """Whose experts are looked at."""
    names = session.names()
    chosen: str = st.selectbox(
        t("experts.model"),
        names,
        index=names.index(session.recorded().card.name),
        key="e_model",
        bind="query-params",
        width=200,
        label_visibility=label_visibility,
    )
    return chosen


def settings(info: RunInfo) -> None:
    """Temperature, seed and length."""
    temperature_and_seed(info.temperature, info.seed, ("e_temperature", "e_seed"))
    session.TOKENS.draw("e_tokens", info.max_new_tokens)


def shown(trace: Trace, kind: str) -> None:
    """One line: what is on screen, "recorded" or "live", and how it ended."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(t(f"experts.badge_{kind}"))
        info = trace.info
        said = t(f"common.run_{kind}", model=trace.card.name, date=info.date, seed=info.seed)
        st.caption(f"{said}. {t(f'experts.ended_{trace.finish_reason}')}")
