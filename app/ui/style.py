"""Colours and layout that all figures share; pure plotly, no streamlit.

Backgrounds are transparent and texts carry no colour of their own, so that the viewer's theme,
light or dark, shows through. The colours of attention kinds are Okabe and Ito's, told apart with
any colour vision, and never stand alone: a marker and a label go with each.
"""

from __future__ import annotations

import plotly.graph_objects as go
from plotly import optional_imports

# plotly uses pandas as soon as another thread, such as one that draws a table, has begun to import
# it, and fails on the half of it that is there. So all of it is there before the first figure.
optional_imports.get_module("pandas")

KINDS = ("MHA", "GQA", "MQA", "MLA")  # most key-value heads first, and the latent last
KIND_COLOUR = {"MHA": "#D55E00", "GQA": "#E69F00", "MQA": "#009E73", "MLA": "#0072B2"}
KIND_SYMBOL = {"MHA": "circle", "GQA": "square", "MQA": "diamond", "MLA": "triangle-up"}
OTHER_COLOUR = "#CC79A7"  # layers of several kinds, windows, states

#: Models, and base's ways of answering: colour and marker, never colour alone.
MODEL_MARK = {
    "base": ("#56B4E9", "circle"),
    "base.steps": ("#56B4E9", "square-open"),
    "base.direct": ("#56B4E9", "diamond-open"),
    "sft-only": ("#8a94a3", "x"),
    "r1-zero": ("#E69F00", "square"),
    "r1-dev1": ("#CC79A7", "triangle-down"),
    "r1-dev2": ("#CC79A7", "triangle-left"),
    "r1-dev3": ("#CC79A7", "triangle-right"),
    "r1": ("#D55E00", "triangle-up"),
    "student-base": ("#009E73", "pentagon"),
    "student-rl": ("#009E73", "cross"),
    "distilled-control": ("#0072B2", "star-open"),
    "distilled": ("#0072B2", "star"),
}

#: The colour scale of amounts with a sign; give it limits that are equal on both sides.
SIGNED = [[0.0, "#0072B2"], [0.5, "#e4e6ea"], [1.0, "#D55E00"]]
AMOUNTS = "Cividis"  # the colour scale of amounts; give it fixed limits

CLEAR = "rgba(0,0,0,0)"
GRID = "rgba(128,136,148,0.28)"  # seen on white and on near-black
RULE = "rgba(128,136,148,0.75)"
NARROW, WIDE, LATIN = 7.5, 14.0, 0x10FF  # px of a letter in a title, of Hangul behind the others
TOOLS = 32  # px above a picture, where its tools lie and cover nothing
#: px above a picture with a colour bar. If plotly itself made room, it would leave titles behind.
BAR = 96
TOOL = "#7a828e"  # of what can be pressed; 3:1 on white and on near-black


def kind_colour(attention: str) -> str:
    """The colour of an attention kind: "MLA + indexer" is MLA's, "sliding+full" is neither."""
    return next((KIND_COLOUR[kind] for kind in KINDS if attention.startswith(kind)), OTHER_COLOUR)


def ink(colour: str) -> str:
    """Black or white, whichever is read better on a colour such as "#0072B2"."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"


def kind_symbol(kind: str) -> str:
    """The marker of an attention kind; open for one that keeps less, such as "MLA-32"."""
    base, _, less = kind.partition("-")
    return KIND_SYMBOL[base] + ("-open" if less else "")


def tint(kind: str) -> str:
    """The colour of an attention kind mixed half with white, for the second of its parts."""
    colour = kind_colour(kind)
    mixed = [(int(colour[i : i + 2], 16) + 255) // 2 for i in (1, 3, 5)]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def bar_above(title: str, **ticks: object) -> dict[str, object]:
    """The colour bar of a picture, lying above it."""
    return {
        "title": {"text": title, "side": "top"},
        "orientation": "h",
        "y": 1.02,
        "yanchor": "bottom",
        "thickness": 12,
        "ticklabeloverflow": "allow",
        **ticks,
    }


def plain(figure: go.Figure, height: int) -> go.Figure:
    """Give a figure the common look: transparent, tight margins, quiet grid, no legend.

    `height` in px is without the row of the tools.
    """
    bars = figure.select_traces({"colorbar.orientation": "h"})
    above = BAR if any(bars) else TOOLS
    figure.update_layout(
        height=height + TOOLS,
        margin={"l": 8, "r": 8, "t": above, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        showlegend=False,
        font={"size": 14},
        hoverlabel={"font": {"size": 14}},
        dragmode=False,
        modebar={"bgcolor": CLEAR, "color": TOOL},
        overwrite=True,  # to merge takes plotly four times as long
    )
    axis = {"gridcolor": GRID, "zerolinecolor": RULE, "automargin": True, "fixedrange": True}
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
    return figure


def legend_above(figure: go.Figure) -> None:
    """Show the legend in a row above the picture."""
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    )


def upright(title: str, room: float) -> str:
    """A title that stands along an axis of `room` px, in as many lines as it needs.

    Plotly cuts off what is longer than its picture.
    """
    lines, left = [""], room
    for word in title.split():
        width = sum(WIDE if ord(c) > LATIN else NARROW for c in word) + NARROW
        if lines[-1] and width > left:
            lines.append("")
            left = room
        lines[-1] = f"{lines[-1]} {word}".strip()
        left -= width
    return "<br>".join(lines)
