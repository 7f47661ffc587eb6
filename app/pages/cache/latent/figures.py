"""Figures of MLA's latent: its features by token, energy of directions, cost of compression."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from app.pages.cache.figures import above
from app.ui import style


def limit(values: NDArray[np.floating]) -> float:
    """The end of a colour scale for signed values: the 99.5 % quantile of their magnitudes."""
    return float(np.quantile(np.abs(values.astype(np.float32)), 0.995)) or 1.0


@dataclass(frozen=True, eq=False)
class LatentParts:
    """The cached `c_kv` [..., R] and `k_pe` [..., p], and where their colour scales end."""

    c_kv: NDArray[np.floating]
    k_pe: NDArray[np.floating]
    c_limit: float
    k_limit: float

    def at(self, layer: int | slice, token: int | slice) -> LatentParts:
        """Of parts [L, T, ...], those of a layer or a token; the colours stay the same."""
        return replace(self, c_kv=self.c_kv[layer, token], k_pe=self.k_pe[layer, token])


def _scale(values: NDArray[np.floating], end: float, bar: Mapping[str, object]) -> go.Heatmap:
    return go.Heatmap(
        z=values.astype(np.float32),
        zmin=-end,
        zmax=end,
        colorscale=style.SIGNED,
        colorbar={"thickness": 10, "outlinewidth": 0, "nticks": 5, **bar},
    )


def tokens(parts: LatentParts, pinned: int | None, labels: Mapping[str, str]) -> go.Figure:
    """Draw one layer: a column per token, `c_kv`'s features above, `k_pe`'s below.

    `labels`: token, c_kv, k_pe (axis titles), bar_c_kv, bar_k_pe (of the colour bars), hover.
    """
    rank, rotary = parts.c_kv.shape[-1], parts.k_pe.shape[-1]
    figure = make_subplots(
        2, 1, shared_xaxes=True, row_heights=[rank, max(rotary, rank // 3)], vertical_spacing=0.05
    )
    for row, (values, end, name) in enumerate(
        ((parts.c_kv, parts.c_limit, "c_kv"), (parts.k_pe, parts.k_limit, "k_pe")), 1
    ):
        bar: dict[str, object] = {
            "len": 0.62 if row == 1 else 0.3,
            "y": 1 if row == 1 else 0,
            "ypad": 0,
        }
        bar |= {"title": {"text": labels[f"bar_{name}"], "side": "right"}}
        heat = _scale(values.T, end, bar | {"yanchor": "top" if row == 1 else "bottom"})
        heat.hovertemplate = f"{labels['hover']}<extra></extra>"
        heat.name = name
        figure.add_trace(heat, row=row, col=1)
        figure.update_yaxes(title=labels[name], autorange="reversed", row=row, col=1)
    style.plain(figure, 460)
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_yaxes(showgrid=False, zeroline=False)
    figure.update_xaxes(title=labels["token"], row=2, col=1)
    if pinned is not None and pinned < len(parts.c_kv):
        for edge in (-0.5, 0.5):
            figure.add_vline(x=pinned + edge, line={"color": "#000000", "width": 1})
    return figure


def one_token(parts: LatentParts, labels: Mapping[str, str]) -> go.Figure:
    """Draw one token: a row per layer, `c_kv`'s features on the left, `k_pe`'s on the right.

    `labels`: layer, c_kv, k_pe (axis titles), bar_c_kv, bar_k_pe (of the colour bars), hover.
    """
    rank, rotary = parts.c_kv.shape[-1], parts.k_pe.shape[-1]
    figure = make_subplots(
        1, 2, column_widths=[rank, max(rotary, rank // 3)], horizontal_spacing=0.04
    )
    for column, (values, end, name) in enumerate(
        ((parts.c_kv, parts.c_limit, "c_kv"), (parts.k_pe, parts.k_limit, "k_pe")), 1
    ):
        low, high = figure.layout["xaxis" if column == 1 else "xaxis2"].domain
        bar: dict[str, object] = {
            "x": (low + high) / 2,
            "len": high - low,
            "xpad": 0,
            "ypad": 0,
            "nticks": 3,
        }
        heat = _scale(values, end, style.bar_above(labels[f"bar_{name}"], **bar))
        heat.hovertemplate = f"{labels['hover']}<extra></extra>"
        figure.add_trace(heat, row=1, col=column)
        figure.update_xaxes(title_text=labels[name], row=1, col=column)
    layers = list(range(len(parts.c_kv)))
    style.plain(figure, 140 + 30 * len(layers))
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_yaxes(autorange="reversed", tickvals=layers, showgrid=False, zeroline=False)
    figure.update_yaxes(title=labels["layer"], row=1, col=1)
    figure.update_yaxes(showticklabels=False, row=1, col=2)
    return figure


def shares(values_LR: NDArray[np.floating]) -> NDArray[np.float64]:
    """The share of each layer's energy in its first 1, 2, ... R directions: [L, R]."""
    energy = np.asarray(values_LR, dtype=np.float64) ** 2
    return energy.cumsum(-1) / energy.sum(-1, keepdims=True)


