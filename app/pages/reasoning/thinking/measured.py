"""Accuracy against thinking tokens as measured in advance."""

from __future__ import annotations

from app.core.assets import evaluations
from app.core.texts import t
from app.pages.reasoning import measured
from app.ui.table import folded_table


def section() -> None:
    """Draw accuracy against thinking tokens."""
    if not (found := measured.measured()):
        return
    task = measured.head()
    points = {name: evaluations.by_budget(one, task) for name, one in found.items()}
    labels = {
        "x": t("thinking.budget_axis"),
        "y": t("thinking.budget_y"),
        "hover": t("thinking.budget_hover"),
    }
    measured.curves(points, "budget", t("thinking.title_budget"), labels)
    cuts = [cut for one in found.values() for cut in one["budget"][task]]
    measured.source_line(task, found, cuts)
    folded_table(
        measured.rows(points, "accuracy", "budget"),
        f"reasoning-measured-budget-{task}",
        of=t("thinking.table_measured"),
    )
