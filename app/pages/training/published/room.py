"""Results as published: sortable tables with their sources; none of the numbers are ours."""

from __future__ import annotations

import streamlit as st

from app.core.assets import published
from app.core.texts import t
from app.ui.csv_rows import to_csv
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
    tenths = st.column_config.NumberColumn(format="%.1f")  # a rating in the column is left alone
    figures = {
        column: tenths
        for place, column in enumerate(found.columns)
        if all(isinstance(row[place], float) for row in found.rows)
    }
    st.dataframe(
        found.records(),
        hide_index=True,
        column_config=figures | {found.columns[0]: st.column_config.TextColumn(pinned=True)},
        height="content",
        key=f"t_table_{name}",
    )
    st.caption(t("published.source", source="; ".join(found.sources)))
    if note := {"zero": "zero", "stages": "zero", "against": "against"}.get(name):
        st.caption(t(f"published.note_{note}"))
    st.download_button(
        t("common.download_csv"),
        to_csv(found.records()),
        f"published-{name}.csv",
        "text/csv",
        on_click="ignore",
        help=t("common.csv_help"),
        key=f"t_csv_{name}",
    )
