"""State in the URL that no widget holds: small numbers, such as a pinned token."""

from __future__ import annotations

import streamlit as st

from model.record.trace import Trace


def number_in_url(key: str) -> int | None:
    """A whole number in the URL; None if there is none or it is anything else."""
    raw = st.query_params.get(key, "")
    return int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 6 else None


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
