"""Figures of routing statistics. Pure plotly: texts are passed as `labels`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.ui import style

#: Okabe and Ito's colours, each with a marker: a figure has at most as many lines.
MARKS = (
    ("#0072B2", "circle"),
    ("#D55E00", "square"),
    ("#009E73", "diamond"),
    ("#CC79A7", "triangle-up"),
    ("#56B4E9", "cross"),
    ("#E69F00", "star"),
)
CHANCE = "rgba(128,136,148,0.9)"


def coactivation(
    share_EE: NDArray[np.floating], groups: int, even: float, labels: Mapping[str, str]
) -> go.Figure:
    """The share of the row expert's tokens that were also routed to the column's expert.

    Colours end at three times the even share. `labels`: with, of, share, hover (template).
    """
    experts = len(share_EE)
    figure = go.Figure(
        go.Heatmap(
            z=share_EE,
            zmin=0,
            zmax=3 * even,
            colorscale=style.AMOUNTS,
            hoverongaps=False,
            hovertemplate=labels["hover"] + "<extra></extra>",
            colorbar=style.bar_above(
                labels["share"],
                tickvals=[0, even, 2 * even, 3 * even],
                ticktext=["0%", f"{even:.0%}", f"{2 * even:.0%}", f"≥ {3 * even:.0%}"],
            ),
        )
    )
    style.plain(figure, height=520)
    for edge in range(experts // groups, experts, experts // groups):
        line = {"color": style.RULE, "width": 1}
        figure.add_vline(x=edge - 0.5, line=line)
        figure.add_hline(y=edge - 0.5, line=line)
    figure.update_xaxes(title_text=labels["with"], showgrid=False, dtick=1, tickangle=0)
    figure.update_yaxes(title_text=labels["of"], showgrid=False, dtick=1, autorange="reversed")
    return figure


@dataclass(frozen=True)
class StatisticLine:
    """One line over layers or over training."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


def lines(
    drawn: Sequence[StatisticLine],
    chances: Sequence[tuple[str, float]],
    labels: Mapping[str, str],
    ticks: Sequence[float] | None = None,
) -> go.Figure:
    """Shares as lines with markers, and chance levels as named dashed lines.

    `labels`: x, y. `ticks`: of x; if None, x is a share on a logarithmic axis.
    """
    figure = go.Figure()
    for line, (colour, symbol) in zip(drawn, MARKS, strict=False):
        figure.add_scatter(
            x=list(line.x),
            y=list(line.y),
            name=line.name,
            mode="lines+markers",
            line={"color": colour},
            marker={"symbol": symbol, "size": 9},
            hovertemplate=f"{line.name}: %{{y:.1%}}<extra></extra>",
        )
    for name, chance in chances:
        figure.add_hline(
            y=chance,
            line={"color": CHANCE, "dash": "dash", "width": 2},
            annotation_text=name,
            annotation_position="bottom right",
        )
    style.plain(figure, height=360)
    style.legend_above(figure)
    axis: dict[str, Any] = {"title_text": labels["x"]}
    if ticks is None:
        axis |= {"type": "log", "tickformat": ".0%", "tickvals": sorted({*_all_x(drawn)})}
    else:
        axis |= {"tickvals": list(ticks)}
    figure.update_xaxes(**axis)
    figure.update_yaxes(title_text=labels["y"], tickformat=".0%", range=[0, 1.02])
    return figure


def _all_x(drawn: Sequence[StatisticLine]) -> list[float]:
    return [x for line in drawn for x in line.x]


def parts(
    names: Sequence[str], shares: Sequence[float], even: float, labels: Mapping[str, str]
) -> go.Figure:
    """Horizontal bars of shares, and the even share as a dashed line. `labels`: share."""
    figure = go.Figure(
        go.Bar(
            x=list(shares),
            y=list(names),
            orientation="h",
            marker={"color": "#8a94a3"},
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )
    figure.add_vline(x=even, line={"color": "#CC79A7", "dash": "dash", "width": 2})
    style.plain(figure, height=80 + 30 * len(names))
    figure.update_xaxes(title_text=labels["share"], tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure
