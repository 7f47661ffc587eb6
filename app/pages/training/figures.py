"""What rooms of Training share: shares by step; the colours of our values and the paper's.

Pure plotly: words come in as `labels`, already in the viewer's language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from app.ui import style

OURS = "#E69F00"  # R1-Zero's colour on every page
PAPER = "#0072B2"
NEITHER = "#8a94a3"

MOST_MARKERS = 60  # on a line; more would touch
#: how a share by step is drawn: colour, line, marker; "noticed" and "doubted" go together, too
SHARE_LOOKS = {
    "right": (PAPER, "solid", "circle"),
    "format": (OURS, "dot", "square"),
    "noticed": (PAPER, "solid", "circle"),
    "doubted": (OURS, "dot", "square"),
    "language": (PAPER, "solid", "circle"),
}


def shares_by_step(
    step: Sequence[int],
    lines: Mapping[str, Sequence[float | None]],
    steps: int,
    labels: Mapping[str, str],
) -> go.Figure:
    """Shares by step. The axis spans all `steps`, even while a run is still in progress.

    `lines` has keys of `SHARE_LOOKS`; `labels` has their names, and the axis titles x and y.
    """
    figure = go.Figure()
    for key, values in lines.items():
        colour, dash, symbol = SHARE_LOOKS[key]
        figure.add_scatter(
            x=list(step),
            y=list(values),
            name=labels[key],
            mode="lines+markers" if len(step) <= MOST_MARKERS else "lines",
            line={"color": colour, "width": 2, "dash": dash},
            marker={"symbol": symbol, "size": 6, "color": colour},
            hovertemplate=f"{labels[key]}: %{{y:.1%}} (%{{x}})<extra></extra>",
        )
    style.plain(figure, height=300)
    style.legend_above(figure)
    figure.update_layout(uirevision="by step")
    figure.update_xaxes(title_text=labels["x"], range=[0, steps + 0.5])
    figure.update_yaxes(title_text=labels["y"], range=[-0.02, 1.02], tickformat=".0%")
    return figure
