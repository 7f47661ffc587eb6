"""The Glossary page: every term, and the search."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app.core.pages import PAGES
from app.core.texts import APP, LANGUAGES, texts


def opened(language: str = "en", **query: str) -> AppTest:
    at = AppTest.from_file(str(APP / "navigation.py"), default_timeout=60)
    at.query_params["lang"] = language
    for key, value in query.items():
        at.query_params[key] = value
    at.switch_page(PAGES["glossary"].script).run()
    assert not at.exception
    return at


def written(at: AppTest) -> str:
    return "\n".join(one.value for one in at.markdown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_glossary_lists_every_term(language: str) -> None:
    said = written(opened(language))
    for key, text in texts(language).items():
        if key.startswith(("glossary.term_", "glossary.says_")):
            assert str(text) in said, key


@pytest.mark.parametrize("asked", ["latent", "LATENT", " mla"])
def test_the_glossary_finds_in_either_language(asked: str) -> None:
    for language in LANGUAGES:
        said = written(opened(language, term=asked))
        assert str(texts(language)["glossary.term_mla"]) in said
        assert str(texts(language)["glossary.term_reward"]) not in said


@pytest.mark.parametrize("asked", ["zzz", "<script>alert(1)</script>", "x" * 5000, "](#a)"])
def test_what_is_not_in_the_glossary_is_told(asked: str) -> None:
    at = opened(term=asked)
    assert len(at.info) == 1
