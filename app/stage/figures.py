"""Figures that can be read from the last row: all text in one large size. Pure plotly."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.ui import style

TYPE = 24  # px
SCALE = TYPE / 14  # pages use 14 px for their figures
ROWS_BESIDE = 6  # height of legend, axis and gaps, in bars
AROUND = 120  # px above and below the axes of a figure
WIDTH = 0.5  # of a character, relative to its height
LONGEST = 4  # characters of a token that fit below its column


def legible(figure: go.Figure, height: int) -> go.Figure:
    """A copy for the full screen: all text in size `TYPE`, lines and gaps in proportion.

    `height` is the copy's in px.
    """
    copy = go.Figure(figure)
    copy.update_layout(height=height)
    copy.update_layout(font_size=TYPE, legend_font_size=TYPE, hoverlabel_font_size=TYPE)
    margin = copy.layout.margin.to_plotly_json()
    copy.update_layout(margin={side: _larger(margin[side]) for side in "lrtb" if side in margin})
    copy.update_xaxes(tickfont_size=TYPE, title_font_size=TYPE)
    copy.update_yaxes(tickfont_size=TYPE, title_font_size=TYPE)
    copy.for_each_yaxis(lambda axis: axis.update(title_text=_beside(axis, height)))
    for note in copy.layout.annotations:
        note.update(font_size=TYPE, xshift=_larger(note.xshift), yshift=_larger(note.yshift))
    bars = sum(len(trace.y) for trace in copy.data if trace.type == "bar")
    room = copy.layout.height / (bars + ROWS_BESIDE)  # px per bar, if they are horizontal
    for trace in copy.data:
        drawn = trace.to_plotly_json()
        if drawn["type"] == "bar":
            trace.update(textfont_size=TYPE, constraintext="none")
            if room < TYPE:
                trace.update(text=None)  # the labels would overlap
        if drawn["type"] == "scatter":
            trace.update(
                line_width=_larger(drawn.get("line", {}).get("width", 2)),
                marker_size=_larger(drawn.get("marker", {}).get("size", 6)),
            )
    return copy


def _beside(axis: go.layout.YAxis, height: int) -> str | None:
    """The title of an axis, wrapped to the axis's length."""
    low, high = axis.domain or (0, 1)
    characters = (high - low) * (height - AROUND) / (WIDTH * TYPE)
    return axis.title.text and "<br>".join(textwrap.wrap(axis.title.text, round(characters)))


def _larger(pixels: float | None) -> float | None:
    return None if pixels is None else SCALE * pixels


def took(
    ids_TK: NDArray[np.integer],
    weights_TK: NDArray[np.floating],
    texts: Sequence[str],
    experts: int,
    labels: Mapping[str, str],
) -> go.Figure:
    """A heatmap of one layer's routing: experts by tokens, coloured by weight.

    Weights are normalised per token. `labels`: expert, token (titles of axes), share.
    """
    share_ET = np.zeros((experts, len(texts)))
    columns = np.arange(len(texts))[:, None]
    share_ET[ids_TK.astype(int), columns] = weights_TK / weights_TK.sum(axis=1, keepdims=True)
    figure = go.Figure(
        go.Heatmap(
            z=np.where(share_ET > 0, share_ET, np.nan),
            zmin=0,
            zmax=0.6,
            colorscale=style.AMOUNTS,
            colorbar={
                "title": {"text": labels["share"], "font": {"size": TYPE}},
                "tickformat": ".0%",
                "tickfont": {"size": TYPE},
                "thickness": 20,
            },
            xgap=1,
            ygap=1,
            customdata=np.tile([text.replace("<", "&lt;") for text in texts], (experts, 1)),
            hovertemplate="%{customdata}, %{y}: %{z:.0%}<extra></extra>",
        )
    )
    style.plain(figure, height=300)
    figure.update_xaxes(
        title_text=labels["token"],
        tickvals=list(range(len(texts))),
        ticktext=[text.strip() if len(text.strip()) <= LONGEST else "…" for text in texts],
        tickangle=0,
        showgrid=False,
    )
    figure.update_yaxes(
        title_text=labels["expert"], autorange="reversed", dtick=5, showgrid=False, zeroline=False
    )
    return figure