def energy(
    values_LR: NDArray[np.floating], names: Sequence[str], labels: Mapping[str, str]
) -> go.Figure:
    """Share of energy in the first r directions, a line per layer, dark to light.

    `names`: of the layers. `labels`: rank, share (axis titles).
    """
    figure = go.Figure()
    share_LR = shares(values_LR)
    layers, rank = share_LR.shape
    colours = sample_colorscale(style.AMOUNTS, np.linspace(0.3, 0.85, layers).tolist())
    for layer, (name, share_R, colour) in enumerate(zip(names, share_LR, colours, strict=True)):
        figure.add_scatter(
            x=np.arange(1, rank + 1),
            y=share_R,
            mode="lines+markers",
            marker={"symbol": layer, "size": 6},
            line={"color": colour, "width": 2},
            name=name,
            hovertemplate=f"{name}: r = %{{x}}, %{{y:.1%}}<extra></extra>",
        )
    style.plain(figure, 340)
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    )
    figure.update_xaxes(title=labels["rank"], range=[0.5, rank + 0.5])
    figure.update_yaxes(title=labels["share"], tickformat=".0%", range=[0, 1.02])
    return figure


@dataclass(frozen=True)
class Cost:
    """Increase of loss under compression, in nats per token, with its 95 % interval [low, high]."""

    name: str
    x: float
    difference: float
    low: float
    high: float
    hover: str


def costs(points: Sequence[Cost], chosen: str | None, labels: Mapping[str, str]) -> go.Figure:
    """Draw the cost of compression against what is left (log 2 axis); the chosen point is large.

    `labels`: x, loss (axis titles).
    """
    figure = go.Figure()
    figure.add_hline(y=0, line={"width": 1, "dash": "dot", "color": style.RULE})
    figure.add_scatter(
        x=[point.x for point in points],
        y=[point.difference for point in points],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [point.high - point.difference for point in points],
            "arrayminus": [point.difference - point.low for point in points],
            "width": 5,
            "thickness": 1.5,
        },
        mode="lines+markers",
        line={"color": style.KIND_COLOUR["MLA"], "width": 2},
        marker={
            "color": style.KIND_COLOUR["MLA"],
            "symbol": [
                "circle" if point.name == chosen else style.KIND_SYMBOL["MLA"] for point in points
            ],
            "size": [16 if point.name == chosen else 10 for point in points],
        },
        customdata=[point.hover for point in points],
        hovertemplate="%{customdata}<extra></extra>",
    )
    for point in points:
        figure.add_annotation(
            x=math.log10(point.x),
            y=point.high,
            text=f"<b>{point.name}</b>" if point.name == chosen else point.name,
            yanchor="bottom",
            yshift=3,
            showarrow=False,
        )
    style.plain(figure, 360)
    sizes = [point.x for point in points]
    figure.update_xaxes(
        type="log",
        title=labels["x"],
        range=[math.log10(min(sizes) / 1.2), math.log10(max(sizes) * 1.2)],
        tickvals=sizes,
        tickformat=",",
    )
    figure.update_yaxes(zeroline=False)
    figure.update_layout(margin={"t": 48})
    above(figure, labels["loss"])
    return figure
