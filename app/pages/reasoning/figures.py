"""Figures of the Reasoning page: answers by their number, accuracy against k and against thinking.

Pure plotly: words come in as `labels`, already in the viewer's language.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.ui import style

RIGHT = "#0072B2"
WRONG = "#8a94a3"
THEIRS = "#8a94a3"  # for published results


def answers(
    names: Sequence[str], counts: Sequence[int], right: Sequence[bool], labels: Mapping[str, str]
) -> go.Figure:
    """How often each answer occurred, in the given order; correct ones are solid, others hatched.

    `labels`: samples (title of the axis), hover (plotly's template).
    """
    figure = go.Figure(
        go.Bar(
            y=list(names),
            x=list(counts),
            orientation="h",
            marker={
                "color": [RIGHT if ok else WRONG for ok in right],
                "pattern": {"shape": ["" if ok else "/" for ok in right], "size": 5},
            },
            text=[str(count) for count in counts],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=labels["hover"] + "<extra></extra>",
        )
    )
    style.plain(figure, height=90 + 28 * max(3, len(names)))
    figure.update_xaxes(title_text=labels["samples"], rangemode="tozero", nticks=5)
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    return figure


@dataclass(frozen=True)
class ContestantCurve:
    """Values of one contestant with intervals; `id` determines colour and marker."""

    id: str
    name: str
    x: Sequence[float]
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def curves(
    lines: Sequence[ContestantCurve],
    ticks: Sequence[int],
    labels: Mapping[str, str],
    *,
    doubling: bool,
) -> go.Figure:
    """Accuracy against k or a budget, with ticks at powers of two; bars are 95 % intervals.

    `labels`: x and y (titles of axes), hover (plotly's template; the name is put before it).
    """
    figure = go.Figure()
    for line in lines:
        colour, symbol = style.MODEL_MARK[line.id]
        figure.add_scatter(
            x=list(line.x),
            y=list(line.value),
            name=line.name,
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": "dot" if "open" in symbol else "solid"},
            marker={"symbol": symbol, "size": 10, "color": colour},
            error_y={
                "array": [h - v for h, v in zip(line.high, line.value, strict=True)],
                "arrayminus": [v - low for v, low in zip(line.value, line.low, strict=True)],
                "color": colour,
                "thickness": 1.2,
                "width": 4,
            },
            hovertemplate=f"{line.name}: {labels['hover']}<extra></extra>",
        )
    style.plain(figure, height=360)
    style.legend_above(figure)
    first, last = (math.log10(t) if doubling else t for t in (ticks[0], ticks[-1]))
    margin = 0.06 * (last - first) or 0.08
    figure.update_xaxes(
        title_text=labels["x"],
        type="log" if doubling else "linear",
        range=[first - margin, last + margin],
        tickvals=list(ticks),
        ticktext=[str(t) for t in ticks],
    )
    figure.update_yaxes(title_text=labels["y"], range=[-0.02, 1.02], tickformat=".0%")
    return figure


def o1_shape(labels: Mapping[str, str]) -> go.Figure:
    """Sketch OpenAI's figure of o1: pass@1 rises with either compute. None of its points is drawn.

    Its horizontal axes have no numbers, so neither axis has any here. `labels`: y, train, test
    (titles of axes), rises (what the arrows say).
    """
    figure = make_subplots(1, 2, shared_yaxes=True, horizontal_spacing=0.06)
    style.plain(figure, height=230)
    for column, axis in enumerate(("train", "test"), 1):
        number = "" if column == 1 else str(column)
        figure.add_annotation(
            x=0.92,
            y=0.9,
            ax=0.08,
            ay=0.15,
            xref=f"x{number}",
            yref=f"y{number}",
            axref=f"x{number}",
            ayref=f"y{number}",
            arrowwidth=5,
            arrowhead=2,
            arrowsize=0.6,
            arrowcolor=THEIRS,
        )
        figure.update_xaxes(title_text=labels[axis], col=column)
    figure.add_annotation(
        text=labels["rises"], x=0.5, y=1.0, xref="paper", yref="paper", showarrow=False, yshift=22
    )
    figure.update_layout(margin_t=40)
    bare = {"showticklabels": False, "showgrid": False, "zeroline": False, "showline": True}
    figure.update_xaxes(range=[0, 1], **bare)
    figure.update_yaxes(range=[0, 1], **bare)
    figure.update_yaxes(title_text=labels["y"], col=1)
    return figure


def o1_ladder(
    names: Sequence[str], shares: Sequence[float], labels: Mapping[str, str]
) -> go.Figure:
    """Draw the shares that OpenAI's page gives in its text. `labels`: x (axis title)."""
    figure = go.Figure(
        go.Bar(
            y=list(names),
            x=list(shares),
            orientation="h",
            marker={"color": THEIRS},
            text=[f"{share:.0%}" for share in shares],
            textposition="outside",  # legible in both themes
            hovertemplate="%{y}: %{x:.0%}<extra></extra>",
        )
    )
    style.plain(figure, height=190)
    figure.update_xaxes(
        title_text=labels["x"], range=[0, 1.15], tickvals=[0, 0.5, 1], tickformat=".0%"
    )
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    return figure
