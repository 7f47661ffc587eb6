"""Keys that turn pages: those of a keyboard and of a presenter's remote; wheel and finger.

    keys.listen({"ArrowRight": "moe"}, key="story_keys", on_press=press)
    keys.pressed("story_keys")  # within `press`: "moe", the value of the key that was pressed

What is typed into a field, and what the picture under focus answers itself, is left alone. Who
scrolls on beyond the page's end or beginning presses ArrowRight or ArrowLeft; a finger, beyond its
end only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from app.ui.components import component

_component = component("keys")


def listen(values: Mapping[str, str], *, key: str, on_press: Callable[[], None]) -> None:
    """Call `on_press` when one of the keys is pressed; names of keys are the browser's.

    Args:
        values: a key's name → what `pressed` returns of it.
        key: of the component, as for every widget.
        on_press: runs before the page does.
    """
    _component({"values": dict(values)}, key=key, on_pressed_change=on_press)


def pressed(key: str) -> str | None:
    """What the pressed key stands for; None if the browser sent anything else."""
    value = st.session_state.get(key, {}).get("pressed")
    return value if isinstance(value, str) else None
