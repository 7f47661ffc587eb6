"""Figures for the last row: whatever a figure holds, set in one size of type. Pure plotly."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

import plotly.graph_objects as go

OF_A_PAGE = 14  # px: pages set their figures in this size
ROWS_BESIDE = 6  # legend, axis and gaps between bars, in bars
AROUND = 120  # px above and below the axes of a figure
LONGEST_LINE = 80  # characters, marks among them
WIDTH = 0.5  # of a character, in its height


def legible(figure: go.Figure, height: int, size: float) -> go.Figure:
    """A copy for the whole screen: one size of type for every word, lines and gaps in proportion.

    `height`: px of the copy. `size`: px of its type.
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
            note.text = note.text.replace("<br>", " ")  # broken for the narrowest phone
    copy.layout.sliders = ()  # there is no room for it; an animation's Play is there
    bars = sum(len(trace.y) for trace in copy.data if trace.type == "bar")
    room = height / (bars + ROWS_BESIDE)  # px of height for a bar, if they lie
    for trace in copy.data:
        drawn = trace.to_plotly_json()
        if drawn["type"] == "bar":
            trace.update(textfont_size=size, constraintext="none")
            if room < size:
                trace.update(text=None)  # they would lie upon one another
        elif drawn["type"] == "scatter":
            trace.update(
                line_width=larger(drawn.get("line", {}).get("width", 2)),
                marker_size=_each(larger, drawn.get("marker", {}).get("size", 6)),
            )
        elif drawn["type"] == "heatmap":
            trace.update(colorbar_tickfont_size=size, colorbar_title_font_size=size)
    return copy


def _each(larger: Callable[[float], float | None], sizes: float | Sequence[float]) -> object:
    """The sizes of a trace's marks, one for all of them or one for each."""
    return larger(sizes) if isinstance(sizes, (int, float)) else [larger(one) for one in sizes]


def _beside(axis: go.layout.YAxis, height: int, size: float) -> str | None:
    """The title of an axis in lines that are no longer than the axis itself."""
    low, high = axis.domain or (0, 1)
    characters = (high - low) * (height - AROUND) / (WIDTH * size)
    text = axis.title.text and axis.title.text.replace("<br>", " ")
    return text and "<br>".join(textwrap.wrap(text, max(1, round(characters))))
