"""Every word on screen, in English and Korean: `t("section.key", n=3)`.

A page's words lie in its own `text/LANGUAGE.json`, what pages share in `core/text`; both hold one
object per section. Tests keep the two languages equal in keys and placeholders, and pages out of
one another's sections.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

import streamlit as st

LANGUAGES = {"en": "English", "ko": "한국어"}
APP = Path(__file__).parents[1]


def files(language: str) -> list[Path]:
    """The files that hold a language's words: the shared ones first, then each page's."""
    return [
        APP / "core" / "text" / f"{language}.json",
        *sorted(APP.glob(f"pages/*/text/{language}.json")),
    ]


@functools.cache
def texts(language: str) -> dict[str, str]:
    """All texts of a language by "section.key"; a section lies in one file."""
    return {
        f"{section}.{key}": text
        for path in files(language)
        for section, words in json.loads(path.read_text(encoding="utf-8")).items()
        for key, text in words.items()
    }


def language() -> str:
    """The viewer's language: "en" or "ko"."""
    chosen = st.session_state.get("lang")
    return chosen if chosen in LANGUAGES else "en"


def choose_language() -> None:
    """The switch in the sidebar: as `?lang=ko` says, or else the browser.

    The URL is written by hand because a bound widget would put its label there: `?lang=한국어`.
    """
    of_browser = "ko" if (st.context.locale or "").startswith("ko") else "en"
    asked = st.query_params.get("lang")
    at_first = st.session_state.setdefault(
        "lang_at_first", asked if asked in LANGUAGES else of_browser
    )
    with st.sidebar:
        st.segmented_control(
            "Language · 언어",
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            default=at_first,
            required=True,
            key="lang",
        )
    if language() != (asked or of_browser):
        st.query_params["lang"] = language()


def t(key: str, **values: object) -> str:
    """A text in the viewer's language, `{placeholders}` filled in."""
    return texts(language())[key].format(**values)
