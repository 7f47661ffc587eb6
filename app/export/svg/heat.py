"""Heatmaps: individual cells with tooltips, or an image if there are many."""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image
from plotly import colors

from app.export.svg import marks, numbers
from app.export.svg.axes import Axis
from app.export.svg.pen import channels, element, escaped

MOST_CELLS = 4_000  # maximum drawn individually


def scale_of(trace: Mapping[str, Any]) -> list[tuple[float, tuple[float, float, float]]]:
    """The stops of a heatmap's colour scale."""
    given = trace.get("colorscale") or "Viridis"
    stops = colors.get_colorscale(given) if isinstance(given, str) else given
    return [(float(at), _channels(colour)) for at, colour in stops]


def _channels(colour: str) -> tuple[float, float, float]:
    if colour.startswith("#"):
        return channels(colour)
    red, green, blue = map(float, colors.unlabel_rgb(colour)[:3])
    return red, green, blue


def painted(trace: Mapping[str, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The colours [rows, columns, 4] of a heatmap's cells; transparent where there is no value."""
    z = np.array(trace["z"], dtype=float)
    low = np.nanmin(z) if trace.get("zmin") is None else float(trace["zmin"])
    high = np.nanmax(z) if trace.get("zmax") is None else float(trace["zmax"])
    share = np.clip((np.nan_to_num(z) - low) / ((high - low) or 1), 0, 1)
    stops = scale_of(trace)
    at = [stop for stop, _ in stops]
    channels = [np.interp(share, at, [rgb[c] for _, rgb in stops]) for c in range(3)]
    alpha = np.where(np.isnan(z), 0, 255)
    return np.stack([*channels, alpha], axis=-1).round().astype(np.uint8)


def heatmap(trace: Mapping[str, Any], x_axis: Axis, y_axis: Axis) -> str:
    """Draw a heatmap as individual cells with tooltips, or as an image if there are many."""
    colours = painted(trace)
    rows, columns = colours.shape[:2]
    xs = marks.sequence(trace.get("x")) or list(range(columns))
    ys = marks.sequence(trace.get("y")) or list(range(rows))
    x_edges, y_edges = edges(x_axis, xs), edges(y_axis, ys)
    if rows * columns > MOST_CELLS:
        flip_x, flip_y = x_edges[0] > x_edges[-1], y_edges[0] > y_edges[-1]
        seen = colours[:: -1 if flip_y else 1, :: -1 if flip_x else 1]
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(seen)).save(file, "PNG")
        return element(
            "image",
            x=min(x_edges),
            y=min(y_edges),
            width=abs(x_edges[-1] - x_edges[0]),
            height=abs(y_edges[-1] - y_edges[0]),
            preserveAspectRatio="none",
            style="image-rendering:pixelated",
            href="data:image/png;base64," + base64.b64encode(file.getvalue()).decode(),
        )
    parts = []
    for row in range(rows):
        for column in range(columns):
            red, green, blue, alpha = colours[row, column]
            if not alpha:
                continue
            a, b = sorted(x_edges[column : column + 2])
            c, d = sorted(y_edges[row : row + 2])
            point = {"x": xs[column], "y": ys[row], "z": float(trace["z"][row][column])}
            for key in ("customdata", "text"):
                if trace.get(key) is not None:
                    point[key] = trace[key][row][column]
            template = trace.get("hovertemplate")
            words = numbers.filled(template, point) if template else numbers.plain(point["z"])
            parts.append(
                element(
                    "rect",
                    element("title", escaped(words)) if words else "",
                    x=a,
                    y=c,
                    width=b - a + 0.3,
                    height=d - c + 0.3,
                    fill=f"#{red:02x}{green:02x}{blue:02x}",
                )
            )
    return "".join(parts)


def edges(axis: Axis, values: Sequence[Any]) -> list[float]:
    """The edges of cells, given their centres, in px."""
    at = [axis.units(value) for value in values]
    middle = [(a + b) / 2 for a, b in itertools.pairwise(at)]
    first = at[0] - (middle[0] - at[0] if middle else 0.5)
    last = at[-1] + (at[-1] - middle[-1] if middle else 0.5)
    return [axis.place(place) for place in (first, *middle, last)]
