"""A figure before it is drawn: its axes and traces, and the room that each part has."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.export.svg import marks
from app.export.svg.axes import Axis
from app.export.svg.pen import NotDrawnError
from app.export.themes import Theme

_COLOURWAY = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")


@dataclass
class Frame:
    """px around the marks."""

    left: float = 0
    right: float = 0
    top: float = 0
    bottom: float = 0


@dataclass
class Plan:
    """A figure while it is being drawn."""

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
        """The axis that one is drawn along."""
        anchor = axis.settings.get("anchor") or ("y" if axis.across else "x")
        return self.axes.get(anchor, self.axes["y" if axis.across else "x"])

    def far(self, axis: Axis) -> bool:
        """Whether an axis is drawn on top, or on the right."""
        return axis.settings.get("side") in ("top", "right")


def planned(figure: go.Figure, width: float, theme: Theme) -> Plan:
    """A figure's axes and traces, the axes knowing their values; nothing has a place yet.

    Raises:
        NotDrawnError: if it has a trace that is not drawn here.
    """
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
    """Arrays as they were before plotly packed them for the browser."""
    if isinstance(value, Mapping):
        if "bdata" in value:
            packed = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
            shape = [int(n) for n in str(value.get("shape") or len(packed)).split(",")]
            return packed.reshape(shape)
        return {key: _decoded(inner) for key, inner in value.items()}
    return [_decoded(inner) for inner in value] if isinstance(value, list | tuple) else value


def _collect(trace: Mapping[str, Any], x: Axis, y: Axis) -> None:
    """Tell the axes what will be drawn on them."""
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
