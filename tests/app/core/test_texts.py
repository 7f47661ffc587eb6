"""Both languages have the same texts, counts read correctly, and every page has its own texts."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest
from babel import Locale
from babel.numbers import format_compact_decimal, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from app.core import texts as texts_module
from app.core.texts import LANGUAGES, Text, texts, translated
from tests.app.words import forms, placeholders

APP = texts_module.APP
FILES = texts_module.files("en")
#: Section of the words → the file of its English ones.
SECTIONS = {name: path for path in FILES for name in json.loads(path.read_text(encoding="utf-8"))}
#: Sections that a component hands to its JavaScript → the files that use them.
IN_JAVASCRIPT = (
    *("trace_view", "reasoning_view", "intervention_view", "update_view", "player"),
    *("stage", "speaker", "terms", "tour", "share_view"),
)
#: What the words of the story's chapter on R1's stages are filled with.
PIPELINE = ("zero", "dev1", "dev2", "dev3", "r1", "zero_language", "r1_language")
#: Sections whose keys are made of data: tests of their pages compare them with it.
BY_DATA = ("kv_size", "kv_size_rows", "kv_size_names")
#: Ratios and other decimals, written out before they are filled in: they take the plural always.
DECIMALS = {"difference", "gap", "groups", "v2_groups", "rate", "high", "h", "chance"}


def section(language: str, name: str) -> dict[str, Text]:
    path = SECTIONS[name].with_name(f"{language}.json")
    return json.loads(path.read_text(encoding="utf-8"))[name]


# --- Both languages ----------------------------------------------------------------------------


def test_a_section_lies_in_one_file() -> None:
    names = [name for path in FILES for name in json.loads(path.read_text(encoding="utf-8"))]
    assert len(names) == len(set(names))
    for path in FILES:
        for language in LANGUAGES:
            other = json.loads(path.with_name(f"{language}.json").read_text(encoding="utf-8"))
            assert list(other) == [name for name, of in SECTIONS.items() if of == path]


@pytest.mark.parametrize("name", SECTIONS)
@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_languages_have_the_same_keys_and_placeholders(language: str, name: str) -> None:
    english, other = section("en", name), section(language, name)
    assert list(english) == list(other)
    for key in english:
        here, there = ({name for name, _ in placeholders(text[key])} for text in (english, other))
        assert here - {"n"} == there - {"n"}, key
        assert here == there or isinstance(english[key], dict), key


@pytest.mark.parametrize("name", SECTIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_marked_terms_are_in_the_glossary(language: str, name: str) -> None:
    """Marks occur only in Markdown: texts of JavaScript and of the glossary itself have none."""
    for key, text in section(language, name).items():
        for form in forms(text):
            found = texts_module.TERM.findall(form)
            assert form.count("[[") == len(found), key
            assert not found or name not in (*IN_JAVASCRIPT, "glossary"), key
            for term, shown in found:
                assert f"says_{term or shown}" in section(language, "glossary"), key


def test_a_marked_term_carries_its_definition() -> None:
    said = translated("en", "story.text_pipeline", **dict.fromkeys(PIPELINE, "1%"))
    says = texts("en")["glossary.says_cold_start"]
    assert f'[cold start](#term-cold_start "{says}")' in said
    assert "[[" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_definitions_can_stand_in_a_link(language: str) -> None:
    for key, text in section(language, "glossary").items():
        if key.startswith("says_"):
            assert isinstance(text, str), key
            assert not set('"{}[]\\`*_<>') & set(text.replace("c_kv", "")), key


@pytest.mark.parametrize("name", SECTIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_words(language: str, name: str) -> None:
    for key, text in section(language, name).items():
        for form in forms(text):
            assert isinstance(form, str), key
            assert form.strip(), key
            assert form == form.strip(), key


def test_titles_of_axes_and_columns_begin_with_a_capital() -> None:
    symbols = r"(c_kv|k_pe|ms|k|pass@k|cons@k)\b"
    for name in SECTIONS:
        for key, text in section("en", name).items():
            if re.search(r"(^|_)axis(_|$)|^column_", key):
                assert isinstance(text, str), key
                assert text[0].isupper() or re.match(symbols, text), f"{name}: {key}"


def test_korean_is_korean() -> None:
    """Apart from names and units, a Korean text has Hangul in it."""
    plain = re.compile(r"[A-Za-z0-9{}_ %.,·×/:()+=<>*^@\[\]-]{1,40}")
    for key, text in texts("ko").items():
        for form in forms(text):
            words = re.sub(r":\w+}", "}", form)
            assert re.search("[가-힣]", words) or plain.fullmatch(words), key


#: What the Korean texts do not say → what they say for it, on all pages.
ONE_WORD = {
    "훈련": "학습",
    "강화학습": "강화 학습",
    "매개변수": "파라미터",
    "기본 모델": "베이스 모델",
}
ONE_WORD |= {
    "검증 손실": "평가 손실",
    "레벨": "난이도",
    "정답 비율": "정답률",
    "십시오": "세요",
    "층": "레이어",
    "학습 단계": "학습 스텝",
    "정확도": "정답률",
    "연산량": "컴퓨팅",
}


@pytest.mark.parametrize("other", ONE_WORD)
def test_korean_has_one_word_for_one_thing(other: str) -> None:
    found = {key for key, text in texts("ko").items() if any(other in form for form in forms(text))}
    assert found <= {"glossary.says_layer"}, f"say {ONE_WORD[other]}"


@pytest.mark.parametrize("page", ["start", "experts", "cache", "reasoning", "training", "story"])
def test_every_page_marks_terms(page: str) -> None:
    file = SECTIONS[page]
    for language in LANGUAGES:
        assert "[[" in file.with_name(f"{language}.json").read_text(encoding="utf-8")


# --- Counts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_are_those_of_the_language(language: str) -> None:
    """Each text has all plural forms of its language; it is an object only if it has several."""
    wanted = {*Locale.parse(language).plural_form.tags, "other"}
    for key, text in texts(language).items():
        if isinstance(text, dict):
            assert set(text) == wanted, key
            assert len(wanted) > 1, key
            assert "{n}" in text["other"], key


@pytest.mark.parametrize("language", LANGUAGES)
def test_nouns_of_counts_exist(language: str) -> None:
    for key, text in texts(language).items():
        for name, noun in placeholders(text):
            assert not noun or noun.removesuffix(":compact") in section(language, "count"), key
            assert ":" not in noun or key.split(".")[0] not in IN_JAVASCRIPT, key
            assert name != "n" or not noun, f"{key}: `n` is a number already"


def nouns() -> dict[str, str]:
    """The plurals of counted nouns, and their singulars, without the numbers."""
    found = {}
    for text in section("en", "count").values():
        if isinstance(text, dict) and (many := text["other"].removeprefix("{n} ")) != "times":
            found[many.split()[-1]] = text["one"].split()[-1]
    return found


def test_counted_words_have_plural_forms() -> None:
    """No text has a bare number before a plural noun, as in "1 tokens"."""
    word = "|".join(sorted({*nouns(), "hours", "minutes", "heads", "nats", "points", "bytes"}))
    bare = re.compile(rf"\{{(\w+)\}}\*{{0,2}} (?:(?!of |in |across )[\w-]+ ){{0,2}}(?:{word})\b")
    wrong = []
    for key, text in texts("en").items():
        agreeing = DECIMALS | {"n"} if isinstance(text, dict) else DECIMALS
        for match in bare.finditer(forms(text)[-1]):
            if match.group(1) not in agreeing:
                wrong.append(f"{key}: {match.group()}")
    assert not wrong


COUNTED = [
    (language, key)
    for language in LANGUAGES
    for key, text in texts(language).items()
    if any(name == "n" or noun for name, noun in placeholders(text))
]


@given(
    st.sampled_from(COUNTED),
    st.one_of(st.sampled_from([0, 1, 2, 1000]), st.integers(0, 10**7)),
)
def test_counts_read_right(which: tuple[str, str], n: int) -> None:
    """The number is formatted for people, and the words agree with it."""
    language, key = which
    names = dict(placeholders(texts(language)[key]))
    values = {name: n if noun or name == "n" else "–" for name, noun in names.items()}
    said = translated(language, key, **values)
    assert "{" not in said.replace("{{", "")
    if n == 1000:
        written = format_decimal(n, locale=language), format_compact_decimal(n, locale=language)
        assert any(number in said for number in written)
        assert not re.search(r"\b1000\b", said.replace("1 KB = 1000 bytes", ""))
    if language == "en":
        singular, plural = ("|".join(words) for words in (set(nouns().values()), nouns()))
        assert not re.search(rf"(?<![\d,.])1 (?:held-out |new )?(?:{plural})\b", said)
        if n != 1:
            assert not re.search(rf"(?<![\d,.]){n:,} (?:held-out |new )?(?:{singular})\b", said)


def test_counts_are_whole_numbers() -> None:
    for value in (1.0, "1"):
        with pytest.raises(TypeError):
            translated("en", "count.tokens", n=value)


def test_numbers_of_any_size() -> None:
    assert translated("en", "count.tokens", n=1_234_567) == "1,234,567 tokens"
    assert translated("ko", "count.tokens", n=1_234_567) == "토큰 1,234,567개"
    said = translated("en", "pipeline.data_pretrain", tokens=17_694_720)
    assert said.startswith("17.7M tokens")
    assert "1770만" in translated("ko", "pipeline.data_pretrain", tokens=17_694_720)


def test_a_component_gets_its_words_and_their_nouns() -> None:
    found = texts_module.words("trace_view")
    assert found["cache_end"] == "{tokens:tokens}"
    assert found["count.tokens"] == {"one": "{n} token", "other": "{n} tokens"}
    assert "count.users" not in found


# --- Who uses which ----------------------------------------------------------------------------


def patterns(node: ast.expr) -> str | None:
    """A pattern for the keys that an expression may be; None if it is not a string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.IfExp):
        either = [patterns(node.body), patterns(node.orelse)]
        return None if None in either else f"(?:{'|'.join(map(str, either))})"
    if isinstance(node, ast.JoinedStr):
        return "".join(map(str, map(patterns, node.values)))
    return r"\w+" if isinstance(node, ast.FormattedValue) else None


