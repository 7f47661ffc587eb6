"""Inputs of a run: the prompt, Run with its messages, examples, model and settings.

They are drawn above the run's figure in every room that shows one, so that the inputs and Stop
stay visible.
"""

from __future__ import annotations

from typing import Literal

import streamlit as st

from app.core import links
from app.core.asking import examples, prompts
from app.core.texts import t
from app.pages.experts import state as session
from app.ui.sampling import temperature_and_seed
from model.record.trace import RunInfo, Trace


def inputs() -> None:
    """Draw all inputs of a run, and its progress. Defaults are those of the recorded run."""
    info = session.recorded().info
    prompts.follow_language("e_prompt", lambda: session.recorded().info.prompt)
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
    """Draw the choice of the model and return its name."""
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
    """Draw temperature, seed and length."""
    temperature_and_seed(info.temperature, info.seed, ("e_temperature", "e_seed"))
    session.TOKENS.draw("e_tokens", info.max_new_tokens)


def shown(trace: Trace, kind: str) -> None:
    """Draw one line on the run on screen: "recorded" or "live", and why it ended."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(t(f"experts.badge_{kind}"))
        info = trace.info
        said = t(f"common.run_{kind}", model=trace.card.name, date=info.date, seed=info.seed)
        st.caption(f"{said}. {t(f'experts.ended_{trace.finish_reason}')}")
