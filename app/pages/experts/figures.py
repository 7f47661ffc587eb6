"""Figures of the Experts page: load per expert and domain, balance over training, differences
of loss.

Pure plotly: texts are passed as `labels`, already in the viewer's language.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.ui import style

BAR = "#8a94a3"  # neutral: the height is what counts
EVEN = "#CC79A7"  # the balanced share; visible on bars, white and near-black
PER_ROW = 2
MARK = "#0072B2"  # an estimate
Estimate = tuple[float, tuple[float, float]]  # a mean and its 95 % interval


def load(
    load_LE: NDArray[np.int64],
    tokens: int,
    chosen: int,
    groups: int,
    titles: Sequence[str],
    labels: Mapping[str, str],
) -> go.Figure:
    """Share of the tokens routed to each expert, one panel per MoE layer, all on one scale.

    `load_LE` counts tokens; `tokens` were fed, with `chosen` experts each. For the other arguments
    see `load_panels`.
    """
    experts = load_LE.shape[1]
    figure = load_panels(experts, chosen / experts, groups, titles, labels)
    bars, axis = load_bars(load_LE, tokens, chosen / experts)
    for drawn, bar in zip(figure.data, bars, strict=True):
        drawn.update(bar)
    return figure.update_yaxes(axis)


def load_bars(
    load_LE: NDArray[np.int64], tokens: int, even: float
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The parts of the load figure that differ between runs: its bars and its y axes."""
    share_LE = load_LE / max(tokens, 1)
    bars = [
        {"y": share_E.tolist(), "customdata": load_E.tolist()}
        for share_E, load_E in zip(share_LE, load_LE, strict=True)
    ]
    return bars, {"range": [0, max(float(share_LE.max()), even) * 1.08]}


