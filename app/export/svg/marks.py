"""Draws traces as marks: lines, markers and bars, each with a tooltip."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from app.export.svg import numbers
from app.export.svg.axes import Axis
from app.export.svg.pen import (
    NotDrawnError,
    box,
    contrast,
    element,
    escaped,
    paint,
    polyline,
    write,
)

REACH = 7  # px around a point of a line that react to the pointer
DASHES = {"dot": (1, 2), "dash": (4, 3), "dashdot": (4, 2, 1, 2), "longdash": (7, 3)}  # in widths
_TRIANGLE = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}
_CORNERS = {  # of symbols, in radii
    "square": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    "diamond": [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
    "pentagon": [(math.sin(i * 0.4 * math.pi), -math.cos(i * 0.4 * math.pi)) for i in range(5)],
    "star": [
        (r * math.sin(i * 0.2 * math.pi), -r * math.cos(i * 0.2 * math.pi))
        for i, r in enumerate((1.4, 0.6) * 5)
    ],
    "cross": [
        *((-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (1.1, -0.4), (1.1, 0.4), (0.4, 0.4)),
        *((0.4, 1.1), (-0.4, 1.1), (-0.4, 0.4), (-1.1, 0.4), (-1.1, -0.4), (-0.4, -0.4)),
    ],
}

PlotlyTrace = Mapping[str, Any]


def sequence(value: Any) -> list[Any]:
    """A trace's column as a list; [] for None."""
    return [] if value is None else [x.item() if isinstance(x, np.generic) else x for x in value]


def each(value: Any, n: int, default: Any = None) -> list[Any]:
    """A setting for each of n marks, which is given once or per mark."""
    if value is None:
        return [default] * n
    if isinstance(value, str | int | float):
        return [value] * n
    return sequence(value)


def symbol(name: str, x: float, y: float, size: float, colour: str, back: str, words: str) -> str:
    """Draw a plotly marker by name; open ones show the background."""
    shape = name.removesuffix("-open").removesuffix("-dot")
    r = size / 2
    ink = paint("stroke", colour) | {"stroke_width": 1.6}
    fill = paint("fill", back) if name.endswith("-open") else paint("fill", colour)
    edge = ink if name.endswith("-open") else {}
    if shape == "circle":
        return element("circle", words, cx=x, cy=y, r=r, **fill, **edge)
    if shape == "line-ew":
        return element("path", words, d=polyline([(x - r, y), (x + r, y)]), **ink)
    if shape == "x":
        strokes = [(x - r, y - r), (x + r, y + r)], [(x - r, y + r), (x + r, y - r)]
        look = ink | {"stroke_width": 2.5}
        return element("path", words, d="".join(map(polyline, strokes)), **look)
    if shape.startswith("triangle-"):
        dx, dy = _TRIANGLE[shape.removeprefix("triangle-")]
        corners = [(1.2 * dx, 1.2 * dy)]
        corners += [(-0.8 * dx + s * dy * 1.1, -0.8 * dy + s * dx * 1.1) for s in (1, -1)]
    elif shape in _CORNERS:
        corners = _CORNERS[shape]
    else:
        raise NotDrawnError(f"symbol {name!r}")
    d = polyline([(x + r * a, y + r * b) for a, b in corners]) + "Z"
    return element("path", words, d=d, **fill, **edge)


def said(trace: PlotlyTrace, i: int, point: Mapping[str, Any]) -> str:
    """The tooltip of a trace's point, as a title element; "" if it has none."""
    if trace.get("hoverinfo") == "skip":
        return ""
    columns = {
        name: sequence(trace.get(name))[i]
        for name in ("text", "customdata", "hovertext")
        if trace.get(name) is not None and not isinstance(trace[name], str)
    }
    if template := trace.get("hovertemplate"):
        text = numbers.filled(str(each(template, i + 1)[i]), dict(point) | columns)
    elif trace.get("hovertext") is not None:
        text = numbers.filled(str(each(trace["hovertext"], i + 1)[i]), {})
    else:
        text = f"{point['x']}: {numbers.plain(point['y'])}"
    return element("title", escaped(text)) if text else ""


def stroke(line: Mapping[str, Any], colour: str) -> dict[str, Any]:
    """The attributes of a line; plotly's default width is 2 px."""
    width = float(line.get("width") or 2)
    dash = line.get("dash")
    return paint("stroke", line.get("color") or colour) | {
        "stroke_width": width,
        "stroke_linejoin": "round",
        "fill": "none",
        "stroke_dasharray": " ".join(f"{n * max(width, 1.5):g}" for n in DASHES[dash])
        if dash and dash != "solid"
        else None,
    }


