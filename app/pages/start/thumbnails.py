"""Thumbnails of a run: its experts, its cache, its thinking. SVG, pure functions of records.

They contain no text: their words are in the caption and the text alternative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.ui import style
from model.record.trace import Trace

WIDTH, HEIGHT = 320, 120
RIGHT, WRONG, TOKEN = "#0072B2", "#D55E00", "#8a94a3"
EXPERT = "#0072B2"
OPACITY = (1.0, 0.75, 0.5, 0.35)  # of a token's first choice, its second, and so on


def _svg(body: str, width: float = WIDTH, height: float = HEIGHT) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{WIDTH}" height="{HEIGHT}" preserveAspectRatio="none">{body}</svg>'
    )


def experts(trace: Trace, at: int = 0) -> str:
    """Tokens across, experts down: which of them worked on which token in one layer."""
    ids_Tk = trace.expert_ids[:, at]
    paths = []
    for rank in range(ids_Tk.shape[1]):
        cells = "".join(
            f"M{token} {expert}h.9v.9h-.9z" for token, expert in enumerate(ids_Tk[:, rank])
        )
        opacity = OPACITY[min(rank, len(OPACITY) - 1)]
        paths.append(f'<path d="{cells}" fill="{EXPERT}" fill-opacity="{opacity}"/>')
    frame = _frame(len(ids_Tk), trace.card.n_routed_experts)
    return _svg(frame + "".join(paths), len(ids_Tk), trace.card.n_routed_experts)


def _frame(width: float, height: float) -> str:
    return f'<rect width="{width:g}" height="{height:g}" fill="{TOKEN}" fill-opacity=".12"/>'


def cache(held_T: Sequence[float], mha_T: Sequence[float]) -> str:
    """Cache bytes after each token as an area; those of multi-head attention as a line."""
    most = max(max(mha_T, default=0), max(held_T, default=0)) or 1

    def points(values: Sequence[float]) -> str:
        x = np.linspace(0, WIDTH, len(values))
        y = HEIGHT * (1 - 0.94 * np.asarray(values) / most)
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))

    area = f"0,{HEIGHT} {points(held_T)} {WIDTH},{HEIGHT}"
    return _svg(
        _frame(WIDTH, HEIGHT)
        + f'<polygon points="{area}" fill="{style.KIND_COLOUR["MLA"]}"/>'
        + f'<polyline points="{points(mha_T)}" fill="none" stroke="{style.KIND_COLOUR["MHA"]}" '
        'stroke-width="4" stroke-dasharray="10 6"/>'
    )


@dataclass(frozen=True)
class ReplyThought:
    """One reply: its length, the positions of its steps, and whether steps and answer are right."""

    tokens: int
    steps: Sequence[tuple[int, int, bool]]  # first and last token, right
    correct: bool | None


def thinking(thoughts: Sequence[ReplyThought]) -> str:
    """One bar per reply, as long as it has tokens, its steps marked and its verdict at the end."""
    longest = max((thought.tokens for thought in thoughts), default=1) or 1
    room = HEIGHT / max(len(thoughts), 1)
    scale = (WIDTH - 44) / longest
    drawn = []
    for row, thought in enumerate(thoughts):
        top, tall = row * room + room * 0.3, room * 0.4
        end = 8 + thought.tokens * scale
        drawn.append(_bar(8, end, top, tall, TOKEN, 0.45))
        for first, last, right in thought.steps:
            colour = RIGHT if right else WRONG
            drawn.append(_bar(8 + first * scale, 8 + last * scale, top, tall, colour, 1))
        drawn.append(_end(end + 18, top + tall / 2, thought.correct))
    return _svg(_frame(WIDTH, HEIGHT) + "".join(drawn))


def _bar(left: float, right: float, top: float, tall: float, colour: str, opacity: float) -> str:
    wide = max(right - left, 1)
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{tall:.1f}" '
        f'fill="{colour}" fill-opacity="{opacity}"/>'
    )


def _end(x: float, y: float, correct: bool | None) -> str:
    """A disc for a right answer, a cross for a wrong one, a ring where it cannot be judged."""
    if correct is False:
        path = f"M{x - 8:.1f} {y - 8:.1f}l16 16m0 -16l-16 16"
        return f'<path d="{path}" stroke="{WRONG}" stroke-width="5"/>'
    if correct:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{RIGHT}"/>'
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="none" stroke="{TOKEN}" stroke-width="3"/>'
    )