@cache
def known(pattern: str) -> bool:
    """Whether a pattern fits any key."""
    return any(map(re.compile(pattern).fullmatch, texts("en")))


@cache
def parsed() -> dict[Path, list[ast.AST]]:
    """All nodes of the app's Python files."""
    files = sorted(APP.rglob("*.py"))
    return {path: [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))] for path in files}


@cache
def in_python() -> list[tuple[Path, int, str]]:
    """File, line and pattern of every key in the app's Python, including keys passed on."""
    found = []
    for path, nodes in parsed().items():
        if path == Path(texts_module.__file__):
            continue
        inner = {
            id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values
        }
        for node in nodes:
            if not isinstance(node, ast.Constant | ast.JoinedStr) or id(node) in inner:
                continue
            pattern = patterns(node)
            if pattern and pattern.split("\\.")[0] in SECTIONS and known(pattern):
                found.append((path.relative_to(APP), node.lineno, pattern))
    return found


def test_every_key_that_is_used_exists() -> None:
    missing = []
    for path, nodes in parsed().items():
        for node in nodes:
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "t" and node.args:
                pattern = patterns(node.args[0])
                if pattern and not known(pattern):
                    missing.append(f"{path.relative_to(APP)}:{node.lineno}: {pattern}")
    assert in_python()
    assert not missing