def whiskers(
    error: Mapping[str, Any] | None,
    along: Axis,
    values: Sequence[Any],
    across: Sequence[float],
    colour: str,
) -> Iterator[str]:
    """Draw intervals around values on the axis `along`; `across` are their positions in px."""
    if not error or error.get("array") is None:
        return
    up = sequence(error["array"])
    down = sequence(error.get("arrayminus")) or up
    end = float(error.get("width") or 0) / 2
    look = paint("stroke", error.get("color") or colour)
    look |= {"stroke_width": float(error.get("thickness") or 2), "fill": "none"}
    for value, above, below, at in zip(values, up, down, across, strict=True):
        if value is None:
            continue
        a, b = along.at(value - below), along.at(value + above)
        lines = [[(a, at), (b, at)], [(a, at - end), (a, at + end)], [(b, at - end), (b, at + end)]]
        if not along.across:
            lines = [[(y, x) for x, y in line] for line in lines]
        yield element("path", d="".join(map(polyline, lines)), **look)


def scatter(
    trace: PlotlyTrace, x_axis: Axis, y_axis: Axis, below: list[float] | None, ink: str, back: str
) -> str:
    """Draw lines and markers; `below` is the edge that an area is stacked on, in axis units."""
    xs, ys = sequence(trace.get("x")), sequence(trace.get("y"))
    if below is not None:
        ys = [y + base for y, base in zip(ys, below, strict=True)]
    mode = trace.get("mode") or "lines+markers"
    line, marker = trace.get("line") or {}, trace.get("marker") or {}
    own = marker.get("color")
    colour = line.get("color") or (own if isinstance(own, str) else ink)
    known = [i for i in range(len(xs)) if xs[i] is not None and ys[i] is not None]
    points = {i: (x_axis.at(xs[i]), y_axis.at(ys[i])) for i in known}
    parts = []
    if below is not None:
        floor = [(x_axis.at(x), y_axis.at(b)) for x, b in zip(xs, below, strict=True)]
        outline = polyline([*points.values(), *reversed(floor)]) + "Z"
        parts.append(element("path", d=outline, fill_opacity=0.6, **_only("fill", colour)))
    if "lines" in mode and len(points) > 1:
        parts.append(element("path", d=polyline(list(points.values())), **stroke(line, colour)))
    parts += whiskers(trace.get("error_y"), y_axis, ys, [p[0] for p in points.values()], colour)
    parts += whiskers(trace.get("error_x"), x_axis, xs, [p[1] for p in points.values()], colour)
    shown = {i: {"x": xs[i], "y": sequence(trace["y"])[i]} for i in known}
    if "markers" in mode:
        parts += _markers(trace, points, shown, colour, back)
    else:
        parts += [
            element("circle", title, cx=x, cy=y, r=REACH, fill="transparent")
            for i, (x, y) in points.items()
            if (title := said(trace, i, shown[i]))
        ]
    return element("g", "".join(parts), opacity=_opacity(trace.get("opacity")))


def _only(kind: str, colour: str) -> dict[str, Any]:
    return {kind: paint(kind, colour)[kind]}


def _opacity(value: Any) -> float | None:
    return None if value is None or value == 1 else float(value)


def _markers(
    trace: PlotlyTrace,
    points: Mapping[int, tuple[float, float]],
    shown: Mapping[int, Mapping[str, Any]],
    colour: str,
    back: str,
) -> Iterator[str]:
    marker, n = trace.get("marker") or {}, max(points, default=-1) + 1
    names = each(marker.get("symbol"), n, "circle")
    sizes = each(marker.get("size"), n, 6)
    colours = each(marker.get("color"), n, colour)
    every = max(1, math.ceil(len(points) / (marker.get("maxdisplayed") or len(points) or 1)))
    for number, (i, (x, y)) in enumerate(points.items()):
        title = said(trace, i, shown[i])
        if number % every and number < len(points) - 1:
            if title:
                yield element("circle", title, cx=x, cy=y, r=REACH, fill="transparent")
            continue
        yield symbol(str(names[i]), x, y, float(sizes[i]), str(colours[i]), back, title)


