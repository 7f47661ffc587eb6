"""All texts on screen, in English and Korean: `t("section.key", n=3)`.

Each page, and `app/export`, has its texts in its own `text/LANGUAGE.json`; shared ones are in
`core/text`. Each file has one object per section. Placeholders are Python's, and counts follow
CLDR's plural rules:
- `n` is always a whole number. A text that depends on it is an object of plural forms, such as
  `{"one": "{n} reply is right", "other": "{n} replies are right"}`; a language with one form has
  plain text.
- Other counts name their noun in the shared section "count": `"{tokens:tokens} in {rows:rows}"`
  becomes "1 token in 1,000 rows".
- `{tokens:tokens:compact}` rounds to three digits, "17.7M tokens" (in Python only).
- Korean: after a placeholder, "은(는)" becomes the particle that fits the word (in Python only).

A term of the field is marked at its first use on a page, as `[[mla|multi-head latent attention]]`:
its key in the section "glossary", and the visible words; `[[latent]]` if both are the same. In
Markdown, and only there, it becomes a link that carries the definition.
Tests check that both languages have the same keys and placeholders, that pages do not use each
other's sections, and that every key is used.
"""

from __future__ import annotations

import functools
import json
import operator
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, get_args

import streamlit as st
from babel import Locale
from babel.numbers import format_compact_decimal, format_decimal

from app.core import korean_particles
from model.tasks.problem import Language

LANGUAGES = {"en": "English", "ko": "한국어"}
APP = Path(__file__).parents[1]
#: A text, or its plural forms by CLDR's names.
Text = str | dict[str, str]


def files(language: str) -> list[Path]:
    """The files with a language's texts: the shared one first, then each folder's own."""
    shared = APP / "core" / "text" / f"{language}.json"
    return [shared, *sorted({*APP.rglob(f"text/{language}.json")} - {shared})]


@functools.cache
def texts(language: str) -> dict[str, Text]:
    """All texts of a language by "section.key"; each section is in one file."""
    return {
        f"{section}.{key}": text
        for path in files(language)
        for section, words in json.loads(path.read_text(encoding="utf-8")).items()
        for key, text in words.items()
    }


_spoken: ContextVar[str | None] = ContextVar("spoken", default=None)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Make `t` use a language regardless of the viewer's, for figures that leave the app."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def language() -> str:
    """The viewer's language, one of `LANGUAGES`."""
    if (spoken := _spoken.get()) is not None:
        return spoken
    chosen = st.session_state.get("lang")
    return chosen if chosen in LANGUAGES else "en"


def question_language() -> Language:
    """The default language of questions: the viewer's if the models know it, else English."""
    found: Language = next((known for known in get_args(Language) if known == language()), "en")
    return found


def choose_language() -> None:
    """Draw the language switch in the sidebar; the default is `?lang=ko`, or else the browser's.

    The URL is set by hand, because a bound widget would put its label there: `?lang=한국어`.
    """
    of_browser = (st.context.locale or "").partition("-")[0]
    of_browser = of_browser if of_browser in LANGUAGES else "en"
    asked = st.query_params.get("lang")
    at_first = st.session_state.setdefault(
        "lang_at_first", asked if asked in LANGUAGES else of_browser
    )
    if st.context.is_embedded:  # no sidebar: the address decides
        st.session_state["lang"] = at_first
        return
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
    """A text in the viewer's language, with its `{placeholders}` filled in.

    Raises:
        KeyError: if there is no such text, or a placeholder has no value.
        TypeError: if a count is not a whole number.
    """
    return translated(language(), key, **values)


def translated(language: str, key: str, **values: Any) -> str:
    """Like `t`, but in the given language."""
    n = values.get("n")
    if n is not None:
        values["n"] = format_decimal(operator.index(n), locale=language)
    return _Filled(language).vformat(_explained(language, _form(language, key, n)), (), values)


def words(section: str) -> Mapping[str, Text]:
    """The texts of a component, which JavaScript fills in by the same rules.

    They are a section's texts by key, and the nouns that they count by "count.noun".
    """
    return _words(language(), section)


@functools.cache
def _words(language: str, section: str) -> Mapping[str, Text]:
    every = texts(language)
    own = {
        key.removeprefix(f"{section}."): text
        for key, text in every.items()
        if key.startswith(f"{section}.")
    }
    return own | {f"count.{noun}": every[f"count.{noun}"] for noun in _nouns(own)}


def _nouns(chosen: dict[str, Text]) -> list[str]:
    forms = [
        form
        for text in chosen.values()
        for form in (text.values() if isinstance(text, dict) else [text])
    ]
    return sorted(
        {spec for form in forms for _, _, spec, _ in string.Formatter().parse(form) if spec}
    )


def _form(language: str, key: str, n: Any) -> str:
    """A text, in the plural form for the count `n` if it has several."""
    text = texts(language)[key]
    if isinstance(text, str):
        return text
    return text[_locale(language).plural_form(operator.index(n))]


class _Filled(string.Formatter):
    """Python's placeholders, with nouns in place of format specifications."""

    def __init__(self, language: str) -> None:
        self.language = language

    def vformat(self, format_string: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        said = ""
        for words, name, spec, _ in self.parse(format_string):
            said += korean_particles.joined(said, words) if self.language == "ko" else words
            if name is not None:
                said += self.format_field(self.get_field(name, args, kwargs)[0], spec or "")
        return said

    def format_field(self, value: Any, format_spec: str) -> str:
        if not format_spec:
            return str(value)
        noun, _, style = format_spec.partition(":")
        n = operator.index(value)
        said = format_decimal(n, locale=self.language)
        if style == "compact":
            said = format_compact_decimal(
                float(f"{n:.3g}"), locale=self.language, fraction_digits=1
            )
            if self.language == "ko" and not said[-1].isdecimal():
                said += " "  # 144만 개, but 144개
        return _form(self.language, f"count.{noun}", n).format(n=said)


TERM = re.compile(r"\[\[(?:(\w+)\|)?([^\[\]|]+)\]\]")


@functools.cache
def _explained(language: str, text: str) -> str:
    """A text with its marked terms as links; not yet filled in, so that values are not parsed."""

    def link(marked: re.Match[str]) -> str:
        term = marked[1] or marked[2]
        says = texts(language)[f"glossary.says_{term}"]
        return f'[{marked[2]}](#term-{term} "{says}")'

    return TERM.sub(link, text)


@functools.cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)
