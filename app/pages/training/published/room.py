"""Results as published: tables with their sources; none of the numbers are ours."""

from __future__ import annotations

import streamlit as st

from app.core.assets import published
from app.core.texts import t
from app.ui.csv_rows import to_csv
from app.ui.table import file_name, small
from app.ui.url_choice import url_choice


def room() -> None:
    """Draw one table at a time."""
    st.header(t("published.title"))
    st.markdown(t("published.intro"))
    name = url_choice(
        t("published.table"),
        published.TABLES,
        "t_table",
        lambda one: t(f"published.table_{one}"),
        drawn="list",
    )
    found = published.table(name)
    with st.container(key="t_published"):
        small([{column: _cell(one) for column, one in row.items()} for row in found.records()])
    st.caption(t("published.source", source="; ".join(found.sources)))
    if note := {"zero": "zero", "stages": "zero", "against": "against"}.get(name):
        st.caption(t(f"published.note_{note}"))
    st.download_button(
        t("common.download_csv"),
        to_csv(found.records()),
        file_name("published", name, "csv"),
        "text/csv",
        on_click="ignore",
        help=t("common.csv_help"),
        key=f"t_csv_{name}",
    )


def _cell(figure: object) -> str:
    """A name, a rating, a percentage as the papers write it, or a dash for one not given."""
    if figure is None:
        return "–"
    return f"{figure:.1f}" if isinstance(figure, float) else str(figure)
