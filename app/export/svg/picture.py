"""Draws a whole figure: marks, axes, legend, colour bar, shapes and annotations."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.export.svg import heat, marks
from app.export.svg.axes import SIZE, Axis
from app.export.svg.decorations import annotation, colour_bar, colour_bar_height, legend, shape
from app.export.svg.pen import (
    FONT,
    NotDrawnError,
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
from app.export.themes import Theme
from app.ui import style

TITLE = 13.0  # px, font size of axis titles
LEAST = 110  # px, minimum height of the area with marks
_COLOURWAY = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")


@dataclass(frozen=True)
class Drawing:
    """SVG elements, and their size in px."""

    body: str
    width: float
    height: float


@dataclass
class Frame:
    """px around the marks."""

    left: float = 0
    right: float = 0
    top: float = 0
    bottom: float = 0


@dataclass
class Plan:
    """The state of a figure that is being drawn."""

    layout: Mapping[str, Any]
    traces: list[dict[str, Any]]
    axes: dict[str, Axis]
    theme: Theme
    width: float
    height: float
    frame: Frame = field(default_factory=Frame)

    def axis(self, kind: str, name: str | None) -> Axis:
        return self.axes[name or kind]

    def partner(self, axis: Axis) -> Axis:
        """The axis at which another is anchored."""
        anchor = axis.settings.get("anchor") or ("y" if axis.across else "x")
        return self.axes.get(anchor, self.axes["y" if axis.across else "x"])

    def far(self, axis: Axis) -> bool:
        """Whether an axis is drawn at the top or right."""
        return axis.settings.get("side") in ("top", "right")


def draw(figure: go.Figure, width: float, theme: Theme) -> Drawing:
    """Draw a figure as SVG of the given width; its height is the layout's, or more if needed.

    Raises:
        NotDrawnError: if it has a feature that is not supported.
    """
    plan = _plan(figure, width, theme)
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


# --- Planning ----------------------------------------------------------------------------------


def _plan(figure: go.Figure, width: float, theme: Theme) -> Plan:
    whole = _decoded(figure.to_plotly_json())
    layout, traces = whole.get("layout", {}), list(whole.get("data", ()))
    traces = [trace for trace in traces if trace.get("visible", True) is True]
    names = {key.replace("axis", "") for key in layout if key[1:5] == "axis"} | {"x", "y"}
    axes = {
        name: Axis(name, layout.get(f"{name[0]}axis{name[1:]}") or {}) for name in sorted(names)
    }
    plan = Plan(layout, traces, axes, theme, width, float(layout.get("height") or 400))
    stacked: dict[str, list[float]] = {}
    for number, trace in enumerate(traces):
        trace["ink"] = _COLOURWAY[number % len(_COLOURWAY)]
        _collect(trace, plan.axis("x", trace.get("xaxis")), plan.axis("y", trace.get("yaxis")))
        if group := trace.get("stackgroup"):
            ys = marks.sequence(trace["y"])
            trace["below"] = stacked.get(group, [0.0] * len(ys))
            stacked[group] = [a + b for a, b in zip(trace["below"], ys, strict=True)]
    for axis in axes.values():
        axis.settle()
    for axis in axes.values():  # axes of panels that share one scale
        other = axes.get(axis.settings.get("matches") or "")
        if other is not None and not axis.settings.get("range"):
            both = [axis.low, axis.high, other.low, other.high]
            axis.low = other.low = min(both)
            axis.high = other.high = max(both)
    return plan


def _decoded(value: Any) -> Any:
    """Unpack the arrays that plotly has packed for the browser."""
    if isinstance(value, Mapping):
        if "bdata" in value:
            packed = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
            shape = [int(n) for n in str(value.get("shape") or len(packed)).split(",")]
            return packed.reshape(shape)
        return {key: _decoded(inner) for key, inner in value.items()}
    return [_decoded(inner) for inner in value] if isinstance(value, list | tuple) else value


def _collect(trace: Mapping[str, Any], x: Axis, y: Axis) -> None:
    """Collect a trace's values in its axes."""
    kind = trace.get("type") or "scatter"
    if kind == "heatmap":
        z = trace["z"]
        for axis, key, n in ((x, "x", len(z[0])), (y, "y", len(z))):
            values = marks.sequence(trace.get(key)) or list(range(n))
            axis.values += values
            if not any(isinstance(value, str) for value in values):
                step = (values[-1] - values[0]) / (n - 1) if n > 1 else 1
                axis.values += [values[0] - step / 2, values[-1] + step / 2]
        return
    xs, ys = marks.sequence(trace.get("x")), marks.sequence(trace.get("y"))
    x.values += xs
    y.values += ys
    for axis, values, key in ((x, xs, "error_x"), (y, ys, "error_y")):
        error = trace.get(key) or {}
        if error.get("array") is not None:
            up = marks.sequence(error["array"])
            down = marks.sequence(error.get("arrayminus")) or up
            known = [i for i, value in enumerate(values) if value is not None]
            axis.values += [values[i] + up[i] for i in known]
            axis.values += [values[i] - down[i] for i in known]
    if kind == "bar":
        lying = trace.get("orientation") == "h"
        base, along = (y, x) if lying else (x, y)
        along.zero = along.pad = True
        places = ys if lying else xs
        if not any(isinstance(place, str) for place in places):
            base.values += [place + end for place in places for end in (-0.5, 0.5)]
    elif kind == "scatter":
        y.pad = True
        x.pad = x.pad or "markers" in (trace.get("mode") or "lines+markers")
    else:
        raise NotDrawnError(f"trace {kind!r}")


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
