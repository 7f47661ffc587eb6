"""Shows a chart's numbers as a table and CSV, the same way on every page."""

from __future__ import annotations

import re
from collections.abc import Callable

import streamlit as st

from app.core.texts import t
from app.ui.csv_rows import TableRows, to_csv


def folded_table(
    rows: TableRows | Callable[[], TableRows], name: str, of: str = "", models: str = ""
) -> None:
    """Draw rows with equal keys, folded away under the chart.

    Few viewers look at them, so the table is made only when it is unfolded.

    Args:
        rows: the numbers, or a function that computes them.
        name: unique among the tables.
        of: what the numbers are about, in the viewer's language, if a page has several tables.
        models: whose numbers these are, for the name of the file, if the table does not say;
            `whose` adds a layer, a token or a date.
    """
    title = t("common.as_table_of", of=of) if of else t("common.as_table")
    fold = st.expander(title, key=f"fold-{name}", on_change="rerun")
    if fold.open:
        with fold:
            table(rows() if callable(rows) else rows, name, models)


def small(rows: TableRows, name: str | None = None) -> None:
    """Draw a few rows of our own words and numbers; with a name, also as CSV.

    Unlike Streamlit's grids, which are drawn on a canvas, everyone can read them, with any reader.

    They are Markdown, since Streamlit's own tables load 0.3 MB of code. Wide tables scroll, with a
    shadow at the edge.
    """
    sides = [
        "--:" if all(map(_amount, (row[column] for row in rows))) else "---" for column in rows[0]
    ]
    lines = [[*rows[0]], ["---", *sides[1:]], *map(dict.values, map(dict, rows))]
    st.markdown("\n".join(f"| {' | '.join(map(str, line))} |" for line in lines))
    if name is not None:
        _csv(rows, name)


def verbatim(text: str) -> str:
    """A model's text as a cell of `small`; it has no line breaks. Nothing in it is interpreted."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}".replace("|", r"\|")


def _amount(value: object) -> bool:
    """Whether a cell is a number, also in written form: "+0.1 [0.0, 0.2]", "4 min", "–"."""
    return re.match(r"[–+−-]|\d+([.,]\d+)*([\s%]|$)", str(value)) is not None


def table(rows: TableRows, name: str, models: str = "") -> None:
    """Like `folded_table`, but open: for places that are folded already, and for viewers' texts."""
    grouped = st.column_config.NumberColumn(format="localized")  # 1,024: digits in threes
    whole = {column: grouped for column in rows[0] if any(type(r[column]) is int for r in rows)}
    st.dataframe(rows, hide_index=True, column_config=whole, key=f"table-{name}")
    _csv(rows, name, models)


def whose(*parts: object) -> str:
    """Models and what else a table does not say of its numbers, for the name of a file.

    What is None is left out.
    """
    return "-".join(str(part) for part in parts if part is not None)


def file_name(figure: str, models: str, ending: str) -> str:
    """The name of a file: the app, what is in it, and whose numbers these are.

    CSV has no place for a title or a source: readers take a comment for a row.
    """
    return f"{'-'.join(filter(None, ('inside-r1', figure, models)))}.{ending}"


def _csv(rows: TableRows, name: str, models: str = "") -> None:
    st.download_button(
        t("common.download_csv"),
        lambda: to_csv(rows),  # made on a click, as Streamlit drops files at the next rerun
        file_name(name, models, "csv"),
        "text/csv",
        on_click="ignore",
        help=t("common.csv_help"),
        key=f"csv-{name}",
    )
