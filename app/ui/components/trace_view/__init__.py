"""The component that plays and shows one run: strip, text, grid, heatmap, multiples, cache.

    selection = trace_view(trace, parts=("strip", "text", "grid", "cache"), key="run", playing=True)
    selection.pinned  # index of the pinned token, or None

Hover and pin link all parts in the browser, and other components that show the same run; only a
click, Enter, Esc or a change of layer reaches Python. All that the picture shows is in the data of
`payload`, so the JavaScript knows no model and no language. Of a run too large to draw whole it has
pooled counts and the tokens of a window; moving the window fetches others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from app.core.texts import t
from app.ui.components import component
from app.ui.components.run_description import run_description
from app.ui.components.trace_view.payload import drawable, missing, payload, run_id
from model.record import pooling
from model.record.trace import Trace

PicturePart = Literal["strip", "text", "grid", "heatmap", "multiples", "cache"]

_component = component("trace_view", "player")


@dataclass(frozen=True)
class Selection:
    """What the viewer chose in the picture."""

    pinned: int | None  # index of a token of the trace
    layer: int | None  # the model's own number of the layer that the heatmap shows, once changed


def trace_view(
    trace: Trace,
    *,
    parts: Sequence[PicturePart],
    key: str,
    layer: int | None = None,
    playing: bool = False,
    pinned: int | None = None,
    charts: Sequence[str] = (),
) -> Selection:
    """Draw a run.

    Args:
        trace: the run.
        parts: what to draw, in this order; `grid` and `cache` stand beside the others if wide.
        key: of the component, as for every widget.
        layer: the layer of the heatmap at first, by the model's own number; default the first.
        playing: play the run, with controls, unless it is too large to draw whole. It is at its
            end if one came for a pinned token, or wants no motion.
        pinned: token to pin, e.g. from the URL; the viewer's own pin stays until it changes.
        charts: keys of charts on the page whose x axis counts this run's tokens: hover and click
            link with them, in the browser.
    """
    first = 0
    if pooling.too_large(trace):
        state = st.session_state.get(key, {})
        layer = selection_of(None, state.get("layer"), trace, None).layer or layer
        first = first_of_window(state.get("window"), trace, pinned)
    data = drawn(trace, parts, playing=playing, layer=layer, first=first)
    data["pinned"] = pinned if _is_token(pinned, trace) else None
    data["charts"] = list(charts)
    result = _component(
        data,
        key=key,
        on_pinned_change=lambda: None,
        on_layer_change=lambda: None,
        on_window_change=lambda: None,
    )
    return selection_of(result.pinned, result.layer, trace, pinned)


def drawn(
    trace: Trace,
    parts: Sequence[PicturePart],
    *,
    playing: bool,
    layer: int | None = None,
    first: int = 0,
) -> dict[str, Any]:
    """The component's data of a run; `first` is where the window of a large one begins."""
    return {
        "about": run_description(trace.info.prompt, [trace.card.name], [trace]),
        "parts": drawable(trace, parts),
        "playing": playing and not pooling.too_large(trace),
        "charts": [],
        "notes": [t(key) for key in missing(trace, parts)],
        "run": payload(trace, layer=layer, first=first),
        "pinned": None,
        "layer": layer if layer in trace.moe_layers else None,
    }


def _is_token(value: Any, trace: Trace) -> bool:
    return type(value) is int and 0 <= value < len(trace)


def first_of_window(window: Any, trace: Trace, pinned: int | None) -> int:
    """Where the window begins: where the viewer moved it; else about the pinned token."""
    sent = window if isinstance(window, dict) else {}
    if sent.get("run") == run_id(trace) and _is_token(sent.get("first"), trace):
        return sent["first"]
    return 0 if pinned is None else pinned - pooling.WINDOW // 2


def selection_of(pinned: Any, layer: Any, trace: Trace, given: int | None) -> Selection:
    """What the browser sent, if it is about this run: it may be stale, or anything at all.

    Until the viewer has pinned or let go of a token of this run, the given one is pinned.
    """
    token = given
    if isinstance(pinned, dict) and pinned.get("run") == run_id(trace):
        token = pinned.get("token")
    return Selection(
        pinned=token if _is_token(token, trace) else None,
        layer=layer if type(layer) is int and layer in trace.moe_layers else None,
    )