def test_keys_that_are_put_together_have_a_beginning_of_their_own() -> None:
    """`t(f"room.{name}")` would hide which keys are used; `t(f"room.axis_{name}")` does not."""
    for path, line, pattern in in_python():
        name, key = pattern.split("\\.", 1)
        if name not in ("nav", "examples"):  # sections that are lists as a whole
            assert not key.startswith(r"\w+"), f"{path}:{line}"


def test_every_key_is_used() -> None:
    """Unused texts should be deleted."""
    in_code = re.compile("|".join(sorted({pattern for _, _, pattern in in_python()})))
    javascript = "\n".join(path.read_text(encoding="utf-8") for path in APP.rglob("*.js"))
    used = {
        noun.removesuffix(":compact")
        for name in LANGUAGES
        for text in texts(name).values()
        for _, noun in placeholders(text)
    }
    unused = []
    for full in texts("en"):
        name, key = full.split(".", 1)
        if name in BY_DATA or in_code.fullmatch(full):
            continue
        if name == "count" and key in used:
            continue
        beginnings = [key[: match.end()] for match in re.finditer("_", key)]
        quoted = [f'"{key}"', *(f"`{beginning}${{" for beginning in beginnings)]
        if name in IN_JAVASCRIPT and any(each in javascript for each in quoted):
            continue
        unused.append(full)
    assert not unused


def test_a_page_uses_only_its_own_words_and_the_shared_ones() -> None:
    strangers = []
    for path, line, pattern in in_python():
        home = SECTIONS[pattern.split("\\.")[0]].relative_to(APP).parts[:-2]
        if home[0] != "core" and path.parts[: len(home)] != home:
            strangers.append(f"{path}:{line}: {pattern}")
    assert not strangers


def test_a_room_uses_only_its_own_words_and_its_pages() -> None:
    """The section of a folder's name is that folder's alone; what rooms share is the page's."""
    strangers = []
    for path, line, pattern in in_python():
        name = pattern.split("\\.")[0]
        room = SECTIONS[name].parents[1] / name
        if room.is_dir() and not (APP / path).is_relative_to(room):
            strangers.append(f"{path}:{line}: {pattern}")
    assert not strangers


@pytest.mark.parametrize("language", LANGUAGES)
def test_bold_ends_where_markdown_sees_its_end(language: str) -> None:
    """`**50%**word` is shown with its asterisks: bold cannot end between punctuation and a letter
    (CommonMark, section 6.2)."""
    for key, text in texts(language).items():
        for form in forms(text):
            for bold, after in re.findall(r"\*\*([^*]+)\*\*(.?)", form):
                assert bold[-1].isalnum() or bold[-1] == "}" or not after.isalpha(), key


def test_no_difference_is_a_negative_zero() -> None:
    """Rounded, a small negative number is -0.0000, and with `z` +0.0000."""
    for path in APP.rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not re.search(r"(?<!%\{)\{[^{}%]+:\+\.\df\}", line), f"{path}: {line}"
