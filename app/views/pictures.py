"""A chart, the same way on every page: with words for those who do not see it, and to be saved."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from app.i18n import t

FORMATS = ("png", "svg")


def choose_format() -> None:
    """The switch in the sidebar: what a chart is saved as."""
    with st.sidebar:
        st.segmented_control(
            t("common.picture_format"),
            FORMATS,
            format_func=str.upper,
            default=FORMATS[0],
            required=True,
            key="picture_format",
            help=t("common.picture_help"),
        )


def chart(figure: go.Figure, key: str, alt: str) -> None:
    """Draw a figure. Its one tool saves it; nothing zooms by accident on a phone."""
    chosen = st.session_state.get("picture_format", FORMATS[0])
    saved = {"format": chosen, "filename": f"inside-r1-{key}", "scale": 2}
    config = {
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "scrollZoom": False,
        "toImageButtonOptions": saved,
    }
    st.plotly_chart(figure, key=key, config=config, alt=alt)
