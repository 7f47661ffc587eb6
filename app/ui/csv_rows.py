"""Rows as CSV for a download, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence

from app.core import numbers

#: The characters that begin a formula in a spreadsheet, also in full-width form.
_FORMULA = frozenset("=+-@")
#: Where a cell may end for programs that split at other characters than commas, even inside quotes.
_ENDS = re.compile(r"([;\t\r\n])")


TableRows = Sequence[Mapping[str, object]]


def to_csv(rows: TableRows) -> bytes:
    """Rows with equal keys as CSV, in UTF-8 with the byte order mark that spreadsheets need.

    Texts are quoted, and what a spreadsheet would take for a formula is prefixed with an
    apostrophe, since cells may contain text of a viewer or from a link. Floats are rounded to six
    digits, and None is an empty cell.
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
    """Escape a part of a text that may become a cell, judging by its first visible character."""
    first = next((one for one in part if one.isprintable() and not one.isspace()), "")
    return f"'{part}" if unicodedata.normalize("NFKC", first) in _FORMULA else part
