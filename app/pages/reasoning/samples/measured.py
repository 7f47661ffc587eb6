"""pass@k and cons@k as measured in advance."""

from __future__ import annotations

import streamlit as st

from app.core.assets import evaluations
from app.core.texts import t
from app.pages.reasoning import measured
from app.ui.table import folded_table


def section() -> None:
    """Draw pass@k and cons@k."""
    if not (found := measured.measured()):
        return
    task = measured.head()
    pairs = {
        measure: {name: evaluations.by_k(one, task, f"{measure}@k") for name, one in found.items()}
        for measure in ("pass", "cons")
    }
    for column, (measure, points) in zip(st.columns(2), pairs.items(), strict=True):
        with column:
            labels = {
                "x": t("samples.k_axis"),
                "y": t(f"samples.axis_{measure}"),
                "hover": t("samples.curve_hover"),
            }
            measured.curves(points, measure, t(f"samples.title_{measure}"), labels)
    measured.source_line(task, found, [one["many"][task] for one in found.values()])
    folded_table(
        lambda: [
            row
            for measure, points in pairs.items()
            for row in measured.rows(points, f"{measure}@k", "k")
        ],
        f"reasoning-measured-{task}",
        of=t("samples.table_measured"),
    )
