"""The Glossary page: every term of the field that the app uses, with a search."""

from __future__ import annotations

import unicodedata

import streamlit as st

from app.core.texts import t, texts, translated

BEGINNING = "glossary.term_"
LONGEST = 60  # maximum characters of a search


def terms() -> dict[str, str]:
    """The terms by key, sorted alphabetically in the viewer's language."""
    keys = [text.removeprefix(BEGINNING) for text in texts("en") if text.startswith(BEGINNING)]
    found = {key: t(f"glossary.term_{key}") for key in keys}
    return dict(sorted(found.items(), key=lambda term: term[1].casefold()))


def matches(asked: str, key: str, name: str) -> bool:
    """Whether a term, also in English, its key, or its definition contains the search."""
    wanted = unicodedata.normalize("NFC", asked).casefold().strip()
    said = [name, key, t(f"glossary.says_{key}"), translated("en", f"glossary.term_{key}")]
    return any(wanted in text.casefold() for text in said)


def page() -> None:
    st.title(t("glossary.title"), anchor=False)
    st.markdown(t("glossary.intro"))
    st.text_input(t("glossary.search"), key="term", bind="query-params", max_chars=LONGEST)
    asked = str(st.session_state.term or "")[:LONGEST]
    found = {key: name for key, name in terms().items() if matches(asked, key, name)}
    if not found:
        st.info(t("glossary.none", asked=asked.replace("`", "")))
    with st.container(key="glossary_found"):
        for key, name in found.items():
            with st.container(key=f"term-{key}", gap=None):
                st.markdown(f"**{name}**")
                st.markdown(t(f"glossary.says_{key}"))


page()
