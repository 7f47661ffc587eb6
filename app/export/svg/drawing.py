"""Draws a whole figure: marks, axes, legend, colour bar, shapes and annotations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from app.export.svg import heat, marks
from app.export.svg.axes import SIZE, Axis
from app.export.svg.decorations import annotation, colour_bar, colour_bar_height, legend, shape
from app.export.svg.pen import (
    FONT,
    box,
    broken,
    element,
    escaped,
    legible,
    paint,
    polyline,
    wrapped,
    write,
)
from app.export.svg.plan import Frame, Plan, planned
from app.export.themes import Theme
from app.ui import style

TITLE = 13.0  # px of axes' titles
LEAST = 110  # px of height that are left to the marks, whatever lies about them


@dataclass(frozen=True)
class Drawing:
    """SVG elements, and their size in px."""

    body: str
    width: float
    height: float


def draw(figure: go.Figure, width: float, theme: Theme) -> Drawing:
    """Draw a figure as SVG of the given width; its height is the layout's, or more if needed.

    Raises:
        NotDrawnError: if it has a feature that is not supported.
    """
    plan = planned(figure, width, theme)
    _measure(plan)
    parts = [_grid(axis, plan) for axis in plan.axes.values() if axis.shown]
    shapes = plan.layout.get("shapes") or []
    below = [one for one in shapes if one.get("layer") == "below"]
    parts += [shape(one, plan) for one in below]
    parts.append(_marks(plan))
    parts += [shape(one, plan) for one in shapes if one not in below]
    parts += [_labels(axis, plan) for axis in plan.axes.values() if axis.shown]
    parts += [annotation(one, plan) for one in plan.layout.get("annotations") or []]
    parts.append(legend(plan)[0])
    parts.append(colour_bar(plan))
    body = "".join(parts)
    return Drawing(marks.hatches(body) + body, plan.width, plan.height)


# --- Measuring ---------------------------------------------------------------------------------


def _measure(plan: Plan) -> None:
    """Determine the margins around the marks, and place the axes inside them."""
    margin = plan.layout.get("margin") or {}
    frame = plan.frame
    frame.left, frame.right = float(margin.get("l", 8)), float(margin.get("r", 8))
    frame.top, frame.bottom = float(margin.get("t", 8)), float(margin.get("b", 8))
    for _ in range(2):  # the number of ticks depends on the room, and the room on the ticks
        _place(plan)
        need = Frame()
        for axis in plan.axes.values():
            if axis.shown:
                _need(axis, plan, need)
        frame.left = max(float(margin.get("l", 8)), need.left + 4)
        frame.right = max(float(margin.get("r", 8)), need.right + 4)
        rows = legend(plan)[1]
        below = (plan.layout.get("legend") or {}).get("y", 1) < 0
        need.bottom += rows if below else 0
        need.top += colour_bar_height(plan) + (0 if below else rows)
        frame.bottom = max(float(margin.get("b", 8)), need.bottom + 6)
        frame.top = max(float(margin.get("t", 8)), need.top + 6)
    plan.height = max(plan.height, frame.top + frame.bottom + LEAST)
    _place(plan)


def _place(plan: Plan) -> None:
    frame = plan.frame
    across = plan.width - frame.left - frame.right
    down = plan.height - frame.top - frame.bottom
    for axis in plan.axes.values():
        over = axis.settings.get("overlaying")
        settings = plan.axes[over].settings if over in plan.axes else axis.settings
        first, last = settings.get("domain") or (0, 1)
        if axis.across:
            axis.start, axis.end = frame.left + first * across, frame.left + last * across
        else:
            axis.start = frame.top + (1 - last) * down
            axis.end = frame.top + (1 - first) * down


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    """The ticks with labels, of which some are left out if those of an x axis would overlap."""
    found = axis.ticks()
    if axis.settings.get("showticklabels") is False:
        return [(at, "") for at, _ in found]
    if axis.across and len(found) > 1:
        widest = max(box(word, SIZE)[0] for _, word in found) + 8
        room = abs(axis.end - axis.start) / len(found)
        every = max(1, -(-widest // max(room, 1)))
        return [(at, word if not i % every else "") for i, (at, word) in enumerate(found)]
    return found


def _title(axis: Axis) -> str:
    """An axis's title, wrapped to the axis's length."""
    title = axis.settings.get("title") or {}
    text = str((title.get("text") if isinstance(title, Mapping) else title) or "")
    room = abs(axis.end - axis.start) * (1.2 if axis.across else 1)  # may extend into the gap
    return broken(text, TITLE, room)


def _need(axis: Axis, plan: Plan, need: Frame) -> None:
    """Update the margins that an axis needs if it is at the picture's edge."""
    words = [word for _, word in _ticks(axis) if word]
    title = _title(axis)
    last = (axis.settings.get("domain") or (0, 1))[1]
    across, down = plan.partner(axis).settings.get("domain") or (0, 1), plan.far(axis)
    if axis.across:
        tall = max((box(word, SIZE)[1] for word in words), default=0)
        tall += box(title, TITLE)[1] + 4 if title else 0
        if down:
            need.top = max(need.top, tall + 6)
        elif across[0] < 0.02:
            need.bottom = max(need.bottom, tall + 6)
        if words and last > 0.98:
            need.right = max(need.right, box(words[-1], SIZE)[0] / 2)
        return
    wide = max((box(word, SIZE)[0] for word in words), default=0)
    wide += box(title, TITLE)[1] + 8 if title else 0
    if down:
        need.right = max(need.right, wide + 8)
    elif across[0] < 0.02:
        need.left = max(need.left, wide + 8)


