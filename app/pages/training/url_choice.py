"""A choice that the URL keeps by its name in the code.

A bound widget would put its label there, which is in the viewer's language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st


def url_choice(
    label: str,
    choices: Sequence[str],
    key: str,
    name: Callable[[str], str],
    *,
    default: str | None = None,
    help: str | None = None,
    label_visibility: Literal["visible", "collapsed"] = "visible",
) -> str:
    """One of `choices`: as the URL says or as it was last, else `default`, which the URL omits.

    Without a default it is the first.
    """
    state, url, last = st.session_state, st.query_params, f"{key}_last"
    default = choices[0] if default is None else default
    if state.get(last) not in choices:
        state[last] = url[key] if url.get(key) in choices else default
    if state.get(key) not in choices:  # it was not on the page for a while
        state[key] = state[last]
    chosen: str = st.segmented_control(
        label,
        choices,
        format_func=name,
        default=state[last],
        required=True,
        key=key,
        help=help,
        label_visibility=label_visibility,
    )
    state[last] = chosen
    if chosen != default:
        url[key] = chosen
    elif key in url:
        del url[key]
    return chosen
