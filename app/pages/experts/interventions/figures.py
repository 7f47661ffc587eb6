"""Figures of what changing the routing costs. Pure plotly: texts are passed as `labels`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from app.pages.experts.figures import MARK, Estimate, error_bars
from app.ui import style


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
            error_y=error_bars(estimates) | {"color": MARK},
            hovertemplate="%{y:.3f}<extra></extra>",
        )
    )
    style.plain(figure, height=280)
    figure.update_xaxes(title_text=labels["share"], tickformat=".1%", tickvals=list(shares))
    figure.update_yaxes(title_text=labels["loss"])
    return figure
