"""Text as it is: what models write, and formulas. Nothing in it is read as Markdown or HTML."""

from __future__ import annotations

import streamlit as st


def plain(text: str, key: str) -> None:
    """A text in a box, with the spaces and lines within it; `key` is unique on the page.

    `st.code` brings half a megabyte of highlighting, and a box that the keyboard cannot scroll.
    """
    with st.container(border=True, key=f"plain_{key}"):
        st.text(text)
