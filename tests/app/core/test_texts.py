"""Both languages say the same things, and everything that the app says is there."""

from __future__ import annotations

import ast
import json
import re
from string import Formatter

import pytest

from app.core import texts as texts_module

APP = texts_module.APP
FILES = texts_module.files("en")
#: Section of the words → the file of its English ones.
SECTIONS = {name: path for path in FILES for name in json.loads(path.read_text(encoding="utf-8"))}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def section(language: str, name: str) -> dict[str, str]:
    path = SECTIONS[name].with_name(f"{language}.json")
    return json.loads(path.read_text(encoding="utf-8"))[name]


def test_a_section_lies_in_one_file() -> None:
    names = [name for path in FILES for name in json.loads(path.read_text(encoding="utf-8"))]
    assert len(names) == len(set(names))
    for path in FILES:
        other = json.loads(path.with_name("ko.json").read_text(encoding="utf-8"))
        assert list(other) == [name for name, of in SECTIONS.items() if of == path]


@pytest.mark.parametrize("name", SECTIONS)
def test_languages_have_the_same_keys_and_placeholders(name: str) -> None:
    english, korean = section("en", name), section("ko", name)
    assert list(english) == list(korean)
    for key in english:
        assert placeholders(english[key]) == placeholders(korean[key]), key


@pytest.mark.parametrize("name", SECTIONS)
@pytest.mark.parametrize("language", texts_module.LANGUAGES)
def test_texts_are_words(language: str, name: str) -> None:
    for key, text in section(language, name).items():
        assert isinstance(text, str), key
        assert text.strip(), key
        assert text == text.strip(), key


def test_titles_of_axes_and_columns_begin_with_a_capital() -> None:
    symbols = r"(c_kv|k_pe|ms|k|pass@k|cons@k)\b"
    for name in SECTIONS:
        for key, text in section("en", name).items():
            if re.search(r"(^|_)axis(_|$)|^column_", key):
                assert text[0].isupper() or re.match(symbols, text), f"{name}: {key}"


def calls() -> list[tuple[str, str]]:
    """(file:line, pattern of the key) of every `t(...)` in the app."""
    found = []
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id != "t" or not node.args:
                continue
            where = f"{path.relative_to(APP)}:{node.lineno}"
            key = node.args[0]
            if isinstance(key, ast.Constant):
                found.append((where, re.escape(key.value)))
            elif isinstance(key, ast.JoinedStr):
                parts = [
                    re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+"
                    for part in key.values
                ]
                found.append((where, "".join(parts)))
    return found


def test_every_key_that_is_used_exists() -> None:
    used = calls()
    assert used
    known = texts_module.texts("en")
    missing = [(w, k) for w, k in used if not any(re.fullmatch(k, key) for key in known)]
    assert not missing


def test_korean_is_korean() -> None:
    """Apart from names and units, a Korean text has Hangul in it."""
    plain = re.compile(r"[A-Za-z0-9{}_ %.,·×/:()+=<>*^@\[\]-]{1,40}")
    for key, text in texts_module.texts("ko").items():
        assert re.search("[가-힣]", text) or plain.fullmatch(text), key
