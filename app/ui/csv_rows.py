"""Rows as CSV for a download, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence

from app.core import numbers

#: What a spreadsheet takes for the beginning of a formula, in any width.
_FORMULA = frozenset("=+-@")
#: Where a cell may end for one that splits at other marks than commas, and inside quotation marks.
_ENDS = re.compile(r"([;\t\r\n])")


TableRows = Sequence[Mapping[str, object]]


def to_csv(rows: TableRows) -> bytes:
    """Rows with the same keys as CSV, UTF-8 with the mark that spreadsheets need for Korean.

    Texts are quoted, and what a spreadsheet would take for a formula gets an apostrophe before it:
    what is in a cell may be a viewer's, or come by a link. A fraction has six digits, and None is
    an empty cell.
    """
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    if rows:
        writer.writerow(map(_plain, rows[0]))
    writer.writerows([_plain(row[key]) for key in rows[0]] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _plain(cell: object) -> object:
    if isinstance(cell, float):
        return numbers.short(cell)
    return "".join(map(_no_formula, _ENDS.split(cell))) if isinstance(cell, str) else cell


def _no_formula(part: str) -> str:
    """A part of a text that may become a cell, by its first character that anybody sees."""
    first = next((one for one in part if one.isprintable() and not one.isspace()), "")
    return f"'{part}" if unicodedata.normalize("NFKC", first) in _FORMULA else part
