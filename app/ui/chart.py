"""Draws charts the same way on every page: with a text alternative, and a tool to save them."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from app.core.texts import language, t
from app.ui.components import FORMATS, picture_format
from app.ui.drawn_once import DrawnFigure
from app.ui.legible import OF_A_PAGE, legible

#: URL parameter of a view that a talk shows in a frame: its figures get the frame's height.
ON_STAGE = "stage"
STAGE_HEIGHT = 336  # px that a stage of 1280 × 720 leaves at a zoom of 1.75


def choose_format() -> None:
    """Draw the sidebar's switch for the format of saved pictures; embedded views save PNG."""
    if st.context.is_embedded:
        return
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


def chart(figure: go.Figure | DrawnFigure, key: str, alt: str) -> None:
    """Draw a figure. Its only tool saves it; nothing zooms by accident on a phone.

    `static/shared/chart_picture.js` handles the tool and adds title and source to the picture;
    `app/export/share.py` loads it on every page.
    """
    if st.context.is_embedded and st.query_params.get(ON_STAGE) == "1":
        figure = legible(go.Figure(figure.to_dict()), STAGE_HEIGHT, OF_A_PAGE)
    saved = {"format": picture_format(), "filename": f"inside-r1-{key}", "scale": 2}
    config = {
        "displaylogo": False,
        "displayModeBar": True,
        "modeBarButtons": [["toImage"]],
        "scrollZoom": False,
        "toImageButtonOptions": saved,
        "locale": language(),
        "locales": {language(): {"dictionary": plotlys_words()}},
    }
    st.plotly_chart(figure, key=key, config=config, alt=alt)


def plotlys_words() -> dict[str, str]:
    """plotly's own texts about saving, in the viewer's language."""
    return {
        "Download plot as a PNG": t("common.save_chart", format="PNG"),
        "Download plot": t("common.save_chart", format=picture_format().upper()),
        "Preparing image - this may take a few seconds": t("common.saving_chart"),
    }
