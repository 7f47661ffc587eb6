"""The share of right replies at each checkpoint.

Pure plotly: words come in as `labels`, already in the viewer's language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from app.pages.training.figures import OURS
from app.ui import style


def by_checkpoint(
    names: Sequence[str],
    value: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    labels: Mapping[str, str],
) -> go.Figure:
    """The share of right replies at each checkpoint, in order, with its 95 % interval.

    `labels`: the axis titles x and y, hover (plotly's template).
    """
    figure = go.Figure()
    figure.add_scatter(
        x=list(names),
        y=list(value),
        mode="lines+markers",
        line={"color": OURS, "width": 2},
        marker={"symbol": "square", "size": 10, "color": OURS},
        error_y={
            "array": [h - v for h, v in zip(high, value, strict=True)],
            "arrayminus": [v - x for v, x in zip(value, low, strict=True)],
            "color": OURS,
            "thickness": 1.2,
            "width": 4,
        },
        hovertemplate=labels["hover"] + "<extra></extra>",
    )
    style.plain(figure, height=300)
    figure.update_xaxes(title_text=labels["x"], type="category")
    figure.update_yaxes(title_text=labels["y"], range=[-0.02, 1.02], tickformat=".0%")
    return figure
