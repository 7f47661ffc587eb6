"""Figures of what training changed in the routing. Pure plotly: texts are passed as `labels`."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.ui import style, units

UNNAMED = ("#8a94a3", "x")  # for models without a mark of their own, such as checkpoints
OVER = 84  # px above the panels, for the colour scale and the first panel's name
APART = 0.16  # distance between two models, relative to a layer's width


def _panels(names: Sequence[str], gap: float) -> go.Figure:
    """Panels below one another, each titled with a model's name."""
    figure = make_subplots(
        len(names), 1, shared_xaxes=True, subplot_titles=list(names), vertical_spacing=gap
    )
    return figure.update_annotations(font_size=14, x=0, xanchor="left")


def _scale(
    figure: go.Figure,
    height: int,
    title: str,
    ends: tuple[float, float],
    colours: object,
    ticks: Mapping[str, object],
) -> None:
    """Apply the common style, and put one colour scale with its title above the panels."""
    style.plain(figure, height)
    figure.update_layout(
        title={
            "text": title,
            "font": {"size": 14, "weight": "normal"},
            "x": 0.5,
            "xanchor": "center",
            "y": 1,
            "yanchor": "top",
            "pad_t": 6,
        },
        coloraxis={
            "cmin": ends[0],
            "cmax": ends[1],
            "colorscale": colours,
            "colorbar": {
                "orientation": "h",
                "yref": "container",
                "y": 1 - 24 / height,
                "yanchor": "top",
                "ypad": 0,
                "thickness": 12,
                "ticklabeloverflow": "allow",
                **ticks,
            },
        },
        margin={"t": OVER},
    )


def _layers(figure: go.Figure, layers: Sequence[int], title: str) -> None:
    """Label the panels' rows with layer numbers (counting all layers), the first on top."""
    figure.update_yaxes(
        title_text=title,
        showgrid=False,
        zeroline=False,
        autorange="reversed",
        tickvals=list(range(len(layers))),
        ticktext=[str(layer) for layer in layers],
    )


def tokens(
    changed: Mapping[str, NDArray[np.floating]],
    layers: Sequence[int],
    texts: Sequence[str],
    n_prompt: int,
    pinned: int | None,
    labels: Mapping[str, str],
) -> go.Figure:
    """The share of each token's experts that base did not choose: panel per model, row per layer.

    `changed` is [T, L] by model; the dashed line is where the answer begins. `texts` may contain
    anything: they are escaped. `labels`: token, layer, share, hover (template).
    """
    figure = _panels(list(changed), 0.09)
    shown = [html.escape(units.token(text)) for text in texts]
    for row, share_TL in enumerate(changed.values(), 1):
        figure.add_heatmap(
            z=share_TL.T,
            y=list(range(len(layers))),
            text=[shown] * len(layers),
            customdata=[[layer] * len(shown) for layer in layers],
            hovertemplate=f"{labels['hover']}<extra></extra>",
            coloraxis="coloraxis",
            row=row,
            col=1,
        )
    figure.add_vline(x=n_prompt - 0.5, line={"color": "#ffffff", "width": 2, "dash": "dash"})
    if pinned is not None:
        for edge in (-0.5, 0.5):
            figure.add_vline(x=pinned + edge, line={"color": "#D55E00", "width": 2})
    height = OVER + 50 + len(changed) * (20 + 26 * len(layers))
    marks = {"tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"}
    _scale(figure, height, labels["share"], (0, 1), style.AMOUNTS, marks)
    _layers(figure, layers, labels["layer"])
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_xaxes(title_text=labels["token"], row=len(changed))
    return figure


@dataclass(frozen=True)
class ChangedShares:
    """A model's share of changed experts per layer, with 95 % intervals [low, high]."""

    model: str
    share: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def by_layer(
    series: Sequence[ChangedShares], layers: Sequence[int], chance: float, labels: Mapping[str, str]
) -> go.Figure:
    """The share of changed experts in each layer, a mark per model, compared with chance.

    `labels`: layer, share, chance (the dashed line's name).
    """
    figure = go.Figure()
    for at, one in enumerate(series):
        colour, symbol = style.MODEL_MARK.get(one.model, UNNAMED)
        share = np.array(one.share)
        figure.add_scatter(
            x=np.arange(len(layers)) + APART * (at - (len(series) - 1) / 2),
            y=share,
            name=one.model,
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 11},
            error_y={
                "symmetric": False,
                "array": np.array(one.high) - share,
                "arrayminus": share - np.array(one.low),
                "width": 5,
                "thickness": 1.5,
            },
            customdata=list(zip(one.low, one.high, strict=True)),
            hovertemplate=f"{one.model}: %{{y:.1%}} "
            "[%{customdata[0]:.1%}, %{customdata[1]:.1%}]<extra></extra>",
        )
    figure.add_hline(
        y=chance,
        line={"color": style.RULE, "dash": "dash", "width": 2},
        annotation_text=labels["chance"],
        annotation_position="top right",
    )
    style.plain(figure, height=380)
    style.legend_above(figure)
    figure.update_xaxes(
        title_text=labels["layer"],
        showgrid=False,
        zeroline=False,
        tickvals=list(range(len(layers))),
        ticktext=[str(layer) for layer in layers],
        range=[-0.5, len(layers) - 0.5],
    )
    figure.update_yaxes(title_text=labels["share"], tickformat=".0%", range=[0, chance * 1.15])
    return figure


def loads(
    gained: Mapping[str, NDArray[np.floating]],
    layers: Sequence[int],
    groups: int,
    even: float,
    labels: Mapping[str, str],
) -> go.Figure:
    """Each expert's share of tokens minus its share in base: a panel per model.

    `gained` is [L, E] by model. The colour scale ends at half the even share gained or lost; lines
    separate the groups. `labels`: expert, layer, points, hover (template).
    """
    figure = _panels(list(gained), 0.16)
    experts = next(iter(gained.values())).shape[1]
    for row, gained_LE in enumerate(gained.values(), 1):
        figure.add_heatmap(
            z=100 * gained_LE,
            y=list(range(len(layers))),
            customdata=[[layer] * experts for layer in layers],
            hovertemplate=f"{labels['hover']}<extra></extra>",
            coloraxis="coloraxis",
            row=row,
            col=1,
        )
    for edge in range(experts // groups, experts, experts // groups):
        figure.add_vline(x=edge - 0.5, line={"color": style.RULE, "width": 1})
    end = 50 * even
    marks = {
        "tickvals": [-end, -end / 2, 0, end / 2, end],
        "ticktext": [f"≤ −{end:g}", f"−{end / 2:g}", "0", f"+{end / 2:g}", f"≥ +{end:g}"],
    }
    _scale(figure, 380, labels["points"], (-end, end), style.SIGNED, marks)
    _layers(figure, layers, labels["layer"])
    figure.update_xaxes(showgrid=False, zeroline=False, dtick=1, tickangle=0)
    figure.update_xaxes(title_text=labels["expert"], row=len(gained))
    return figure
