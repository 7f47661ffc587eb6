"""Figures that can be read from the last row: all text in one large size. Pure plotly."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

import plotly.graph_objects as go

OF_A_PAGE = 14  # px: the text size of a page's figures
ROWS_BESIDE = 6  # height of legend, axis and gaps, in bars
AROUND = 120  # px above and below the axes of a figure
LONGEST_LINE = 80  # characters, markup included
WIDTH = 0.5  # of a character, relative to its height


def legible(figure: go.Figure, height: int, size: float) -> go.Figure:
    """A copy for the full screen: all text in one size, lines and gaps in proportion.

    `height`: of the copy, in px. `size`: of its text, in px.
    """

    def larger(pixels: float | None) -> float | None:
        return None if pixels is None else size / OF_A_PAGE * pixels

    copy = go.Figure(figure)
    copy.update_layout(
        height=height, font_size=size, legend_font_size=size, hoverlabel_font_size=size
    )
    margin = copy.layout.margin.to_plotly_json()
    copy.update_layout(margin={side: larger(margin[side]) for side in "lrtb" if side in margin})
    copy.update_xaxes(tickfont_size=size, title_font_size=size)
    copy.update_yaxes(tickfont_size=size, title_font_size=size)
    copy.for_each_yaxis(lambda axis: axis.update(title_text=_beside(axis, height, size)))
    copy.update_coloraxes(colorbar_tickfont_size=size, colorbar_title_font_size=size)
    for note in copy.layout.annotations:
        note.update(font_size=size, xshift=larger(note.xshift), yshift=larger(note.yshift))
        if note.text is not None and len(note.text) < LONGEST_LINE:
            note.text = note.text.replace("<br>", " ")  # wrapped for the narrowest phone
    copy.layout.sliders = ()  # there is no room for it; an animation still has Play
    bars = sum(len(trace.y) for trace in copy.data if trace.type == "bar")
    room = height / (bars + ROWS_BESIDE)  # px per bar, if they are horizontal
    for trace in copy.data:
        drawn = trace.to_plotly_json()
        if drawn["type"] == "bar":
            trace.update(textfont_size=size, constraintext="none")
            if room < size:
                trace.update(text=None)  # the labels would overlap
        elif drawn["type"] == "scatter":
            trace.update(
                line_width=larger(drawn.get("line", {}).get("width", 2)),
                marker_size=_each(larger, drawn.get("marker", {}).get("size", 6)),
            )
        elif drawn["type"] == "heatmap":
            trace.update(colorbar_tickfont_size=size, colorbar_title_font_size=size)
    return copy


def _each(larger: Callable[[float], float | None], sizes: float | Sequence[float]) -> object:
    """Apply `larger` to the size of a trace's markers: one for all, or one for each."""
    return larger(sizes) if isinstance(sizes, (int, float)) else [larger(one) for one in sizes]


def _beside(axis: go.layout.YAxis, height: int, size: float) -> str | None:
    """The title of an axis, wrapped to the axis's length."""
    low, high = axis.domain or (0, 1)
    characters = (high - low) * (height - AROUND) / (WIDTH * size)
    text = axis.title.text and axis.title.text.replace("<br>", " ")
    return text and "<br>".join(textwrap.wrap(text, max(1, round(characters))))
