"""Rows as CSV for a download, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    """Rows with the same keys as CSV, UTF-8 with the mark that spreadsheets need for Korean.

    A text that a spreadsheet would take for a formula gets an apostrophe before it: what is in a
    cell may be a viewer's, or come by a link. None is an empty cell.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    if rows:
        writer.writerow(map(_plain, rows[0]))
    writer.writerows([_plain(row[key]) for key in rows[0]] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
