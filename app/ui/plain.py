"""Draws verbatim text, of models or formulas: nothing is interpreted as Markdown or HTML."""

from __future__ import annotations

import streamlit as st


def plain(text: str, key: str) -> None:
    """Draw a text in a box, with its spaces and line breaks; `key` is unique on the page.

    `st.code` would load half a megabyte for highlighting, and cannot be scrolled by keyboard.
    """
    with st.container(border=True, key=f"plain_{key}"):
        st.text(text)
