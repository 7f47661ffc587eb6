"""CSV for a download: every value survives, and no cell is a formula in a spreadsheet."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.csv_rows import to_csv


def back(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def starts(text: str) -> list[str]:
    """The first visible characters of all parts of a text that could become cells."""
    parts = text.replace(";", "\n").replace("\t", "\n").replace("\r", "\n").split("\n")
    seen = ([c for c in part if unicodedata.category(c)[0] not in "CZ"] for part in parts)
    return [unicodedata.normalize("NFKC", letters[0]) for letters in seen if letters]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ('=HYPERLINK("http://x.test")', '\'=HYPERLINK("http://x.test")'),
        ("+1", "'+1"),
        ("-1+2", "'-1+2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "\t'=1+1"),
        ("\r=1+1", "\r'=1+1"),
        ("\n=1+1", "\n'=1+1"),
        (" =1+1", "' =1+1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\u200b\u2060=1", "'\u200b\u2060=1"),
        *((f"{sign}1", f"'{sign}1") for sign in "＝＋－＠﹦﹢﹣﹫"),
        ("a;=cmd|'/C calc'!A0", "a;'=cmd|'/C calc'!A0"),
        ("a\tb\t-1", "a\tb\t'-1"),
        ("a=1; b - 2", "a=1; b - 2"),
    ],
)
def test_a_cell_is_no_formula(text: str, safe: str) -> None:
    [row] = back(to_csv([{text: text}]))
    assert row == {safe: safe}


def test_every_text_is_quoted() -> None:
    assert to_csv([{"a": "x;y", "n": 1}]).endswith(b'"a","n"\r\n"x;y",1\r\n')


def test_numbers_stay_numbers() -> None:
    [row] = back(to_csv([{"a": -1.5, "b": -3, "c": None, "d": True}]))
    assert row == {"a": "-1.5", "b": "-3", "c": "", "d": "True"}


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_texts_come_back(cells: list[str]) -> None:
    rows = [{"n": n, "text": text} for n, text in enumerate(cells)]
    for row, text in zip(back(to_csv(rows)), cells, strict=True):
        assert row["text"].replace("'", "") == text.replace("'", "")
        assert not {"=", "+", "-", "@"}.intersection(starts(row["text"]))
        if not {"=", "+", "-", "@"}.intersection(starts(text)):
            assert row["text"] == text


def test_no_rows_are_an_empty_file() -> None:
    assert to_csv([]) == b"\xef\xbb\xbf"
