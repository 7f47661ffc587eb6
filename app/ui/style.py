"""Colours and layout that all figures share; pure plotly, no streamlit.

Backgrounds are transparent and texts have no colour of their own, so that the viewer's theme, light
or dark, applies. The colours of attention kinds are Okabe and Ito's, which are distinguishable with
any colour vision, and are always accompanied by a marker and a label.
"""

from __future__ import annotations

import plotly.graph_objects as go
from plotly import optional_imports

# plotly uses pandas as soon as another thread, such as one that draws a table, has begun to import
# it, and fails if it is half imported. So it is imported completely before the first figure.
optional_imports.get_module("pandas")

KINDS = ("MHA", "GQA", "MQA", "MLA")  # most key-value heads first, and the latent last
KIND_COLOUR = {"MHA": "#D55E00", "GQA": "#E69F00", "MQA": "#009E73", "MLA": "#0072B2"}
KIND_SYMBOL = {"MHA": "circle", "GQA": "square", "MQA": "diamond", "MLA": "triangle-up"}
OTHER_COLOUR = "#CC79A7"  # layers of several kinds, windows, states

#: Colour and marker of models, and of base's ways of answering.
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

#: The colour scale for signed amounts; use symmetric limits.
SIGNED = [[0.0, "#0072B2"], [0.5, "#e4e6ea"], [1.0, "#D55E00"]]
AMOUNTS = "Cividis"  # the colour scale for amounts; use fixed limits


def full_share(experts_per_token: int) -> float:
    """Where the colour scale of routing shares ends: at twice the even share, as in run.js."""
    return min(1.0, 2 / experts_per_token)


CLEAR = "rgba(0,0,0,0)"
GRID = "rgba(128,136,148,0.28)"  # visible on white and on near-black
RULE = "rgba(128,136,148,0.75)"
# px per letter in a title: narrow up to code point LATIN, wide for Hangul, which comes after it
NARROW, WIDE, LATIN = 7.5, 14.0, 0x10FF
TOOLS = 32  # px above a picture, so that its tools cover nothing
#: px above a picture with a colour bar. If plotly made the room itself, titles would be misplaced.
BAR = 96
TOOL = "#7a828e"  # colour of buttons; contrast 3:1 on white and on near-black


def kind_colour(attention: str) -> str:
    """The colour of an attention kind: "MLA + indexer" is MLA's, "sliding+full" is neither."""
    return next((KIND_COLOUR[kind] for kind in KINDS if attention.startswith(kind)), OTHER_COLOUR)


def ink(colour: str) -> str:
    """Black or white, whichever is more legible on a colour such as "#0072B2"."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"


def kind_symbol(kind: str) -> str:
    """The marker of an attention kind; open for one that caches less, such as "MLA-32"."""
    base, _, less = kind.partition("-")
    return KIND_SYMBOL[base] + ("-open" if less else "")


def kind_dash(kind: str) -> str:
    """The line of an attention kind; dotted for one that caches less, which has the same colour."""
    return "dot" if "-" in kind else "solid"


def tint(kind: str) -> str:
    """The colour of an attention kind mixed half with white, for its second part."""
    colour = kind_colour(kind)
    mixed = [(int(colour[i : i + 2], 16) + 255) // 2 for i in (1, 3, 5)]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def bar_above(title: str, **ticks: object) -> dict[str, object]:
    """A horizontal colour bar above a picture."""
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
    """Give a figure the common look: transparent, tight margins, subtle grid, no legend.

    `height` is in px, without the row of tools.
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
        overwrite=True,  # merging takes plotly four times as long
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
    """Wrap a title to the length of an axis, `room` px.

    plotly cuts off titles that are longer than the picture.
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
