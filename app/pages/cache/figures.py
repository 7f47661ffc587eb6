"""Figures of the Latent cache page. Pure functions of arrays; texts are passed as `labels`.

Bytes on axes are formatted by `app.ui.units`: 1 KB is 1000 bytes.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.ui import style, units

BAR = 24  # px, below its row's text
LINE = 20  # px of one line of text
PLOT = 300  # px of the curves' plot area, about
EDGE = 0.03  # decades
WRAP = 44  # characters per line that fit on a phone
PATTERN = {False: "", True: "/"}  # hatched: no such model exists


@dataclass(frozen=True, eq=False)
class Growth:
    """One run's cache size against the F tokens fed so far: tokens, measured, formula, each [F].

    In bytes (int64): `measured` was counted from the cache's buffers, `formula` is `per_token`
    times the tokens.
    """

    kind: str
    per_token: int
    tokens: NDArray[np.int64]
    measured: NDArray[np.int64]
    formula: NDArray[np.int64]

    @property
    def difference(self) -> int:
        """Measured minus computed bytes where they differ most."""
        gap = self.measured - self.formula
        return int(gap[np.abs(gap).argmax()]) if len(gap) else 0

    def at(self, tokens: int) -> int:
        """Measured bytes once `tokens` tokens are cached."""
        return int(self.measured[tokens - 1])


def curves(
    runs: Sequence[Growth], most_tokens: int, n_prompt: int, labels: Mapping[str, str]
) -> go.Figure:
    """Cache bytes against cached tokens: measured as thick lines, the formula thin and dashed.

    Axes end at `most_tokens` and the largest cache there, so that they stay put while a run grows.
    `labels`: tokens, bytes (axis titles), measured, formula, prompt (what ends at `n_prompt`).
    """
    figure = go.Figure()
    for run in runs:
        _growth(figure, run, most_tokens, labels)
    ends = [run.per_token * most_tokens for run in runs]
    highest = max(ends, default=0)
    for run, y in zip(runs, apart(ends, highest * LINE / PLOT), strict=True):
        figure.add_annotation(
            x=1,
            xref="paper",
            y=y,
            text=f"<b>{run.kind}</b> {units.size(run.measured[-1])}",
            xanchor="left",
            xshift=10,
            showarrow=False,
        )
    style.plain(figure, PLOT + 80)
    ticks = nice_ticks(highest)
    figure.update_layout(margin={"r": 108, "t": 32}, hovermode="x unified")
    figure.update_xaxes(range=[0, most_tokens], title=labels["tokens"])
    figure.update_yaxes(
        range=[0, highest * 1.04],
        tickvals=ticks,
        ticktext=[units.round_size(tick) for tick in ticks],
    )
    above(figure, labels["bytes"])
    _prompt_end(figure, n_prompt, n_prompt < most_tokens / 2, labels["prompt"])
    return figure


def _growth(figure: go.Figure, run: Growth, most_tokens: int, labels: Mapping[str, str]) -> None:
    """One run's curve: what was measured, the formula to its end, and a mark where it is now.

    `labels`: measured, formula.
    """
    colour = style.kind_colour(run.kind)
    figure.add_scatter(
        x=run.tokens,
        y=run.measured,
        customdata=run.formula,
        mode="lines",
        name=run.kind,
        line={"color": colour, "width": 6},
        hovertemplate=(
            f"{run.kind}: {labels['measured']} %{{y:,}} B, "
            f"{labels['formula']} %{{customdata:,}} B<extra></extra>"
        ),
    )
    figure.add_scatter(
        x=[0, most_tokens],
        y=[0, run.per_token * most_tokens],
        mode="lines",
        name=f"{run.kind} {labels['formula']}",
        line={"color": style.RULE, "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=run.tokens[-1:],
        y=run.measured[-1:],
        mode="markers",
        marker={"color": colour, "size": 13, "symbol": style.kind_symbol(run.kind)},
        cliponaxis=False,
        hoverinfo="skip",
    )


def _prompt_end(figure: go.Figure, n_prompt: int, early: bool, text: str) -> None:
    """A dotted line where the prompt ends, and a word: after the line if that is `early`."""
    figure.add_vline(x=n_prompt, line={"color": style.RULE, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=n_prompt,
        y=1,
        yref="paper",
        text=text,
        xanchor="left" if early else "right",
        yanchor="top",
        showarrow=False,
    )


def apart(values: Sequence[float], gap: float) -> list[float]:
    """Positions for the labels of values, moved up where they would overlap."""
    places = [0.0] * len(values)
    last = -math.inf
    for i in sorted(range(len(values)), key=values.__getitem__):
        places[i] = last = max(values[i], last + gap)
    return places


def above(figure: go.Figure, text: str) -> None:
    """Add the y axis' title horizontally above the axis: a phone has no room beside it."""
    figure.add_annotation(
        x=0,
        xref="x domain",
        y=1,
        yref="paper",
        text=text,
        xanchor="left",
        xshift=-8,
        yanchor="bottom",
        yshift=6,
        showarrow=False,
    )


def nice_ticks(highest: float, about: int = 5) -> list[float]:
    """Round values from 0 to `highest` in steps of 1, 2 or 5 times a power of ten."""
    rough = max(highest, 1) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= rough)
    return [i * step for i in range(int(highest / step) + 1)]


