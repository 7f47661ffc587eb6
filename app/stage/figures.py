"""The stage's own figure: a heatmap of which expert processed which token. Pure plotly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.ui import style

LONGEST = 4  # characters of a token that fit below its column


def took(
    ids_TK: NDArray[np.integer],
    weights_TK: NDArray[np.floating],
    texts: Sequence[str],
    experts: int,
    labels: Mapping[str, str],
) -> go.Figure:
    """A heatmap of one layer's routing: experts by tokens, coloured by weight.

    Weights are normalised per token. `labels`: expert, token (titles of axes), share.
    """
    share_ET = np.zeros((experts, len(texts)))
    columns = np.arange(len(texts))[:, None]
    share_ET[ids_TK.astype(int), columns] = weights_TK / weights_TK.sum(axis=1, keepdims=True)
    figure = go.Figure(
        go.Heatmap(
            z=np.where(share_ET > 0, share_ET, np.nan),
            zmin=0,
            zmax=style.full_share(ids_TK.shape[1]),
            colorscale=style.AMOUNTS,
            colorbar={
                "title": {"text": labels["share"]},
                "tickformat": ".0%",
                "thickness": 20,
            },
            xgap=1,
            ygap=1,
            customdata=np.tile([text.replace("<", "&lt;") for text in texts], (experts, 1)),
            hovertemplate="%{customdata}, %{y}: %{z:.0%}<extra></extra>",
        )
    )
    style.plain(figure, height=300)
    figure.update_xaxes(
        title_text=labels["token"],
        tickvals=list(range(len(texts))),
        ticktext=[text.strip() if len(text.strip()) <= LONGEST else "…" for text in texts],
        tickangle=0,
        showgrid=False,
    )
    figure.update_yaxes(
        title_text=labels["expert"], autorange="reversed", dtick=5, showgrid=False, zeroline=False
    )
    return figure
