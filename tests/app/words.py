"""The app's texts, for tests that look for them on screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter

from app.core.texts import Text, texts


def forms(text: Text) -> list[str]:
    """All plural forms of a text, or its only form."""
    return list(text.values()) if isinstance(text, dict) else [text]


def placeholders(text: Text) -> Iterator[tuple[str, str]]:
    """The names and nouns ("" for none) of a text's placeholders, in all its forms."""
    for form in forms(text):
        for _, name, noun, _ in Formatter().parse(form):
            if name is not None:
                yield name, noun or ""


def shape(key: str, language: str = "en") -> re.Pattern[str]:
    """A pattern that matches any plural form of a text with any values."""
    return re.compile("|".join(map(_pattern, forms(texts(language)[key]))))


def _pattern(form: str) -> str:
    return "".join(
        re.escape(words) + ("" if name is None else ".+?")
        for words, name, _, _ in Formatter().parse(form)
    )
