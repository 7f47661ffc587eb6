"""What surrounds the marks: annotations, shapes, legend, colour bar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from app.export.svg import heat, marks, numbers
from app.export.svg.pen import (
    NotDrawnError,
    box,
    broken,
    element,
    legible,
    paint,
    polyline,
    write,
)
from app.export.svg.plan import Plan

KEY = 13.0  # px, font size of the legend
BAR = 180.0  # px, width of a colour bar


def place(reference: str | None, value: Any, kind: str, plan: Plan) -> float:
    """The position of a shape's or annotation's coordinate, in px. `kind` is "x" or "y"."""
    reference = reference or kind
    frame = plan.frame
    if reference == "paper":
        if kind == "x":
            return frame.left + value * (plan.width - frame.left - frame.right)
        return plan.height - frame.bottom - value * (plan.height - frame.top - frame.bottom)
    name, _, domain = reference.partition(" ")
    axis = plan.axes.get(name)
    if axis is None:
        raise NotDrawnError(f"reference {reference!r}")
    if domain:
        share = value if kind == "x" else 1 - value
        return axis.start + share * (axis.end - axis.start)
    return axis.at(value)


def shape(one: Mapping[str, Any], plan: Plan) -> str:
    """Draw a line or rectangle."""
    x0, x1 = (place(one.get("xref"), one[key], "x", plan) for key in ("x0", "x1"))
    y0, y1 = (place(one.get("yref"), one[key], "y", plan) for key in ("y0", "y1"))
    line = one.get("line") or {}
    drawn = marks.stroke(line, plan.theme.text)
    flat = x0 == x1 or y0 == y1  # an empty rectangle is drawn as a line
    if one.get("type") == "line" or (flat and one.get("type", "rect") == "rect"):
        return element("path", d=polyline([(x0, y0), (x1, y1)]), **drawn)
    if one.get("type", "rect") != "rect":
        raise NotDrawnError(f"shape {one.get('type')!r}")
    look = paint("fill", one.get("fillcolor"))
    if line.get("width") == 0:
        drawn = {}
    return element(
        "rect",
        x=min(x0, x1),
        y=min(y0, y1),
        width=abs(x1 - x0),
        height=abs(y1 - y0),
        opacity=one.get("opacity"),
        **(drawn | look),
    )


def annotation(one: Mapping[str, Any], plan: Plan) -> str:
    """Draw a text, or an arrow that may have a text at its tail."""
    if one.get("visible") is False:
        return ""
    x = _annotated(one.get("xref"), one["x"], "x", plan) + float(one.get("xshift") or 0)
    y = _annotated(one.get("yref"), one["y"], "y", plan) - float(one.get("yshift") or 0)
    size = float((one.get("font") or {}).get("size") or 13)
    text = broken(str(one.get("text") or ""), size, _above(one, plan))
    own = (one.get("font") or {}).get("color")
    colour = legible(own, plan.theme.back, plan.theme.text) if own else plan.theme.text
    arrow = ""
    if one.get("showarrow") is not False:
        tail_x, tail_y = _tail(one, x, y, plan)
        arrow = _arrow(one, (tail_x, tail_y), (x, y), plan)
        x, y = tail_x, tail_y
    if not text:
        return arrow
    wide, tall = box(text, size)
    across, down = _anchors(one)
    first = {"top": 0.0, "middle": -tall / 2, "bottom": -tall - 3}[down]
    if arrow:  # the text is beyond the tail
        first = -tall if one.get("ay", 0) < 0 or one.get("ayref") else 0.0
    anchor = {"left": "start", "center": "middle", "right": "end"}[across]
    lines = one.get("align")
    if across == "center" and lines == "left":
        anchor, x = "start", x - wide / 2
    return arrow + write(
        text, x, y + first + size * 1.05, size, colour, anchor, float(one.get("textangle") or 0)
    )


def _above(one: Mapping[str, Any], plan: Plan) -> float:
    """The width in px of the panel whose title a text is; infinite for any other text."""
    if not (one.get("xref") == one.get("yref") == "paper" and one.get("xanchor") == "center"):
        return math.inf
    for axis in plan.axes.values():
        first, last = axis.settings.get("domain") or (1, 0)
        if axis.across and first < one["x"] < last:
            return axis.end - axis.start
    return math.inf


def _annotated(reference: str | None, value: Any, kind: str, plan: Plan) -> float:
    """Like `place`; on a log axis, annotations are in decades, unlike shapes."""
    axis = plan.axes.get(reference or kind)
    if axis is not None and axis.log:
        return axis.place(float(value))
    return place(reference, value, kind, plan)


def _tail(one: Mapping[str, Any], x: float, y: float, plan: Plan) -> tuple[float, float]:
    def end(key: str, kind: str, head: float) -> float:
        reference = one.get(f"{key}ref")
        offset = one.get(key)
        if reference in (None, "pixel"):
            return head + float(offset if offset is not None else (0 if kind == "x" else -30))
        return _annotated(reference, offset, kind, plan)

    return end("ax", "x", x), end("ay", "y", y)


def _arrow(
    one: Mapping[str, Any], tail: tuple[float, float], head: tuple[float, float], plan: Plan
) -> str:
    width = float(one.get("arrowwidth") or 1.5)
    colour = one.get("arrowcolor") or plan.theme.text
    angle = math.atan2(head[1] - tail[1], head[0] - tail[0])
    size = width * 3 * float(one.get("arrowsize") or 1) + 3
    corners = [
        (head[0] - size * math.cos(angle + turn), head[1] - size * math.sin(angle + turn))
        for turn in (0.45, -0.45)
    ]
    neck = ((corners[0][0] + corners[1][0]) / 2, (corners[0][1] + corners[1][1]) / 2)
    line = element("path", d=polyline([tail, neck]), stroke_width=width, **paint("stroke", colour))
    return line + element("path", d=polyline([head, *corners]) + "Z", **paint("fill", colour))


def _anchors(one: Mapping[str, Any]) -> tuple[str, str]:
    across, down = one.get("xanchor") or "auto", one.get("yanchor") or "auto"
    paper = one.get("xref") == "paper" or str(one.get("xref")).endswith("domain")
    if across == "auto":
        x = float(one["x"]) if paper else 0.5
        across = "left" if x < 1 / 3 else "right" if x > 2 / 3 else "center"
    if down == "auto":
        tall = one.get("yref") == "paper" or str(one.get("yref")).endswith("domain")
        y = float(one["y"]) if tall else 0.5
        down = "bottom" if y < 1 / 3 else "top" if y > 2 / 3 else "middle"
    return across, down


# --- Legend and colour bar ---------------------------------------------------------------------


def legend(plan: Plan) -> tuple[str, float]:
    """The legend in rows, and its height; its keys switch series on and off."""
    named = [
        (number, trace)
        for number, trace in enumerate(plan.traces)
        if trace.get("name") and trace.get("showlegend") is not False
    ]
    if plan.layout.get("showlegend") is not True or not named:
        return "", 0.0
    rows: list[list[tuple[int, Mapping[str, Any], float]]] = [[]]
    used, room = 0.0, plan.width - plan.frame.left - 8
    for number, trace in named:
        wide = 40 + box(str(trace["name"]), KEY)[0] + 14
        if rows[-1] and used + wide > room:
            rows.append([])
            used = 0.0
        rows[-1].append((number, trace, used))
        used += wide
    tall = 22.0 * len(rows) + 8
    below = (plan.layout.get("legend") or {}).get("y", 1) < 0
    y = plan.height - tall + 8 if below else 16.0
    parts = []
    for row in rows:
        for series, one, x in row:
            parts.append(_key(series, one, plan.frame.left + x, y, plan))
        y += 22
    return "".join(parts), tall


def _key(number: int, trace: Mapping[str, Any], x: float, y: float, plan: Plan) -> str:
    kind, back = trace.get("type") or "scatter", plan.theme.back
    marker = trace.get("marker") or {}
    colour = marker.get("color") if isinstance(marker.get("color"), str) else None
    colour = (trace.get("line") or {}).get("color") or colour or trace["ink"]
    mode = trace.get("mode") or "lines+markers"
    if kind == "bar" or trace.get("stackgroup"):
        pattern = (marker.get("pattern") or {}).get("shape") or ""
        sample = marks.rectangle((x + 6, y - 6, 22, 12), colour, pattern, "")
    else:
        sample = ""
        if "lines" in mode:
            line = marks.stroke(trace.get("line") or {}, colour)
            sample += element("path", d=polyline([(x, y), (x + 32, y)]), **line)
        if "markers" in mode:
            name = marker.get("symbol")
            name = name if isinstance(name, str) else "circle"
            sample += marks.symbol(name, x + 16, y, 9, colour, back, "")
    words = write(str(trace["name"]), x + 38, y + 4.5, KEY, plan.theme.text)
    return element("g", sample + words, class_="key", data_series=f"s{number}")


def _barred(plan: Plan) -> Mapping[str, Any] | None:
    """The heatmap that the colour bar belongs to, if any."""
    return next(
        (
            trace
            for trace in plan.traces
            if trace.get("type") == "heatmap" and trace.get("showscale") is not False
        ),
        None,
    )


def colour_bar_height(plan: Plan) -> float:
    return 0.0 if _barred(plan) is None else 56.0


def colour_bar(plan: Plan) -> str:
    """Draw the colour bar above a heatmap."""
    trace = _barred(plan)
    if trace is None:
        return ""
    settings = trace.get("colorbar") or {}
    title = settings.get("title") or {}
    words = str((title.get("text") if isinstance(title, Mapping) else title) or "")
    z = np.array(trace["z"], dtype=float)
    low = float(np.nanmin(z) if trace.get("zmin") is None else trace["zmin"])
    high = float(np.nanmax(z) if trace.get("zmax") is None else trace["zmax"])
    x, y = plan.frame.left, plan.frame.top - 40
    stops = "".join(
        element("stop", offset=f"{at:g}", stop_color="#" + "".join(f"{round(c):02x}" for c in rgb))
        for at, rgb in heat.scale_of(trace)
    )
    name = f"scale-{plan.traces.index(dict(trace))}"
    parts = [
        element("defs", element("linearGradient", stops, id=name)),
        write(words, x, y - 6, KEY, plan.theme.text),
        element("rect", x=x, y=y, width=BAR, height=10, fill=f"url(#{name})"),
    ]
    values = marks.sequence(settings.get("tickvals")) or [low, (low + high) / 2, high]
    labels = settings.get("ticktext") or [
        numbers.d3(settings.get("tickformat") or "", round(value, 4)) for value in values
    ]
    for value, label in zip(values, labels, strict=True):
        at = x + BAR * (value - low) / ((high - low) or 1)
        anchor = "start" if at <= x + 1 else "middle"
        parts.append(write(str(label), at, y + 24, 11.5, plan.theme.text, anchor))
    return "".join(parts)
