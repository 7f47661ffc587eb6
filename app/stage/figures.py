"""Pictures for the last row: whatever a figure holds, set in one size of type. Pure plotly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.ui import style

TYPE = 14  # px before the stage enlarges it (stage.css)


def legible(figure: go.Figure, highest: int) -> go.Figure:
    """A copy in which no words are smaller than `TYPE`, at most `highest` px high."""
    copy = go.Figure(figure)
    copy.update_layout(height=min(int(copy.layout.height or highest), highest))
    copy.update_layout(font_size=TYPE, legend_font_size=TYPE, hoverlabel_font_size=TYPE)
    copy.update_xaxes(tickfont_size=TYPE, title_font_size=TYPE)
    copy.update_yaxes(tickfont_size=TYPE, title_font_size=TYPE)
    copy.update_annotations(font_size=TYPE)
    copy.update_traces(textfont_size=TYPE, selector={"type": "bar"})
    return copy


def took(
    ids_TK: NDArray[np.integer],
    weights_TK: NDArray[np.floating],
    texts: Sequence[str],
    experts: int,
    labels: Mapping[str, str],
) -> go.Figure:
    """Which expert of one layer took which token, a column per token; the colour is its weight.

    Weights are shares of the token's whole. `labels`: expert, token (titles of axes), share.
    """
    share_ET = np.zeros((experts, len(texts)))
    columns = np.arange(len(texts))[:, None]
    share_ET[ids_TK.astype(int), columns] = weights_TK / weights_TK.sum(axis=1, keepdims=True)
    figure = go.Figure(
        go.Heatmap(
            z=np.where(share_ET > 0, share_ET, np.nan),
            zmin=0,
            zmax=0.6,
            colorscale=style.AMOUNTS,
            colorbar={
                "title": {"text": labels["share"], "font": {"size": TYPE}},
                "tickformat": ".0%",
                "tickfont": {"size": TYPE},
                "thickness": 14,
            },
            xgap=1,
            ygap=1,
            hovertemplate="%{y}: %{z:.0%}<extra></extra>",
        )
    )
    style.plain(figure, height=300)
    figure.update_xaxes(
        title_text=labels["token"],
        tickvals=list(range(len(texts))),
        ticktext=[text.replace("<", "&lt;") for text in texts],
        tickangle=0,
        showgrid=False,
    )
    figure.update_yaxes(
        title_text=labels["expert"], autorange="reversed", dtick=5, showgrid=False, zeroline=False
    )
    return figure
