"""A chart's numbers as a table and as CSV, the same way on every page."""

from __future__ import annotations

import re
from collections.abc import Callable

import streamlit as st

from app.core.texts import t
from app.ui.csv_rows import TableRows, to_csv


def folded_table(rows: TableRows | Callable[[], TableRows], name: str, of: str = "") -> None:
    """Rows with equal keys, folded away under the chart.

    Few look at them, so the table is made once it is unfolded.

    Args:
        rows: the numbers, or a function that computes them.
        name: the file's, and unique.
        of: what they are of, in the viewer's language; tells apart several tables of a page.
    """
    title = t("common.as_table_of", of=of) if of else t("common.as_table")
    fold = st.expander(title, key=f"fold-{name}", on_change="rerun")
    if fold.open:
        with fold:
            table(rows() if callable(rows) else rows, name)


def small(rows: TableRows, name: str | None = None) -> None:
    """A few rows that stand open, of our own words and numbers; with a name, also as CSV.

    As Markdown: Streamlit's own tables bring 0.3 MB of code. What has no room is scrolled to, with
    a shadow at the edge.
    """
    sides = [
        "--:" if all(map(_amount, (row[column] for row in rows))) else "---" for column in rows[0]
    ]
    lines = [[*rows[0]], ["---", *sides[1:]], *map(dict.values, map(dict, rows))]
    st.markdown("\n".join(f"| {' | '.join(map(str, line))} |" for line in lines))
    if name is not None:
        _csv(rows, name)


def _amount(value: object) -> bool:
    """Whether a cell is a number, as it is written too: "+0.1 [0.0, 0.2]", "4 min", "–"."""
    return re.match(r"[–+−-]|\d+([.,]\d+)*([\s%]|$)", str(value)) is not None


def table(rows: TableRows, name: str) -> None:
    """As `folded_table`, but open: in a place that is folded away, and for a viewer's text."""
    grouped = st.column_config.NumberColumn(format="localized")  # 1,024: digits in threes
    whole = {column: grouped for column in rows[0] if any(type(r[column]) is int for r in rows)}
    st.dataframe(rows, hide_index=True, column_config=whole, key=f"table-{name}")
    _csv(rows, name)


def _csv(rows: TableRows, name: str) -> None:
    st.download_button(
        t("common.download_csv"),
        lambda: to_csv(rows),  # made on a click: a run's files are dropped with the next run
        f"{name}.csv",
        "text/csv",
        on_click="ignore",
        help=t("common.csv_help"),
        key=f"csv-{name}",
    )
