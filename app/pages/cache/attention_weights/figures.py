"""Attention weights of one token: small multiples, a row per model, a column per head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.ui import style


@dataclass(frozen=True, eq=False)
class HeadWeights:
    """Attention weights [H, S] of one layer for one query, over the tokens so far."""

    kind: str
    weights: NDArray[np.floating]


def patterns(
    rows: Sequence[HeadWeights], heads: Sequence[str], labels: Mapping[str, str]
) -> go.Figure:
    """Draw the weight of each token so far, on one scale, in each kind's colour.

    A column's name stands above each of its panels, a row's above its first. All panels have one
    scale, whose numbers stand at the first column alone: on a phone, those of neighbours would
    collide. `heads`: names of the columns. `labels`: token, weight (axis titles), hover.
    """
    data = [
        go.Bar(
            x=np.arange(len(weights)),
            y=weights.astype(np.float32),
            marker={"color": style.kind_colour(row.kind), "line": {"width": 0}},
            hovertemplate=f"{row.kind}: {labels['hover']}<extra></extra>",
            xaxis=_axis("x", head),
            yaxis=_axis("y", place),
        )
        for place, row in enumerate(rows)
        for head, weights in enumerate(row.weights)
    ]
    titles = [
        title
        for place, row in enumerate(rows)
        for head, name in enumerate(heads)
        for title in _panel_titles(place, head, name, row.kind)
    ]
    titles.append(
        {
            "x": 0.5,
            "xref": "paper",
            "y": 0,
            "yref": "paper",
            "text": labels["token"],
            "yanchor": "top",
            "yshift": -24,
            "showarrow": False,
        }
    )
    figure = go.Figure(data, {"annotations": titles, "bargap": 0})
    style.plain(figure, 100 + 140 * len(rows))
    most = max(float(row.weights.max()) for row in rows)
    _lay_out(figure, len(rows), len(heads), most, labels["weight"])
    last = max(row.weights.shape[1] for row in rows) - 1
    figure.update_xaxes(tickvals=[0, *filter(None, [_round(last)])], tickangle=0)
    figure.update_layout(margin={"t": 40, "b": 56})
    return figure


def _panel_titles(place: int, head: int, name: str, kind: str) -> list[dict[str, object]]:
    """The head's name above a panel; above a row's first one, its kind of attention as well."""
    title: dict[str, object] = {
        "x": 0.5,
        "xref": f"{_axis('x', head)} domain",
        "y": 1,
        "yref": f"{_axis('y', place)} domain",
        "text": name,
        "xanchor": "center",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12},
    }
    if head:
        return [title]
    return [title, title | {"x": 0, "xanchor": "left", "yshift": 15, "text": f"<b>{kind}</b>"}]


def _lay_out(figure: go.Figure, rows: int, columns: int, most: float, weight: str) -> None:
    """Axes of panels in rows and columns: up to the weight `most`, which the first row names."""
    axis = figure.layout.xaxis.to_plotly_json()
    for column, domain in enumerate(_domains(columns, 0.02), 1):
        figure.layout[f"xaxis{column}"] = axis | {
            "domain": domain,
            "showticklabels": column == 1,
            "anchor": _axis("y", rows - 1),
        }
    axis = figure.layout.yaxis.to_plotly_json()
    axis |= {"range": [0, most * 1.05], "tickformat": ".0%", "nticks": 4}
    for row, domain in enumerate(_domains(rows, 0.1)[::-1], 1):
        title = {"title": weight} if row == 1 else {}
        figure.layout[f"yaxis{row}"] = axis | {"domain": domain, "anchor": "x"} | title


def _axis(letter: str, place: int) -> str:
    """plotly's name of the axis at `place`: x, x2, x3, ..."""
    return letter if place == 0 else f"{letter}{place + 1}"


def _round(last: int) -> int:
    """The last round number up to the last token: 266 → 250, 47 → 45."""
    unit = max(1, 10 ** len(str(last)) // 20)
    return last // unit * unit


def _domains(n: int, gap: float) -> list[list[float]]:
    """Divide [0, 1] into n equal intervals with gaps between them."""
    width = (1 - gap * (n - 1)) / n
    return [[i * (width + gap), i * (width + gap) + width] for i in range(n)]
