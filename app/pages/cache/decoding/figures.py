"""Paths of decoding compared: any quantity against the tokens held, both in powers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from app.ui import style

#: Absorbed and naive are MLA's; MHA caches the expanded keys and values.
LOOKS = {
    "absorbed": (style.KIND_COLOUR["MLA"], "triangle-up", "solid"),
    "naive": (style.OTHER_COLOUR, "x", "dash"),
    "expanded": (style.KIND_COLOUR["MHA"], "circle", "dot"),
}


@dataclass(frozen=True)
class DecodingLine:
    """One path of decoding: a value at each number of tokens, and what to say of it on hover."""

    path: str
    name: str
    tokens: Sequence[int]
    values: Sequence[float]
    hover: Sequence[str]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def lines(
    rows: Sequence[DecodingLine],
    ticks: Mapping[float, str],
    labels: Mapping[str, str],
    legend: bool = False,
) -> go.Figure:
    """Values against cached tokens, both logarithmic. `labels`: tokens, value (axis titles)."""
    figure = go.Figure()
    for row in rows:
        colour, symbol, dash = LOOKS[row.path]
        spread = {}
        if row.low:
            spread = {
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [b - a for a, b in zip(row.values, row.high, strict=True)],
                    "arrayminus": [a - b for a, b in zip(row.values, row.low, strict=True)],
                    "width": 4,
                    "thickness": 1.5,
                }
            }
        figure.add_scatter(
            x=list(row.tokens),
            y=list(row.values),
            name=row.name,
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": dash},
            marker={"color": colour, "symbol": symbol, "size": 9},
            customdata=list(row.hover),
            hovertemplate="%{customdata}<extra></extra>",
            **spread,
        )
    style.plain(figure, 330)
    contexts = sorted({tokens for row in rows for tokens in row.tokens})
    figure.update_xaxes(
        type="log",
        title=labels["tokens"],
        tickvals=contexts[::2],  # all of them would collide on a phone
        ticktext=[f"{tokens:,}" for tokens in contexts[::2]],
        tickangle=0,
    )
    figure.update_yaxes(
        type="log", title=labels["value"], tickvals=list(ticks), ticktext=list(ticks.values())
    )
    if legend:
        figure.update_layout(
            showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}
        )
    return figure


def decades(values: Sequence[float]) -> list[float]:
    """Powers of ten that span positive values, thinned out to about five."""
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    step = max(1, math.ceil((last - first) / 5))
    return [10.0**power for power in range(first, last + 1, step)]
