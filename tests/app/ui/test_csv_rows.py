"""CSV for a download: every value comes back, and no cell is a spreadsheet's formula."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.csv_rows import to_csv


def back(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x.test")', "+1", "-1+2", "@SUM(A1)", "\t=1+1", "\r=1+1"]
)
def test_a_cell_is_no_formula(text: str) -> None:
    [row] = back(to_csv([{text: text}]))
    assert row == {f"'{text}": f"'{text}"}


def test_numbers_stay_numbers() -> None:
    [row] = back(to_csv([{"a": -1.5, "b": -3, "c": None, "d": True}]))
    assert row == {"a": "-1.5", "b": "-3", "c": "", "d": "True"}


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_texts_come_back(cells: list[str]) -> None:
    rows = [{"n": n, "text": text} for n, text in enumerate(cells)]
    for row, text in zip(back(to_csv(rows)), cells, strict=True):
        risky = text.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert row["text"] == ("'" + text if risky else text)
        assert not row["text"].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_no_rows_are_an_empty_file() -> None:
    assert to_csv([]) == b"\xef\xbb\xbf"
