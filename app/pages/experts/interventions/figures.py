"""Figures of what changing the routing costs. Pure plotly: texts are passed as `labels`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from app.ui import style

MARK = "#0072B2"
Estimate = tuple[float, tuple[float, float]]  # a mean and its 95 % interval


def _bars(estimates: Sequence[Estimate]) -> dict[str, object]:
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
            error_x=_bars(estimates) | {"color": MARK},
            customdata=[interval for _, interval in estimates],
            hovertemplate=labels["hover"] + "<extra></extra>",
        )
    )
    style.plain(figure, height=90 + 34 * len(names))
    figure.update_xaxes(title_text=labels["gap"], rangemode="tozero", zerolinewidth=2)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def masked(
    shares: Sequence[float], estimates: Sequence[Estimate], labels: Mapping[str, str]
) -> go.Figure:
    """Loss against the share of top-ranked experts masked for each token. `labels`: both axes."""
    figure = go.Figure(
        go.Scatter(
            x=list(shares),
            y=[mean for mean, _ in estimates],
            mode="lines+markers",
            marker={"size": 9, "color": MARK},
            line={"color": MARK},
            error_y=_bars(estimates) | {"color": MARK},
            hovertemplate="%{y:.3f}<extra></extra>",
        )
    )
    style.plain(figure, height=280)
    figure.update_xaxes(title_text=labels["share"], tickformat=".1%", tickvals=list(shares))
    figure.update_yaxes(title_text=labels["loss"])
    return figure
