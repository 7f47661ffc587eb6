"""The component that plays and shows one run: strip, text, grid, heatmap, multiples, cache.

    selection = trace_view(trace, parts=("strip", "text", "grid", "cache"), key="run", playing=True)
    selection.pinned  # index of the pinned token, or None

In the browser, hover and pin link all parts, and other components that show the same run; only a
click, Enter, Esc or a change of layer reaches Python. Everything shown is in the data of `payload`,
so the JavaScript does not depend on the model or language. For a run too large to draw whole, it
has pooled counts and the tokens of a window; moving the window fetches others.
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
    """The viewer's choices in the picture."""

    pinned: int | None  # index of a token of the trace
    layer: int | None  # layer shown in the heatmap, counting all layers, once it was changed


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
        parts: what to draw, in this order; on wide screens `grid` and `cache` are at the side.
        key: of the component, as for every widget.
        layer: the heatmap's initial layer, counting all layers; default: the first.
        playing: play the run, with controls, unless it is too large to draw whole. It starts at its
            end if a token is pinned, or with reduced motion.
        pinned: token to pin, e.g. from the URL; the viewer's own pin stays until this changes.
        charts: keys of charts on the page whose x axis is this run's tokens, which the browser
            links by hover and click.
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
    """The component's data for a run; `first` is the start of a large run's window."""
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
    """The start of the window: where the viewer moved it, else around the pinned token."""
    sent = window if isinstance(window, dict) else {}
    if sent.get("run") == run_id(trace) and _is_token(sent.get("first"), trace):
        return sent["first"]
    return 0 if pinned is None else pinned - pooling.WINDOW // 2


def selection_of(pinned: Any, layer: Any, trace: Trace, given: int | None) -> Selection:
    """The selection that the browser sent, if it is about this run: it may be stale, or anything.

    Until the viewer has pinned or unpinned a token of this run, the given one is pinned.
    """
    token = given
    if isinstance(pinned, dict) and pinned.get("run") == run_id(trace):
        token = pinned.get("token")
    return Selection(
        pinned=token if _is_token(token, trace) else None,
        layer=layer if type(layer) is int and layer in trace.moe_layers else None,
    )
