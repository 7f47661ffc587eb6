"""The rooms of a page: a control at its top selects the open one, and only that is computed.

    ROOMS = {"run": run, "balance": balance}
    labels = {name: t(f"experts.room_{name}") for name in ROOMS}
    ROOMS[rooms.choose(labels, "e_room")]()

The open room is in the URL as `?room=balance`, by its name and not its translated label. Streamlit
keeps the values of a closed room's widgets if these are bound to the URL.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.core import links
from app.core.texts import t

URL_KEY = "room"


def choose(
    labels: Mapping[str, str],
    key: str,
    *,
    once: Mapping[str, str] | None = None,
    by_key: Mapping[str, str] | None = None,
) -> str:
    """Draw the control and return the name of the open room.

    Links, and the browser's Back and Forward, open their rooms. An unknown name opens the first.

    Args:
        labels: a room's name → its label in the viewer's language; the first is the default.
        key: the unique key of the control.
        once: a former name of a room → the room.
        by_key: a URL key → the room that it belongs to, for links older than the rooms; if a link
            has several, the first of this mapping counts.
    """
    state, url = st.session_state, f"{key}_in_url"
    asked = _asked(tuple(labels), once or {}, by_key or {})
    if state.get(key) not in labels or asked != state.get(url):  # it is None now and then
        state[key] = asked
    st.segmented_control(
        t("common.rooms"),
        tuple(labels),
        format_func=labels.__getitem__,
        default=asked,
        required=True,
        key=key,
        label_visibility="collapsed",
    )
    room: str = state[key] or asked
    if room != st.query_params.get(URL_KEY, next(iter(labels))):
        st.query_params[URL_KEY] = room
    state[url] = room
    return room


def _asked(names: tuple[str, ...], once: Mapping[str, str], by_key: Mapping[str, str]) -> str:
    """The room that the URL names."""
    if URL_KEY in st.query_params:
        name = st.query_params[URL_KEY]
        name = once.get(name, name)
        if name in names:
            return name
        links.refuse(URL_KEY)
        return names[0]
    return next((room for word, room in by_key.items() if word in st.query_params), names[0])
