"""Figures of one token's path: through all layers, and of one router's decision.

Pure plotly: texts are passed as `labels`, already in the viewer's language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.ui import style

CHOSEN = "#0072B2"  # what was chosen
REJECTED = "#E69F00"  # the first one that was not
IDLE = "rgba(128,136,148,0.45)"
WIDEST = 22  # px of a weight of 1
HALF = 0.42  # from the trunk to the experts, relative to a layer's width


@dataclass(frozen=True)
class Route:
    """One token's experts: `ids` and `shares` of the routing weight [L, k], strongest first."""

    ids: NDArray[np.integer]
    shares: NDArray[np.floating]
    shared: bool = True  # whether the shared expert is on


def path(
    routes: Sequence[Route],
    layers: Sequence[int],
    experts: int,
    groups: int,
    labels: Mapping[str, str],
) -> go.Figure:
    """A token's path from left to right, one panel per route, one below the other.

    In each layer lines lead to k experts and back to the trunk, as wide as the experts' weights;
    the square is the shared expert (hollow: it is off). Dotted lines separate the groups. `layers`
    are numbered counting all layers. `labels`: layer, expert, trunk, shared, hover
    (with {layer}, {expert}, {share}), and panel_0, panel_1 for the panels' names if there are two.
    """
    figure = go.Figure()
    height = experts + 4  # rows of a panel: experts, the trunk and the shared expert below them
    for panel, route in enumerate(routes):
        top = -panel * height
        _parting(figure, len(layers), experts, groups, top)
        _streams(figure, route, experts, top)
        _experts(figure, route, layers, experts, top, labels["hover"])
        if len(routes) > 1:
            figure.add_annotation(
                x=-0.55,
                y=top + 1.1,
                text=f"<b>{labels[f'panel_{panel}']}</b>",
                showarrow=False,
                xanchor="left",
                yanchor="bottom",
            )
    style.plain(figure, height=60 + 19 * height * len(routes))
    figure.update_xaxes(
        title_text=labels["layer"],
        showgrid=False,
        zeroline=False,
        tickvals=list(range(len(layers))),
        ticktext=[str(layer) for layer in layers],
        range=[-0.6, len(layers) - 0.4],
    )
    every = max(1, experts // 16)
    marks = [
        (-panel * height - row, text)
        for panel in range(len(routes))
        for row, text in [
            *((e, str(e)) for e in range(0, experts, every)),
            (experts + 0.5, labels["trunk"]),
            (experts + 2, labels["shared"]),
        ]
    ]
    figure.update_yaxes(
        title_text=labels["expert"],
        showgrid=False,
        zeroline=False,
        tickvals=[at for at, _ in marks],
        ticktext=[text for _, text in marks],
        range=[-height * len(routes) + 1, 2.2 if len(routes) > 1 else 0.8],
    )
    return figure


def _parting(figure: go.Figure, layers: int, experts: int, groups: int, top: float) -> None:
    """Dotted lines between the groups of one panel; expert e lies at `top` - e."""
    size = experts // groups
    for edge in range(size, experts, size):
        figure.add_shape(
            type="line",
            x0=-0.5,
            x1=layers - 0.5,
            y0=top - edge + 0.5,
            y1=top - edge + 0.5,
            line={"color": style.GRID, "dash": "dot", "width": 1},
        )


def _streams(figure: go.Figure, route: Route, experts: int, top: float) -> None:
    """One panel's trunk, below all experts, and what flows from it to experts and back.

    Expert e lies at `top` - e.
    """
    trunk, shared = top - experts - 0.5, top - experts - 2
    figure.add_scatter(
        x=[-0.5, len(route.ids) - 0.5],
        y=[trunk, trunk],
        mode="lines",
        hoverinfo="skip",
        line={"color": IDLE, "width": 6},
    )
    for at, (ids, shares) in enumerate(zip(route.ids, route.shares, strict=True)):
        for expert, share in zip(ids, shares, strict=True):
            if not share:
                continue  # switched off, in an empty place
            line = {"color": CHOSEN, "width": WIDEST * float(share)}
            _branch(figure, at, trunk, top - int(expert), line, opacity=0.55)
        if route.shared:
            _branch(figure, at, trunk, shared, {"color": IDLE, "width": 3})


def _branch(
    figure: go.Figure,
    at: int,
    trunk: float,
    end: float,
    line: Mapping[str, object],
    opacity: float | None = None,
) -> None:
    """From the trunk to an expert at height `end` above the `at`-th layer, and back."""
    bend = np.linspace(0, 1, 13)
    ease = bend * bend * (3 - 2 * bend)  # leaves and arrives level
    x, y = at - HALF + HALF * bend, trunk + (end - trunk) * ease
    figure.add_scatter(
        x=[*x, *(2 * at - x[::-1])],
        y=[*y, *y[::-1]],
        mode="lines",
        hoverinfo="skip",
        line=line,
        opacity=opacity,
    )


def _experts(
    figure: go.Figure, route: Route, layers: Sequence[int], experts: int, top: float, hover: str
) -> None:
    """One panel's experts as dots by their share, expert e at `top` - e; a square is the shared."""
    share_LE = np.zeros((len(layers), experts))
    np.put_along_axis(share_LE, route.ids.astype(np.int64), route.shares.astype(float), axis=1)
    grid = [(at, e) for at in range(len(layers)) for e in range(experts)]
    share = np.array([share_LE[at, e] for at, e in grid])
    figure.add_scatter(
        x=[at for at, _ in grid],
        y=[top - e for _, e in grid],
        mode="markers",
        marker={
            "size": np.where(share > 0, 9 + 16 * np.sqrt(share), 5),
            "color": np.where(share > 0, CHOSEN, IDLE),
            "opacity": 1,
            "line": {"width": 0},
        },
        hovertext=[
            hover.format(layer=layers[at], expert=e, share=f"{s:.1%}")
            for (at, e), s in zip(grid, share, strict=True)
        ],
        hoverinfo="text",
    )
    figure.add_scatter(
        x=list(range(len(layers))),
        y=[top - experts - 2] * len(layers),
        mode="markers",
        hoverinfo="skip",
        marker={
            "symbol": "square" if route.shared else "square-open",
            "size": 11,
            "color": style.RULE,
        },
    )


def decision(
    scores: NDArray[np.floating],
    bias: NDArray[np.floating],
    kept_groups: Sequence[int],
    chosen: Sequence[int],
    rejected: int | None,
    groups: int,
    labels: Mapping[str, str],
) -> go.Figure:
    """Draw one router's scores: score as a bar, score plus bias as a mark above or below.

    Groups that were not kept are shaded; the chosen are blue, the first one rejected is orange and
    hatched. `labels`: expert, score, choice, closed; hover_score, hover_choice (templates).
    """
    experts = len(scores)
    choice = scores + bias
    figure = go.Figure()
    _shade(figure, kept_groups, groups, experts // groups, labels["closed"])
    colours = [CHOSEN if e in chosen else IDLE for e in range(experts)]
    if rejected is not None:
        colours[rejected] = REJECTED
    figure.add_bar(
        x=list(range(experts)),
        y=scores,
        name=labels["score"],
        marker={
            "color": colours,
            "pattern": {"shape": ["/" if e == rejected else "" for e in range(experts)]},
            "line": {"width": 0},
        },
        hovertemplate=labels["hover_score"] + "<extra></extra>",
    )
    figure.add_scatter(
        x=list(range(experts)),
        y=choice,
        name=labels["choice"],
        mode="markers",
        marker={
            "symbol": "line-ew",
            "size": 22,
            "line": {"width": 3, "color": "#CC79A7"},
        },
        hovertemplate=labels["hover_choice"] + "<extra></extra>",
    )
    style.plain(figure, height=300)
    style.legend_above(figure)
    figure.update_xaxes(
        title_text=labels["expert"],
        showgrid=False,
        dtick=max(1, experts // 16),
        tickangle=0,
        range=[-0.5, experts - 0.5],
    )
    low = min(0.0, float(choice.min()))
    figure.update_yaxes(
        title_text=labels["score"], range=[low, max(1.0, float(choice.max())) * 1.08]
    )
    return figure


def _shade(
    figure: go.Figure, kept_groups: Sequence[int], groups: int, size: int, closed: str
) -> None:
    """Shade the groups of `size` experts that were not kept, and part all groups by lines."""
    for group in range(groups):
        if group in kept_groups:
            continue
        figure.add_vrect(
            x0=group * size - 0.5,
            x1=(group + 1) * size - 0.5,
            fillcolor=style.GRID,
            line_width=0,
            layer="below",
            annotation_text=closed,
            annotation_position="top left",
        )
    for group in range(1, groups):
        figure.add_vline(x=group * size - 0.5, line={"color": style.RULE, "width": 1})
