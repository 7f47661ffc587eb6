"""Choices that are kept in the URL by their names in the code.

A bound widget would put its label there, which is in the viewer's language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

import streamlit as st

Choice = TypeVar("Choice", str, int, float)


def url_choice(
    label: str,
    choices: Sequence[Choice],
    key: str,
    name: Callable[[Choice], str],
    *,
    default: Choice | None = None,
    url: str | None = None,
    drawn: Literal["buttons", "list", "slider"] = "buttons",
    width: int | Literal["stretch"] = "stretch",
    help: str | None = None,
) -> Choice:
    """Draw a choice and return it; it starts from the URL or its last value, else `default`.

    Args:
        label: above the choices, in the viewer's language.
        choices: names in the code, or numbers.
        key: of the widget.
        name: returns a choice's label in the viewer's language.
        default: which the URL omits; the first choice unless given.
        url: the key in the URL, if it is not the widget's.
        drawn: the kind of widget.
        width: of a list or slider.
        help: the help text of a slider.
    """
    state, query, last = st.session_state, st.query_params, f"{key}_last"
    url, default = url or key, choices[0] if default is None else default
    if state.get(last) not in choices:
        asked = query.get(url)
        state[last] = next((one for one in choices if str(one) == asked), default)
    if state.get(key) not in choices:  # it was not on the page for a while
        state[key] = state[last]
    chosen: Choice
    # given as the default, too, which is what a browser shows if an earlier message was lost
    if drawn == "buttons":
        chosen = st.segmented_control(
            label, choices, format_func=name, default=state[last], required=True, key=key
        )
    elif drawn == "list":
        place = [*choices].index(state[last])
        chosen = st.selectbox(label, choices, place, format_func=name, key=key, width=width)
    else:
        chosen = st.select_slider(
            label, choices, state[last], format_func=name, key=key, width=width, help=help
        )
    state[last] = chosen
    if chosen == default:
        query.pop(url, None)
    elif query.get(url) != str(chosen):
        query[url] = str(chosen)
    return chosen


def url_choices(
    label: str,
    choices: Sequence[str],
    key: str,
    name: Callable[[str], str],
    *,
    default: Sequence[str],
    placeholder: str,
) -> list[str]:
    """Draw a list to choose any number from; like `url_choice`, with a value in the URL for each.

    `default`: which the URL omits. `placeholder`: shown where nothing is chosen.
    """
    state, query, last = st.session_state, st.query_params, f"{key}_last"
    if last not in state:
        asked = query.get_all(key)
        state[last] = [one for one in dict.fromkeys(asked) if one in choices] or [*default]
    # set anew each time: a browser names choices by their labels, which may be another language's
    state[key] = [one for one in state.get(key, state[last]) if one in choices]
    chosen = st.multiselect(
        label, choices, state[last], format_func=name, key=key, placeholder=placeholder
    )
    state[last] = chosen
    if chosen == [*default]:
        query.pop(key, None)
    elif query.get_all(key) != (said := chosen or [""]):
        query[key] = said
    return chosen
