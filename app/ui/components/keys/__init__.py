"""Keys that turn pages, on a keyboard or a presenter's remote; also wheel and touch.

    keys.listen({"ArrowRight": "moe"}, key="story_keys", on_press=press)
    keys.pressed("story_keys")  # within `press`: "moe", the value of the key that was pressed

Keys typed into a field, or handled by the focused picture itself, are ignored. Scrolling beyond the
page's end or beginning counts as ArrowRight or ArrowLeft; by touch, only beyond its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from app.ui.components import component

_component = component("keys")


def listen(values: Mapping[str, str], *, key: str, on_press: Callable[[], None]) -> None:
    """Call `on_press` when one of the keys is pressed; key names are the browser's.

    Args:
        values: a key's name → the value that `pressed` returns for it.
        key: of the component, as for every widget.
        on_press: runs before the page does.
    """
    _component({"values": dict(values)}, key=key, on_pressed_change=on_press)


def pressed(key: str) -> str | None:
    """The value of the pressed key; None if the browser sent anything else."""
    value = st.session_state.get(key, {}).get("pressed")
    return value if isinstance(value, str) else None