def load_panels(
    experts: int, even: float, groups: int, titles: Sequence[str], labels: Mapping[str, str]
) -> go.Figure:
    """The load figure without a run's bars: the dashed line is `even`, the balanced share.

    Thin lines separate the experts' groups. `titles` name the panels; `labels`: expert, share,
    hover (plotly's template).
    """
    n_layers = len(titles)
    figure = make_subplots(
        rows=math.ceil(n_layers / PER_ROW),
        cols=PER_ROW,
        shared_yaxes="all",
        subplot_titles=list(titles),
        vertical_spacing=0.2,
        horizontal_spacing=0.04,
    )
    figure.update_annotations(font_size=14)
    rules: list[dict[str, Any]] = []  # all at once: plotly's add_hline looks at every trace
    for at in range(n_layers):
        place = {"row": at // PER_ROW + 1, "col": at % PER_ROW + 1}
        figure.add_bar(
            x=np.arange(experts),
            hovertemplate=labels["hover"] + "<extra></extra>",
            marker={"color": BAR, "line": {"width": 0}},
            **place,
        )
        axis = str(at + 1) if at else ""
        for edge in range(experts // groups, experts, experts // groups):
            ends = {"x0": edge - 0.5, "x1": edge - 0.5, "y0": 0, "y1": 1}
            line = {"color": style.GRID, "width": 1}
            rules.append({"xref": f"x{axis}", "yref": f"y{axis} domain", **ends, "line": line})
        ends = {"x0": 0, "x1": 1, "y0": even, "y1": even}
        line = {"color": EVEN, "width": 2, "dash": "dash"}
        rules.append({"xref": f"x{axis} domain", "yref": f"y{axis}", **ends, "line": line})
    style.plain(figure, height=230 * math.ceil(n_layers / PER_ROW))
    figure.update_layout(bargap=0.15, shapes=rules)
    figure.update_xaxes(showgrid=False, tick0=0, dtick=experts // groups)
    figure.update_yaxes(tickformat=".0%", nticks=5)
    figure.update_xaxes(title_text=labels["expert"], row=math.ceil(n_layers / PER_ROW))
    figure.update_yaxes(title_text=labels["share"], col=1)
    return figure


def domains(
    share_DE: NDArray[np.float64], even: float, names: Sequence[str], labels: Mapping[str, str]
) -> go.Figure:
    """Share of each domain's tokens routed to each expert of a layer; colours end at 3 x even.

    `names` of the domains, first on top; `labels`: expert, share, hover (plotly's template).
    """
    figure = go.Figure(
        go.Heatmap(
            z=share_DE,
            y=list(names),
            zmin=0,
            zmax=3 * even,
            colorscale=style.AMOUNTS,
            hovertemplate=labels["hover"] + "<extra></extra>",
            colorbar=style.bar_above(
                labels["share"],
                tickvals=[0, even, 2 * even, 3 * even],
                ticktext=["0%", f"{even:.0%}", f"{2 * even:.0%}", f"≥ {3 * even:.0%}"],
            ),
        )
    )
    style.plain(figure, height=150 + 36 * len(names))
    # beside names of rows plotly measures from the axis, not from the numbers below it
    figure.update_xaxes(
        title_text=labels["expert"], title_standoff=50, showgrid=False, dtick=1, tickangle=0
    )
    figure.update_yaxes(showgrid=False, autorange="reversed")
    return figure


@dataclass(frozen=True)
class BalanceCurve:
    """MaxVio of one model's training, averaged over layers; `attention` distinguishes the twins."""

    model: str
    attention: str
    steps: Sequence[int]
    max_vio: Sequence[float]


def balance(
    curves: Sequence[BalanceCurve], chosen: str | None, labels: Mapping[str, str]
) -> go.Figure:
    """MaxVio against training steps, one line per model, the chosen one thick.

    `labels`: step, max_vio, hover (plotly's template; the model's name is prepended).
    """
    figure = go.Figure()
    for curve in curves:
        figure.add_scatter(
            x=list(curve.steps),
            y=list(curve.max_vio),
            name=f"{curve.model} · {curve.attention}",
            mode="lines",
            line={
                "color": style.kind_colour(curve.attention),
                "width": 3.5 if curve.model == chosen else 1.5,
                "dash": style.kind_dash(curve.attention),
            },
            hovertemplate=f"{curve.model}: {labels['hover']}<extra></extra>",
        )
        figure.add_scatter(  # a marker at the end distinguishes lines without colour
            x=[curve.steps[-1]],
            y=[curve.max_vio[-1]],
            mode="markers",
            marker={
                "color": style.kind_colour(curve.attention),
                "symbol": style.kind_symbol(curve.attention),
                "size": 10,
            },
            showlegend=False,
            hoverinfo="skip",
        )
    style.plain(figure, height=300)
    style.legend_above(figure)
    figure.update_xaxes(title_text=labels["step"], rangemode="tozero")
    figure.update_yaxes(title_text=labels["max_vio"], rangemode="tozero")
    return figure


def error_bars(estimates: Sequence[Estimate]) -> dict[str, object]:
    """plotly's error bars of 95 % intervals."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - mean for mean, (_, high) in estimates],
        "arrayminus": [mean - low for mean, (low, _) in estimates],
        "thickness": 2,
        "width": 5,
    }


def gaps(
    names: Sequence[str], estimates: Sequence[Estimate], labels: Mapping[str, str]
) -> go.Figure:
    """Loss differences with their intervals, one row each; the line at 0 is the unchanged model.

    `labels`: gap, hover (plotly's template).
    """
    figure = go.Figure(
        go.Scatter(
            x=[mean for mean, _ in estimates],
            y=list(names),
            mode="markers",
            marker={"size": 11, "color": MARK},
            error_x=error_bars(estimates) | {"color": MARK},
            customdata=[interval for _, interval in estimates],
            hovertemplate=labels["hover"] + "<extra></extra>",
        )
    )
    style.plain(figure, height=90 + 34 * len(names))
    figure.update_xaxes(title_text=labels["gap"], rangemode="tozero", zerolinewidth=2)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure
