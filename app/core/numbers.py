"""Numbers from outside, made safe: a widget's limits are the browser's, and links hold anything."""

from __future__ import annotations

import math
from typing import Literal

import streamlit as st


def within(value: object, low: float, high: float, otherwise: float) -> float:
    """A finite number, cut to its limits; `otherwise` for anything else: inf, nan, no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    if isinstance(value, float) and not math.isfinite(value):
        return otherwise
    return min(max(value, low), high)


def whole(value: object, low: int, high: int, otherwise: int) -> int:
    """As `within`, without a fraction."""
    return int(within(value, low, high, otherwise))


def binding(key: str) -> Literal["query-params"] | None:
    """How a field for whole numbers is bound to the URL: `st.number_input(…, bind=binding(key))`.

    Not at all in a session whose link holds an infinite number: Streamlit would end the script.
    """
    chosen = f"{key}_bind"
    if chosen not in st.session_state:
        st.session_state[chosen] = _finite(st.query_params.get(key, "0"))
        if not st.session_state[chosen]:
            del st.query_params[key]
    return "query-params" if st.session_state[chosen] else None


def _finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:  # no number at all, which Streamlit drops
        return True
