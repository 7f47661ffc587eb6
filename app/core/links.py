"""Links: validates URL parameters, and reads numbers that no widget holds, such as a pinned token.

A link may contain anything. Impossible values are removed before a field reads them (`mend`); the
fields themselves replace unknown or out-of-range values with the nearest valid one; and the viewer
is told once what was replaced (`tell`).
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

#: A key of older links → the key that took its place.
FORMER_KEYS = {
    "c_ways_model": "c_paths_model",
    "e_card_layer": "e_one_layer",
    "e_card_expert": "e_one_expert",
    "t_part": "room",
}
#: Key and former value of a field, as in links that are out there → the nearest value of today.
FORMER_VALUES = {
    ("c_kind", "MLA-24"): "MLA-32",
    ("e_model", "base-30pct"): "base-25pct",
    ("e_model", "r1-zero-step60"): "r1-zero-step40",
    ("e_model", "r1-zero-step100"): "r1-zero-step80",
}
#: Fields that may contain any text.
TEXTS = ("q", "e_prompt", "e_rl_text", "c_prompt", "r_text", "r_expr", "r_numbers")


def number_in_url(key: str) -> int | None:
    """The whole number under a key of the URL; None if it is missing or anything else."""
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
    """Set or remove the pinned token in the URL."""
    if token is not None:
        st.query_params[key] = str(token)
    elif key in st.query_params:
        del st.query_params[key]


def mend() -> None:
    """Rename former keys in the URL, and remove values that no field can have from it.

    A former value is replaced by today's nearest, and `tell` says so. Empty values and non-finite
    numbers are removed: for a whole-number field with such a value, Streamlit would show an error
    instead of the page. Call this before the first widget.
    """
    _rename()
    state = st.session_state
    keys = [key for key in st.query_params if _may_be_a_field(key)]
    asked = {key: st.query_params.get_all(key) for key in keys}
    state.setdefault("link_asked", asked)
    fields = [key for key in asked if key not in TEXTS]
    wrong = [key for key in fields if key not in state and not _possible(asked[key])]
    # for existing fields, a client has sent these values itself, which no browser does
    counts = [key for key in fields if key in state and isinstance(state[key], int | float)]
    wrong += [key for key in counts if not all(map(is_finite, asked[key]))]
    last = {key: values[-1] for key, values in asked.items() if key not in state}
    today = {one[0]: FORMER_VALUES[one] for one in last.items() if one in FORMER_VALUES}
    context = get_script_run_ctx()
    if not (wrong or today) or context is None:
        return
    with context.session_state.query_params() as url:
        for key in wrong:
            url.remove_param(key)
        url.update(today)
        url.set_initial_query_params_from_current()


def _rename() -> None:
    """Move values under former keys to the keys that took their place, unless these have one."""
    former = [key for key in FORMER_KEYS if key in st.query_params]
    context = get_script_run_ctx()
    if not former or context is None:
        return
    with context.session_state.query_params() as url:
        for key in former:
            if not url.has_param(FORMER_KEYS[key]):
                url.set_with_no_forward_msg(FORMER_KEYS[key], url.get_all(key))
            url.remove_param(key)
        url.set_initial_query_params_from_current()


def _may_be_a_field(key: str) -> bool:
    """Whether a key is allowed in the session state, which raises for "" and its own keys."""
    try:
        require_valid_user_key(key)
    except StreamlitAPIException:
        return False
    return True


def _possible(values: Sequence[str]) -> bool:
    return any(values) and all(map(is_finite, filter(None, values)))


def note_inputs(page: str, keys: Collection[str]) -> None:
    """Note, once per session, whether the URL has inputs that a page should run when it opens.

    Call this before the page itself writes inputs to the URL.
    """
    given = any(key in st.query_params for key in keys)
    st.session_state.setdefault(f"{page}_to_run", given)


def run_inputs(page: str, run: Callable[[], None]) -> None:
    """Run the noted inputs, once; call this after their fields are drawn."""
    if st.session_state[f"{page}_to_run"]:
        st.session_state[f"{page}_to_run"] = False
        run()


def refuse(key: str) -> None:
    """Note that the page cannot show the URL's value for a key without a field, for `tell`."""
    st.session_state.setdefault("link_refused", set()).add(key)


def tell() -> None:
    """Tell the viewer, once per session, which parts of the link the page could not follow.

    Call this after the page, when its fields are known.
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
    """Whether a field's value is the one in the link."""
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
        apart = [one for many in asked for one in many.split(",") if one]  # of base,r1-zero
        return sorted(said) in (sorted(asked), sorted(apart))
    return said == [asked[-1]]