@dataclass(frozen=True)
class TokenCache:
    """What one layer caches per token: its parts with their elements, over all key-value heads.

    `kv_heads` is None where nothing is cached per head.
    """

    kind: str
    parts: tuple[tuple[str, int], ...]
    kv_heads: int | None
    element_bytes: int

    @property
    def elements(self) -> int:
        """The elements of all parts together."""
        return sum(size for _, size in self.parts)

    @property
    def blocks(self) -> list[tuple[str, int]]:
        """Name and elements of each block in memory: K and V per head, or the latent's parts."""
        heads = self.kv_heads or 1
        return [(name, size // heads) for name, size in self.parts] * heads

    @property
    def words(self) -> str:
        """The shape in the formula's notation: 4 × (32 K + 32 V) = 256 × 4 B = 1,024 B."""
        heads, parts = self.kv_heads, self.blocks[: len(self.parts)]
        one = " + ".join(f"{size} {name}" for name, size in parts)
        total = (
            f"{self.elements} × {self.element_bytes} B = {self.elements * self.element_bytes:,} B"
        )
        return f"{f'{heads} × ({one})' if heads else one} = {total}"


def blocks(stored: Sequence[TokenCache], labels: Mapping[str, str]) -> go.Figure:
    """Draw what one layer caches per token, to scale. `labels`: elements (the axis title)."""
    figure = go.Figure()
    widest = max(row.elements for row in stored)
    for place, row in enumerate(stored):
        start = 0
        for i, (name, size) in enumerate(row.blocks):
            second = i % len(row.parts) > 0
            colour = style.tint(row.kind) if second else style.kind_colour(row.kind)
            figure.add_bar(
                x=[size],
                y=[place],
                base=[start],
                orientation="h",
                marker={
                    "color": colour,
                    "line": {"color": style.GRID, "width": 1},
                },
                text=name,
                textposition="inside",
                insidetextanchor="middle",
                insidetextfont={"color": style.ink(colour)},
                textangle=0,
                hovertemplate=f"{row.kind} {name}: {size} × {row.element_bytes} B = "
                f"{size * row.element_bytes:,} B<extra></extra>",
            )
            start += size
        row_title(figure, place, f"<b>{row.kind}</b>  {row.words}")
    rows_of_bars(figure, len(stored), lines=1)
    figure.update_layout(barmode="overlay", uniformtext={"minsize": 12, "mode": "hide"})
    figure.update_xaxes(range=[0, widest * 1.005], title=labels["elements"], dtick=widest / 8)
    return figure


def wrapped(text: str) -> list[str]:
    """Wrap the text above a bar into lines that fit on a phone."""
    return textwrap.wrap(text, WRAP)


def row_title(figure: go.Figure, place: int, text: str) -> None:
    """Write text above the bar of row `place`."""
    figure.add_annotation(
        x=0,
        xref="x domain",
        y=place,
        text=text,
        xanchor="left",
        xshift=-4,
        yanchor="bottom",
        yshift=BAR / 2,
        showarrow=False,
        align="left",
    )


def rows_of_bars(figure: go.Figure, n: int, lines: int) -> None:
    """Lay out `n` rows from top to bottom: `lines` lines of text above a bar, exact to the
    pixel."""
    words = lines * LINE + 8
    pitch = words + BAR + 10
    style.plain(figure, n * pitch + 70)
    figure.update_layout(margin={"b": 70, "t": style.TOOLS})
    figure.update_traces(width=BAR / pitch, selector={"type": "bar"})
    top = -(words + BAR / 2) / pitch
    figure.update_yaxes(range=[top + n, top], showticklabels=False, showgrid=False, zeroline=False)
    figure.update_xaxes(automargin=False)


@dataclass(frozen=True)
class Bar:
    """A model's cache size at some length, batch and precision."""

    name: str
    attention: str
    bytes: int
    hypothetical: bool


def _words(row: Bar) -> list[str]:
    """The size in bold, the name and the kind of attention, wrapped to fit."""
    size = units.size(row.bytes)
    lines = wrapped(f"{size} · {row.name} · {row.attention}")
    return [f"<b>{size}</b>{lines[0].removeprefix(size)}", *lines[1:]]


def bars(rows: Sequence[Bar], log: bool, labels: Mapping[str, str]) -> go.Figure:
    """Draw models' cache bytes; on a linear axis bars start at 0. `labels`: bytes, bytes_log."""
    figure = go.Figure()
    sizes = [row.bytes for row in rows]
    most = max(*sizes, 1)
    titles = [_words(row) for row in rows]
    for place, row in enumerate(rows):
        figure.add_bar(
            x=[row.bytes],
            y=[place],
            orientation="h",
            marker={
                "color": style.kind_colour(row.attention),
                "line": {"width": 0},
                "pattern": {"shape": PATTERN[row.hypothetical], "fillmode": "replace"},
            },
            hovertemplate=f"{row.name}<br>{row.attention}: %{{x:,}} B<extra></extra>",
        )
        row_title(figure, place, "<br>".join(titles[place]))
    rows_of_bars(figure, len(rows), lines=max(map(len, titles)))
    if log:
        first, last = math.floor(math.log10(max(min(sizes), 1))), math.ceil(math.log10(most))
        last = max(last, first + 1)
        decades = range(first, last + 1, math.ceil((last - first) / 5))
        figure.update_xaxes(
            type="log",
            title=labels["bytes_log"],
            # A little beyond the decades: plotly's rounding hides a tick that is on the edge.
            range=[first - EDGE, max(math.log10(most), first + 1) + EDGE],
            tickvals=[10**d for d in decades],
            ticktext=[units.round_size(10**d) for d in decades],
        )
    else:
        ticks = nice_ticks(most, about=4)
        figure.update_xaxes(
            title=labels["bytes"],
            range=[0, most * 1.02],
            tickvals=ticks,
            ticktext=[units.round_size(tick) for tick in ticks],
        )
    return figure
