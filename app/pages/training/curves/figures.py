"""Figures of the curves of a GRPO run: its measures step by step, and what became of its replies.

Pure plotly: words come in as `labels`, already in the viewer's language. The paper's
curves are dotted and have their own axes, on top and on the right.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import plotly.graph_objects as go

from app.pages.training.figures import NEITHER, OURS, PAPER
from app.ui import style

#: from below: right, only in the format, neither; told apart by hatching, too
SHARES = (("right", PAPER, ""), ("format", OURS, "/"), ("wrong", NEITHER, "x"))
SAMPLE_COLUMNS, SAMPLE_LINES = 56, 5  # of the text in a hover box


@dataclass(frozen=True)
class Overlay:
    """A published curve with the titles of its axes; `percent`: its values are shares."""

    name: str
    step: Sequence[float]
    value: Sequence[float]
    x_title: str
    y_title: str
    percent: bool


def plain_text(text: str) -> str:
    """Escape a text for a hover box, which interprets some HTML."""
    lines = textwrap.wrap(text, SAMPLE_COLUMNS, break_long_words=True, replace_whitespace=False)
    if len(lines) > SAMPLE_LINES:
        lines = [*lines[:SAMPLE_LINES], "…"]
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def curve(
    step: Sequence[int],
    raw: Sequence[float],
    smooth: Sequence[float],
    labels: Mapping[str, str],
    *,
    percent: bool,
    samples: Mapping[int, str] = MappingProxyType({}),
    overlay: Sequence[Overlay] = (),
) -> go.Figure:
    """One measure by step: a smoothed line over faint raw values, with dots that show samples.

    `samples`: by a step's place, made with `plain_text`; shown when one points at the step's dot.
    `labels`: ours (the line's name), and the axis titles x and y.
    """
    shown = "%{y:.1%}" if percent else "%{y:,.1f}"
    hover = f"{labels['x']} %{{x}}: {shown}"
    figure = go.Figure()
    figure.add_scatter(
        x=list(step),
        y=[round(value, 4) for value in raw],
        mode="lines",
        line={"color": OURS, "width": 1},
        opacity=0.45,
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=list(step),
        y=[round(value, 4) for value in smooth],
        name=labels["ours"],
        mode="lines",
        line={"color": OURS, "width": 3},
        hovertemplate=f"{hover}<extra></extra>",
    )
    if samples:
        figure.add_scatter(
            x=[step[place] for place in samples],
            y=[round(smooth[place], 4) for place in samples],
            mode="markers",
            marker={"color": OURS, "size": 8},
            customdata=[*samples.values()],
            hovertemplate=f"{hover}<br>%{{customdata}}<extra></extra>",
            cliponaxis=False,
            showlegend=False,
        )
    style.plain(figure, height=320)
    # charts side by side have the same ticks, however wide their labels are
    figure.update_xaxes(title_text=labels["x"], range=[step[0], step[-1]], nticks=7)
    figure.update_yaxes(title_text=labels["y"], rangemode="tozero")
    if percent:
        figure.update_yaxes(tickformat=".0%", range=[0, 1.02])
    for number, one in enumerate(overlay):
        _lay_over(figure, one, "dot" if number == 0 else "dash")
    figure.update_layout(
        hovermode="closest",
        hoverlabel={"align": "left"},
        showlegend=bool(overlay),
        legend={"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0},
        margin={"b": 8 if not overlay else 60},
        height=320 if not overlay else 400,
    )
    return figure


def _lay_over(figure: go.Figure, one: Overlay, dash: str) -> None:
    shown = "%{y:.1%}" if one.percent else "%{y:,.0f}"
    figure.add_scatter(
        x=list(one.step),
        y=list(one.value),
        name=one.name,
        mode="lines",
        xaxis="x2",
        yaxis="y2",
        line={"color": PAPER, "width": 2, "dash": dash},
        hovertemplate=f"{one.name}: {shown} (%{{x:,}})<extra></extra>",
    )
    common = {"showgrid": False, "fixedrange": True, "automargin": True, "rangemode": "tozero"}
    common |= {"tickmode": "auto", "nticks": 6}  # else plotly puts them where ours are
    colours = {"tickfont": {"color": PAPER}, "title_font": {"color": PAPER}}
    figure.update_layout(
        xaxis2={"overlaying": "x", "side": "top", "title_text": one.x_title} | common | colours,
        yaxis2={"overlaying": "y", "side": "right", "title_text": one.y_title} | common | colours,
    )
    if one.percent:
        figure.update_layout(yaxis2={"tickformat": ".0%", "range": [0, 1.02]})


def shares(
    step: Sequence[int], parts: Mapping[str, Sequence[float]], labels: Mapping[str, str]
) -> go.Figure:
    """The outcome of each step's replies, summing to 100 %: right, only in the format, neither.

    `parts` and `labels` have the keys of `SHARES`; `labels` also has the axis titles x and y.
    """
    figure = go.Figure()
    for key, colour, pattern in SHARES:
        figure.add_scatter(
            x=list(step),
            y=list(parts[key]),
            name=labels[key],
            stackgroup="replies",
            mode="lines",
            line={"color": colour, "width": 1},
            fillpattern={"shape": pattern, "size": 6, "solidity": 0.25, "fillmode": "overlay"},
            hovertemplate=f"{labels[key]}: %{{y:.1%}}<extra></extra>",
        )
    style.plain(figure, height=320)
    figure.update_layout(
        hovermode="x unified",
        showlegend=True,
        legend={"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0, "traceorder": "normal"},
        margin={"b": 60},
    )
    figure.update_xaxes(title_text=labels["x"])
    figure.update_yaxes(title_text=labels["y"], range=[0, 1], tickformat=".0%")
    return figure