class Bars:
    """Places the bars of a figure: grouped, stacked, or overlaid."""

    def __init__(self, mode: str, traces: Sequence[PlotlyTrace], gap: float) -> None:
        self.mode, self.n, self.gap = mode, len(traces), gap
        self.number = 0
        self.tops: dict[Any, float] = {}

    def draw(self, trace: PlotlyTrace, x_axis: Axis, y_axis: Axis, ink: str) -> str:
        """Draw a trace of bars."""
        lying = trace.get("orientation") == "h"
        along, base_axis = (x_axis, y_axis) if lying else (y_axis, x_axis)
        places = sequence(trace["y" if lying else "x"])
        values = sequence(trace["x" if lying else "y"])
        marker = trace.get("marker") or {}
        n = len(values)
        starts, widths = each(trace.get("base"), n, 0), each(trace.get("width"), n)
        colours = each(marker.get("color"), n, ink)
        patterns = each((marker.get("pattern") or {}).get("shape"), n, "")
        texts = each(trace.get("text"), n, "")
        middles, parts = [], []
        for i, (place, value) in enumerate(zip(places, values, strict=True)):
            low, high = self._span(base_axis, place, widths[i])
            middles.append((low + high) / 2)
            if value is None:
                continue
            start = starts[i] + (self.tops.get(place, 0.0) if self.mode == "stack" else 0.0)
            self.tops[place] = start + value
            a, b = sorted((along.at(start), along.at(start + value)))
            low, high = sorted((low, high))
            spot = (a, low, b - a, high - low) if lying else (low, a, high - low, b - a)
            title = said(trace, i, {"x": trace["x"][i], "y": trace["y"][i]})
            parts.append(rectangle(spot, str(colours[i]), str(patterns[i] or ""), title))
            if texts[i] and trace.get("textposition") != "none":
                parts.append(_bar_text(trace, str(texts[i]), spot, lying, ink))
        error = trace.get("error_x" if lying else "error_y")
        parts += whiskers(error, along, values, middles, ink)
        self.number += 1
        return "".join(parts)

    def _span(self, axis: Axis, place: Any, width: float | None) -> tuple[float, float]:
        centre = axis.units(place)
        whole = 1 - self.gap if width is None else float(width)
        if self.mode == "group" and self.n > 1 and width is None:
            part = whole / self.n
            centre += (self.number - (self.n - 1) / 2) * part
            whole = part
        return axis.place(centre - whole / 2), axis.place(centre + whole / 2)


def rectangle(
    spot: tuple[float, float, float, float], colour: str, pattern: str, title: str
) -> str:
    x, y, width, height = spot
    look = paint("fill", colour)
    if pattern:
        look = paint("fill", f"url(#hatch-{_hatch(pattern, colour)})")
    return element("rect", title, x=x, y=y, width=max(width, 0.5), height=max(height, 0.5), **look)


def _hatch(pattern: str, colour: str) -> str:
    return f"{ {'/': 'slash', 'x': 'cross'}[pattern] }-{colour.removeprefix('#')}"


def hatches(body: str) -> str:
    """The definitions of the hatch patterns that a drawing uses."""
    found = sorted({part.split(")")[0] for part in body.split("url(#hatch-")[1:]})
    made = []
    for name in found:
        kind, colour = name.split("-")
        lines = "M-2 2L2 -2M0 8L8 0M6 10L10 6"
        if kind == "cross":
            lines += "M-2 6L2 10M0 0L8 8M6 -2L10 2"
        inner = element("rect", width=8, height=8, fill=f"#{colour}", fill_opacity=0.3)
        inner += element("path", d=lines, stroke=f"#{colour}", stroke_width=2)
        made.append(
            element(
                "pattern",
                inner,
                id=f"hatch-{name}",
                width=8,
                height=8,
                patternUnits="userSpaceOnUse",
            )
        )
    return element("defs", "".join(made)) if made else ""


def _bar_text(
    trace: PlotlyTrace, text: str, spot: tuple[float, float, float, float], lying: bool, ink: str
) -> str:
    x, y, width, height = spot
    size = 12.0
    if trace.get("textposition") == "inside":
        wide, _ = box(text, size)
        if wide > width - 2 or height < size:
            return ""
        return write(text, x + width / 2, y + height / 2 + 4, size, _on(trace), "middle")
    if lying:
        beyond = float((trace.get("error_x") or {}).get("width") or 0)
        return write(text, x + width + 5 + beyond, y + height / 2 + 4, size, ink)
    return write(text, x + width / 2, y - 4, size, ink, "middle")


def _on(trace: PlotlyTrace) -> str:
    """Black or white, whichever is more legible on the trace's colour."""
    colour = str((trace.get("marker") or {}).get("color"))
    return max("#000000", "#ffffff", key=lambda ink: contrast(ink, colour))
