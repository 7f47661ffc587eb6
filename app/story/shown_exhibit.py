"""Draws an exported figure inside the app: interactive, with its takeaway."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from app.core.texts import t
from app.export.exhibit import Exhibit, ShownRun
from app.ui.chart import chart
from app.ui.components.reasoning_view import reasoning_view
from app.ui.components.trace_view import trace_view


def draw(exhibit: Exhibit, key: str) -> None:
    """Draw title, picture and takeaway, and a button to reset the picture.

    Until then, the browser keeps what the reader did to the picture.
    """
    again = f"{key}_again"
    times = st.session_state.setdefault(again, 0)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{exhibit.title}**")
        st.button(
            t("story.reset"), key=f"{key}_reset", type="tertiary", on_click=_again, args=(again,)
        )
    picture(exhibit, key=f"{key}_{times}")
    st.caption(exhibit.takeaway)
    st.caption(exhibit.source)


def _again(again: str) -> None:
    """Reset the picture by giving it a new key."""
    st.session_state[again] += 1


def picture(exhibit: Exhibit, key: str) -> None:
    """Draw the picture alone."""
    content = exhibit.content
    if isinstance(content, go.Figure):
        chart(content, key=key, alt=f"{exhibit.title}. {exhibit.takeaway}")
    elif isinstance(content, ShownRun):
        trace_view(content.trace, parts=content.parts, key=key, layer=content.layer, playing=True)
    else:
        reasoning_view(content.traces, key=key, playing=True)
