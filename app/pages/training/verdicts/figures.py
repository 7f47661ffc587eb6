"""How often two models reject what is wrong, and what is right.

Pure plotly: words come in as `labels`, already in the viewer's language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from app.pages.training.figures import OURS, PAPER
from app.ui import style


@dataclass(frozen=True)
class LabelledShare:
    """A share with its interval, its model, and what it is a share of."""

    name: str
    of: str
    value: float
    low: float
    high: float


def verdicts(shares: Sequence[LabelledShare], labels: Mapping[str, str]) -> go.Figure:
    """Grouped bars of shares, one group per kind of value, with 95 % intervals.

    `labels`: the axis title x, hover (plotly's template, to which the name is prepended).
    """
    looks = ((PAPER, ""), (OURS, "/"))
    figure = go.Figure()
    for place, name in enumerate(dict.fromkeys(share.name for share in shares)):
        own = [share for share in shares if share.name == name]
        colour, pattern = looks[place % len(looks)]
        figure.add_bar(
            y=[share.of for share in own],
            x=[share.value for share in own],
            name=name,
            orientation="h",
            marker={"color": colour, "pattern": {"shape": pattern, "size": 5}},
            error_x={
                "array": [share.high - share.value for share in own],
                "arrayminus": [share.value - share.low for share in own],
                "color": style.RULE,
                "thickness": 1.5,
                "width": 4,
            },
            hovertemplate=f"{name}: {labels['hover']}<extra></extra>",
        )
    style.plain(figure, height=260)
    style.legend_above(figure)
    figure.update_layout(barmode="group")
    figure.update_xaxes(title_text=labels["x"], range=[0, 1.02], tickformat=".0%")
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    return figure
