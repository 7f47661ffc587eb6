"""Draws a measurement over time as SVG: records, pages, memory, threads, open files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from tests.load.pages import PAGES
from tests.load.report import Phase

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 960, 170, 64, 24, 56, 52
COLOURS = dict(
    zip((p.title for p in PAGES), ("#0072B2", "#D55E00", "#009E73", "#CC79A7"), strict=True)
)
GREY = "#5b6675"
SECONDS = (0.01, 0.1, 1.0, 10.0, 100.0)  # of the axis of waiting, which is logarithmic

Dot = tuple[float, float | None, str]  # seconds since the beginning, seconds waited, page


def draw(phase: Phase, title: str) -> str:
    """Draw the picture; a run without a record is a cross at the top."""
    runs: list[Dot] = [(r.at - phase.begin, r.seconds, r.page) for r in phase.diary.runs]
    opens: list[Dot] = [(o.at - phase.begin, o.seconds, o.page) for o in phase.diary.opens]
    memory = [(one.at - phase.begin, one.bytes / 1e6) for one in phase.usage]
    threads = [(one.at - phase.begin, float(one.threads)) for one in phase.usage]
    files = [(one.at - phase.begin, float(one.files)) for one in phase.usage]
    panels = [
        _waits(0, "From the click to the finished record, s", runs, phase.seconds),
        _waits(1, "From asking for a page to having it, s", opens, phase.seconds),
        _line(2, "The server's resident memory, MB", memory, phase.seconds),
        _line(3, "The server's threads", threads, phase.seconds),
        _line(4, "The server's open files", files, phase.seconds),
    ]
    height = TOP + len(panels) * (PANEL + GAP)
    legend = "".join(
        f'<circle cx="{LEFT + 8 + 110 * i}" cy="40" r="4" fill="{colour}"/>'
        + _text(LEFT + 18 + 110 * i, 44, name)
        for i, (name, colour) in enumerate(COLOURS.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>'
        f"{_text(LEFT, 22, title, size=15)}{legend}{''.join(panels)}</svg>\n"
    )


def _waits(place: int, title: str, dots: Sequence[Dot], seconds: float) -> str:
    """Draw waiting times as dots, by page."""
    low, high = math.log10(SECONDS[0]), math.log10(SECONDS[-1])

    def height(waited: float) -> float:
        share = (math.log10(min(max(waited, SECONDS[0]), SECONDS[-1])) - low) / (high - low)
        return _bottom(place) - share * PANEL

    marks = []
    for at, waited, page in dots:
        x = _across(at, seconds)
        if waited is None:
            y = _bottom(place) - PANEL
            marks.append(f'<path d="M{x - 4:.1f} {y - 4}l8 8m0 -8l-8 8" stroke="{COLOURS[page]}"/>')
        else:
            y = height(waited)
            marks.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{COLOURS[page]}" '
                f'fill-opacity="0.7"/>'
            )
    ticks = [(height(value), f"{value:g}") for value in SECONDS]
    return _frame(place, title, ticks, seconds) + "".join(marks)


def _line(place: int, title: str, points: Sequence[tuple[float, float]], seconds: float) -> str:
    """Draw a value over time, with an axis from 0."""
    top = _round_up(max((value for _, value in points), default=1.0))

    def height(value: float) -> float:
        return _bottom(place) - value / top * PANEL

    path = " ".join(f"{_across(at, seconds):.1f},{height(value):.1f}" for at, value in points)
    ticks = [(height(top * part / 4), f"{top * part / 4:g}") for part in range(5)]
    line = f'<polyline points="{path}" fill="none" stroke="{COLOURS["start"]}" stroke-width="1.5"/>'
    return _frame(place, title, ticks, seconds) + line


def _frame(place: int, title: str, ticks: Sequence[tuple[float, str]], seconds: float) -> str:
    bottom = _bottom(place)
    lines = [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e1e5ea"/>'
        + _text(LEFT - 8, y + 4, label, anchor="end")
        for y, label in ticks
    ]
    step = _round_up(seconds / 8)
    for number in range(int(seconds / step) + 1):
        x = _across(number * step, seconds)
        lines.append(_text(x, bottom + 16, f"{number * step:g} s", anchor="middle"))
    return _text(LEFT, bottom - PANEL - 10, title) + "".join(lines)


def _bottom(place: int) -> float:
    return TOP + 26 + place * (PANEL + GAP) + PANEL


def _across(at: float, seconds: float) -> float:
    return LEFT + at / seconds * (WIDTH - LEFT - RIGHT)


def _round_up(value: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _text(x: float, y: float, said: str, *, anchor: str = "start", size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="{GREY}">{escape(said)}</text>'
    )