# --- Drawing -----------------------------------------------------------------------------------


def _marks(plan: Plan) -> str:
    bars = [trace for trace in plan.traces if trace.get("type") == "bar"]
    mode = plan.layout.get("barmode") or "group"
    gap = plan.layout.get("bargap")
    beside: dict[tuple[str, str], marks.Bars] = {}
    parts = []
    for number, trace in enumerate(plan.traces):
        x, y = plan.axis("x", trace.get("xaxis")), plan.axis("y", trace.get("yaxis"))
        kind = trace.get("type") or "scatter"
        if kind == "heatmap":
            made = heat.heatmap(trace, x, y)
        elif kind == "bar":
            panel = [bar for bar in bars if _panel(bar) == _panel(trace)]
            laid = beside.setdefault(
                _panel(trace), marks.Bars(mode, panel, 0.2 if gap is None else float(gap))
            )
            made = laid.draw(trace, x, y, plan.theme.text)
        else:
            made = marks.scatter(trace, x, y, trace.get("below"), trace["ink"], plan.theme.back)
        parts.append(element("g", made, class_="series", data_series=f"s{number}"))
    return "".join(parts)


def _panel(trace: Mapping[str, Any]) -> tuple[str, str]:
    return str(trace.get("xaxis") or "x"), str(trace.get("yaxis") or "y")


def _grid(axis: Axis, plan: Plan) -> str:
    """Draw grid lines, the zero line, and the axis line if it has one."""
    other = plan.partner(axis)
    settings = axis.settings
    parts = []
    if settings.get("showgrid") is not False and not settings.get("overlaying"):
        for at, _ in axis.ticks():
            parts.append(_rule(axis, other, axis.place(at), style.GRID))
    low, high = sorted((axis.low, axis.high))
    counts = not (axis.log or axis.categories or settings.get("overlaying"))
    if counts and settings.get("zeroline") is not False and low <= 0 <= high:
        parts.append(_rule(axis, other, axis.place(0), style.RULE))
    if settings.get("showline"):
        edge = other.start if plan.far(axis) and axis.across else other.end
        if not axis.across:
            edge = other.end if plan.far(axis) else other.start
        points = [(axis.start, edge), (axis.end, edge)]
        points = points if axis.across else [(y, x) for x, y in points]
        parts.append(element("path", d=polyline(points), **paint("stroke", style.RULE)))
    return "".join(parts)


def _rule(axis: Axis, other: Axis, at: float, colour: str) -> str:
    points = [(at, other.start), (at, other.end)]
    if not axis.across:
        points = [(y, x) for x, y in points]
    return element("path", d=polyline(points), **paint("stroke", colour))


def _labels(axis: Axis, plan: Plan) -> str:
    other, far = plan.partner(axis), plan.far(axis)
    own = (axis.settings.get("tickfont") or {}).get("color")
    colour = legible(own, plan.theme.back, plan.theme.text) if own else plan.theme.text
    parts = []
    if axis.across:
        edge = other.start if far else other.end
        tall = 0.0
        for at, word in _ticks(axis):
            if not word:
                continue
            height = box(word, SIZE)[1]
            tall = max(tall, height)
            y = edge - height + 8 if far else edge + 16
            parts.append(write(word, axis.place(at), y, SIZE, colour, "middle"))
        if title := _title(axis):
            height = box(title, TITLE)[1]
            y = edge - tall - height + 8 if far else edge + tall + 8 + TITLE
            parts.append(write(title, (axis.start + axis.end) / 2, y, TITLE, colour, "middle"))
        return "".join(parts)
    edge = other.end if far else other.start
    wide = 0.0
    for at, word in _ticks(axis):
        if not word:
            continue
        wide = max(wide, box(word, SIZE)[0])
        x = edge + 6 if far else edge - 6
        lines = box(word, SIZE)[1] / (SIZE * 1.3)
        y = axis.place(at) + 4 - (lines - 1) * SIZE * 0.65
        parts.append(write(word, x, y, SIZE, colour, "start" if far else "end"))
    if title := _title(axis):
        more = box(title, TITLE)[1] - 1.3 * TITLE  # of lines after the first
        x = edge + wide + 12 + TITLE if far else edge - wide - 12 - more
        y = (axis.start + axis.end) / 2
        parts.append(write(title, x, y, TITLE, colour, "middle", turn=-90))
    return "".join(parts)


def document(
    drawing: Drawing, theme: Theme, title: str, says: str, source: str, language: str
) -> str:
    """A complete SVG file: title, takeaway, the drawing, and its source below."""
    room = drawing.width - 24
    parts, y = [], 30.0
    for line in wrapped(title, 18, room):
        bold = element("tspan", escaped(line), font_weight="600")
        parts.append(element("text", bold, x=12, y=y, font_size=18, fill=theme.text))
        y += 24
    for line in wrapped(says, 13.5, room):
        parts.append(element("text", escaped(line), x=12, y=y, font_size=13.5, fill=theme.text))
        y += 18
    parts.append(element("g", drawing.body, transform=f"translate(0 {y:.0f})"))
    y += drawing.height + 20
    for line in wrapped(source, 11.5, room):
        parts.append(element("text", escaped(line), x=12, y=y, font_size=11.5, fill=theme.muted))
        y += 15
    back = element("rect", width="100%", height="100%", fill=theme.back)
    return element(
        "svg",
        element("title", escaped(title)) + back + "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        width=drawing.width,
        height=y,
        viewBox=f"0 0 {drawing.width:g} {y:g}",
        font_family=FONT,
        lang=language,
    )
