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

    A column's name stands above each of its panels, a row's above its first. `heads`: names of the
    columns. `labels`: token, weight (axis titles), hover.
    """
    most = max(float(row.weights.max()) for row in rows)
    data, titles = [], []
    for at, (kind, weights) in enumerate((r.kind, head) for r in rows for head in r.weights):
        place, head = divmod(at, len(heads))
        x, y = _axis("x", head), _axis("y", place)
        data.append(
            go.Bar(
                x=np.arange(len(weights)),
                y=weights.astype(np.float32),
                marker={"color": style.kind_colour(kind), "line": {"width": 0}},
                hovertemplate=f"{kind}: {labels['hover']}<extra></extra>",
                xaxis=x,
                yaxis=y,
            )
        )
        titles.append(
            {
                "x": 0.5,
                "xref": f"{x} domain",
                "y": 1,
                "yref": f"{y} domain",
                "text": heads[head],
                "xanchor": "center",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 12},
            }
        )
        if head == 0:
            titles.append(
                titles[-1] | {"x": 0, "xanchor": "left", "yshift": 15, "text": f"<b>{kind}</b>"}
            )
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
    across = _domains(len(heads), 0.02)
    down = _domains(len(rows), 0.1)[::-1]
    weight = {"range": [0, most * 1.05], "tickformat": ".0%", "nticks": 4}
    axis = figure.layout.xaxis.to_plotly_json()
    for head, domain in enumerate(across, 1):
        figure.layout[f"xaxis{head}"] = axis | {
            "domain": domain,
            "nticks": 3,
            "anchor": _axis("y", len(rows) - 1),
        }
    axis = figure.layout.yaxis.to_plotly_json()
    for place, domain in enumerate(down, 1):
        title = {"title": labels["weight"]} if place == 1 else {}
        figure.layout[f"yaxis{place}"] = axis | weight | {"domain": domain, "anchor": "x"} | title
    figure.update_layout(margin={"t": 40, "b": 56})
    return figure


def _axis(letter: str, place: int) -> str:
    """plotly's name of the axis at `place`: x, x2, x3, ..."""
    return letter if place == 0 else f"{letter}{place + 1}"


def _domains(n: int, gap: float) -> list[list[float]]:
    """Divide [0, 1] into n equal intervals with gaps between them."""
    width = (1 - gap * (n - 1)) / n
    return [[i * (width + gap), i * (width + gap) + width] for i in range(n)]
