"""What fits in GPU memory: the weights, and the caches of as many users as possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from app.pages.cache.figures import nice_ticks, row_title, rows_of_bars, wrapped
from app.ui import style, units

WEIGHTS = "#8a94a3"  # not the colour of any kind of attention


@dataclass(frozen=True)
class Capacity:
    """A model in `memory` bytes: its weights and the size of one user's cache."""

    name: str
    attention: str
    weights: int
    per_user: int
    memory: int

    @property
    def users(self) -> int:
        """The number of whole caches that fit next to the weights."""
        left = self.memory - self.weights
        return max(0, left // self.per_user) if self.per_user else 0

    @property
    def loads(self) -> bool:
        """Whether the weights fit at all."""
        return self.weights <= self.memory


def memory(rows: Sequence[Capacity], titles: Sequence[str], labels: Mapping[str, str]) -> go.Figure:
    """Draw a bar per model: weights grey, users' caches in the kind's colour, the rest free.

    `titles`: the text above each bar. `labels`: bytes (axis title), weights, caches.
    """
    figure = go.Figure()
    most = rows[0].memory
    longest = 1.25 * most if any(not row.loads for row in rows) else most
    lines = [wrapped(title) for title in titles]
    for place, (row, title) in enumerate(zip(rows, lines, strict=True)):
        shown = min(row.weights, longest)  # what does not fit runs off the figure
        bars = [(shown, WEIGHTS, labels["weights"], row.weights)]
        if row.users:
            held = row.users * row.per_user
            bars.append((held, style.kind_colour(row.attention), labels["caches"], held))
        start = 0.0
        for width, colour, word, said in bars:
            figure.add_bar(
                x=[width],
                y=[place],
                base=[start],
                orientation="h",
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate=f"{row.name}<br>{word}: {units.size(said)}<extra></extra>",
            )
            start += width
        row_title(figure, place, "<br>".join(title))
    rows_of_bars(figure, len(rows), max(map(len, lines)))
    figure.add_vline(x=most, line={"color": style.RULE, "width": 2})
    ticks = nice_ticks(longest, about=4)
    figure.update_layout(barmode="overlay")
    figure.update_xaxes(
        title=labels["bytes"],
        range=[0, longest * 1.02],
        tickvals=ticks,
        ticktext=[units.round_size(tick) for tick in ticks],
    )
    return figure
