"""Every word on screen, in English and Korean: `t("page.key", n=3)`.

Texts live in `text/LANGUAGE/PAGE.json`, one flat object each; a test keeps the two languages equal
in keys and placeholders.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

import streamlit as st

LANGUAGES = {"en": "English", "ko": "한국어"}
_FOLDER = Path(__file__).parent / "text"


@functools.cache
def texts(language: str) -> dict[str, str]:
    """All texts of a language, keys prefixed with their page's name."""
    return {
        f"{path.stem}.{key}": value
        for path in sorted((_FOLDER / language).glob("*.json"))
        for key, value in json.loads(path.read_text(encoding="utf-8")).items()
    }


def language() -> str:
    """The viewer's language: "en" or "ko"."""
    chosen = st.session_state.get("lang")
    return chosen if chosen in LANGUAGES else "en"


def choose_language() -> None:
    """The switch in the sidebar, kept in the URL as `?lang=ko`."""
    with st.sidebar:
        st.segmented_control(
            "Language · 언어",
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            default="en",
            required=True,
            key="lang",
            bind="query-params",
        )


def t(key: str, **values: object) -> str:
    """A text in the viewer's language, `{placeholders}` filled in."""
    return texts(language())[key].format(**values)
