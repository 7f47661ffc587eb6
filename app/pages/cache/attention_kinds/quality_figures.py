"""Figures of what each kind of attention costs in quality: our results, and DeepSeek-V2's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from app.pages.cache.figures import above
from app.ui import style

TEST_SYMBOL = ("circle", "square", "diamond", "triangle-up", "x", "cross")


@dataclass(frozen=True)
class Quality:
    """A kind of attention compared with the reference, the first kind.

    `loss` is the mean over seeds, in nats per token of held-out text. `difference` is that minus
    the reference's, for the same seeds and texts; [`low`, `high`] is its 95 % interval over texts.
    `by_seed` is the difference of each seed. The reference's own are zeros.
    """

    kind: str
    bytes_per_token: int
    loss: float
    difference: float
    low: float
    high: float
    by_seed: tuple[float, ...]

    @property
    def told_apart(self) -> bool:
        """Whether the interval excludes 0 and all seeds agree on the sign."""
        one_side = len({np.sign(gap) for gap in self.by_seed}) == 1
        return one_side and (self.low > 0 or self.high < 0)


def scatter(kinds: Sequence[Quality], labels: Mapping[str, str]) -> go.Figure:
    """Held-out loss against bytes per token (log 2 axis); a dotted line at the reference's loss.

    A bar is the interval of a kind's difference from the reference, centred on its loss. Where
    there are several seeds, a small ring is the reference's loss and the difference of one seed.
    `labels`: bytes, loss (axis titles).
    """
    figure = go.Figure()
    level = kinds[0].loss
    figure.add_hline(y=level, line={"width": 1, "dash": "dot", "color": style.RULE})
    sizes = [one.bytes_per_token for one in kinds]
    for one in kinds:
        colour = style.kind_colour(one.kind)
        figure.add_scatter(
            x=[one.bytes_per_token],
            y=[level + one.difference],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [one.high - one.difference],
                "arrayminus": [one.difference - one.low],
                "width": 7,
                "thickness": 2,
            },
            mode="markers",
            marker={"color": colour, "size": 14, "symbol": style.kind_symbol(one.kind)},
            hovertemplate=f"{one.kind}: %{{x:,}} B, {level + one.difference:.4f}; "
            f"{one.difference:+z.4f} [{one.low:+z.4f}, {one.high:+z.4f}]<extra></extra>",
        )
        if len(one.by_seed) > 1:
            figure.add_scatter(
                x=[one.bytes_per_token * 1.05] * len(one.by_seed),
                y=[level + gap for gap in one.by_seed],
                mode="markers",
                marker={"color": colour, "size": 6, "symbol": "circle-open"},
                hovertemplate=f"{one.kind}: %{{y:.4f}}<extra></extra>",
            )
        figure.add_annotation(
            x=math.log10(one.bytes_per_token),
            y=level + max(one.high, *one.by_seed),
            text=f"<b>{one.kind}</b>",
            yanchor="bottom",
            yshift=4,
            showarrow=False,
        )
    style.plain(figure, 380)
    figure.update_xaxes(
        type="log",
        range=[math.log10(min(sizes) / 1.3), math.log10(max(sizes) * 1.3)],
        title=labels["bytes"],
        tickvals=sorted(set(sizes)),
        tickformat=",",
    )
    figure.update_yaxes(tickformat=".3f")
    figure.update_layout(margin={"t": 56})
    above(figure, labels["loss"])
    return figure


@dataclass(frozen=True)
class ScoreDifferences:
    """A published model compared with its own MHA variant: score differences in points, by test."""

    model: str
    attention: str
    differences: Mapping[str, float]


def ablation(rows: Sequence[ScoreDifferences], labels: Mapping[str, str]) -> go.Figure:
    """Scores minus those of the same model with MHA: a column per model, a marker per test.

    `labels`: score (axis title).
    """
    figure = go.Figure()
    figure.add_hline(y=0, line={"width": 1, "dash": "dot", "color": style.RULE})
    tests = list(rows[0].differences)
    for place, (test, symbol) in enumerate(zip(tests, TEST_SYMBOL, strict=False)):
        figure.add_scatter(
            x=[at + 0.12 * (place - (len(tests) - 1) / 2) for at in range(len(rows))],
            y=[row.differences[test] for row in rows],
            mode="markers",
            name=test,
            marker={
                "size": 11,
                "symbol": symbol,
                "color": [style.kind_colour(row.attention) for row in rows],
            },
            customdata=[f"{row.attention}, {row.model}" for row in rows],
            hovertemplate=f"%{{customdata}}: {test} %{{y:+.1f}}<extra></extra>",
        )
    style.plain(figure, 380)
    style.legend_above(figure)
    figure.update_xaxes(
        tickvals=list(range(len(rows))),
        ticktext=[f"<b>{row.attention}</b><br>{row.model.replace(' ', '<br>')}" for row in rows],
        tickangle=0,
        range=[-0.5, len(rows) - 0.5],
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(title=labels["score"], tickformat="+d", zeroline=False)
    return figure
