"""Links: what a URL may say, and small numbers in it that no widget holds, such as a pinned token.

A link may hold anything. What no field can be is taken out before a field reads it (`mend`); what
is not there, or beyond a limit, becomes the nearest that there is, by the fields themselves; and
what the page shows in another's place is told once (`tell`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.common import require_valid_user_key

from app.core.numbers import is_finite
from app.core.texts import t
from model.record.trace import Trace

#: Fields that any text may stand in.
TEXTS = ("q", "e_prompt", "e_rl_text", "c_prompt", "r_text", "r_expr", "r_numbers")


def number_in_url(key: str) -> int | None:
    """A whole number in the URL; None if there is none or it is anything else."""
    raw = st.query_params.get(key, "")
    if raw.isascii() and raw.isdecimal() and len(raw) < 6:
        return int(raw)
    if raw:
        refuse(key)
    return None


def pinned(trace: Trace, key: str = "pin") -> int | None:
    """The pinned token in the URL, if the trace has it."""
    token = number_in_url(key)
    return token if token is not None and token < len(trace) else None


def set_pin(token: int | None, key: str = "pin") -> None:
    """Put a token into the URL, or take it out."""
    if token is not None:
        st.query_params[key] = str(token)
    elif key in st.query_params:
        del st.query_params[key]


def mend() -> None:
    """Take out of the URL what no field can be: nothing at all, and numbers that are not finite.

    Of a whole-number field, Streamlit would show an error instead of the page for these. To be
    called before the first widget.
    """
    state = st.session_state
    keys = [key for key in st.query_params if _may_be_a_field(key)]
    asked = {key: st.query_params.get_all(key) for key in keys}
    state.setdefault("link_asked", asked)
    fields = [key for key in asked if key not in TEXTS]
    wrong = [key for key in fields if key not in state and not _possible(asked[key])]
    # of fields that are there, and have sent their addresses themselves: no browser's
    counts = [key for key in fields if key in state and isinstance(state[key], int | float)]
    wrong += [key for key in counts if not all(map(is_finite, asked[key]))]
    context = get_script_run_ctx()
    if not wrong or context is None:
        return
    with context.session_state.query_params() as url:
        for key in wrong:
            url.remove_param(key)
        url.set_initial_query_params_from_current()


def _may_be_a_field(key: str) -> bool:
    """Whether the session's state can be asked for a key; it raises for "" and for its own keys."""
    try:
        require_valid_user_key(key)
    except StreamlitAPIException:
        return False
    return True


def _possible(values: Sequence[str]) -> bool:
    return any(values) and all(map(is_finite, filter(None, values)))


def note_inputs(page: str, keys: Collection[str]) -> None:
    """Note, once in a session, whether the URL has inputs that a page is to run as it opens.

    To be called before the page itself writes inputs into the URL.
    """
    given = any(key in st.query_params for key in keys)
    st.session_state.setdefault(f"{page}_to_run", given)


def run_inputs(page: str, run: Callable[[], None]) -> None:
    """Run, once, the inputs that were noted; to be called once their fields are drawn."""
    if st.session_state[f"{page}_to_run"]:
        st.session_state[f"{page}_to_run"] = False
        run()


def refuse(key: str) -> None:
    """Have it told that the page does not have what the URL says under a key that no field has."""
    st.session_state.setdefault("link_refused", set()).add(key)


def tell() -> None:
    """Say, once in a session, what the link that opened it asks for and the page cannot show.

    To be called after the page: only then are its fields known.
    """
    state = st.session_state
    refused, asked = state.pop("link_refused", set()), state.link_asked
    state.link_asked = {}
    missed = [
        key
        for key, values in asked.items()
        if key in refused or (key in state and key not in TEXTS and not _is(state[key], values))
    ]
    if missed:
        names = ", ".join(f"`{key}`" for key in missed)
        st.toast(t("common.link_mended", names=names), duration="infinite")


def _is(value: object, asked: Sequence[str]) -> bool:
    """Whether a field's value is what a link asked for."""
    held = [*value] if isinstance(value, (list, tuple)) else [value]
    said = ["" if one is None else str(one) for one in held]
    if isinstance(value, bool):
        return asked[-1].lower() in (said[0].lower(), str(int(value)))
    if isinstance(value, (int, float)):
        try:
            return float(asked[-1]) == value
        except ValueError:
            return False
    if isinstance(value, (list, tuple)):
        return sorted(said) == sorted(one for many in asked for one in many.split(",") if one)
    return said == [asked[-1]]
