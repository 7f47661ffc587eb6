"""The texts on what the models can be asked, in both languages."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from app.core.texts import LANGUAGES, texts

OUTSIDE = {
    "operations": "What is 2+2?",
    "numbers": "What is 2*3*4+500?",
    "results": "What is 12-13+20?",
    "picked": "Which 2 of 900,7,9,11,13,15 sum to 16?",
    "shape": "Which 2 of 3,4,5,6 sum to 7?",
    "no_solution": "Which 2 of 7,9,11,13,15,17 sum to 999?",
    "notation": "What is (12+33-14)*2?",
    "wording": "12 + 13 + 14 = ?",
    "other": "Capital of <b>France</b>? ![x](//x)",
}


def page(language: str, question: str) -> None:
    import streamlit as st

    from app.core.asking import scope
    from app.core.asking.questions import ParsedPrompt

    st.session_state.lang = language
    st.caption(scope.askable())
    st.caption(scope.sizes())
    st.caption(scope.level_help())
    if (word := scope.outside(ParsedPrompt(question, "", free=False))) is not None:
        st.markdown(word)
    if scope.outside(ParsedPrompt(question, "", free=True)) is not None:
        st.text("free text has no scope")


def said(language: str, question: str) -> tuple[list[str], list[str]]:
    at = AppTest.from_function(page, default_timeout=60, args=(language, question)).run()
    assert not at.exception
    assert not at.text
    return [each.value for each in at.caption], [each.value for each in at.markdown]


@pytest.mark.parametrize("language", LANGUAGES)
def test_says_what_can_be_asked_and_nothing_of_what_is_inside(language: str) -> None:
    captions, words = said(language, "What is 12+13+14?")
    assert not words
    assert not any(re.search(r"(?<!\\)\*", each) for each in captions)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", OUTSIDE)
def test_has_a_kind_word_on_what_is_outside(language: str, reason: str) -> None:
    _, (word,) = said(language, OUTSIDE[reason])
    text = texts(language)[f"scope.outside_{reason}"]
    form = text if isinstance(text, str) else text["one"]
    assert word.startswith(form.split("{")[0])
    assert "<" not in word and "![" not in word
    assert not re.search(r"\d\*\d", word)  # two stars would be emphasis


def test_every_reason_has_its_words() -> None:
    keys = {key.removeprefix("scope.outside_") for key in texts("en") if "scope.outside" in key}
    assert keys == set(OUTSIDE)
