"""Test-time compute as measured in advance, with more questions than a viewer would wait for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from app.core.asking import contestants
from app.core.assets import evaluations
from app.core.pass_and_cons import Point
from app.core.texts import t
from app.pages.reasoning import figures
from app.ui.chart import chart
from app.ui.picture import drawn_once
from app.ui.table import folded_table
from model.tasks import TASKS


def chosen() -> list[str]:
    """The chosen models whose way of answering is not prescribed."""
    return [name for name in st.session_state.r_models if name in contestants.NAMES]


def measured() -> dict[str, dict[str, Any]]:
    """Evaluations of the chosen models that have one."""
    return {name: found for name in chosen() if (found := evaluations.of_model(name)) is not None}


def head() -> str:
    """Draw the title and the choice of a problem family, by default the question's; return it."""
    st.subheader(t("reasoning.recorded_title"))
    kind: str = st.session_state.r_kind
    return kind if kind in TASKS else next(iter(TASKS))


def picture(points: dict[str, list[Point]], measure: str, labels: dict[str, str]) -> None:
    """Draw one chart of all models."""
    ticks = sorted({p.k for found in points.values() for p in found})
    lines = [
        figures.ContestantCurve(
            name,
            contestants.NAMES[name],
            *([getattr(p, part) for p in found] for part in ("k", "value", "low", "high")),
        )
        for name, found in points.items()
    ]
    st.markdown(f"**{t(f'reasoning.title_{measure}')}**")
    last = ", ".join(f"{line.name} {line.value[-1]:.0%}" for line in lines)
    chart(
        drawn_once(figures.curves, lines, ticks, labels, doubling=measure != "budget"),
        key=f"r_measured_{measure}",
        alt=t("reasoning.curve_alt", measure=t(f"reasoning.title_{measure}"), last=last),
    )


def span(values: Iterable[int | str]) -> str:
    """The range of the values in words, or the value if there is one."""
    found = sorted(set(values))
    return " – ".join(str(one) for one in (found[:1] + found[-1:] if len(found) > 1 else found))


def source_line(task: str, found: dict[str, dict[str, Any]], parts: list[dict[str, Any]]) -> None:
    """Say where the numbers are from, and which models have none; `parts`: what is drawn of
    each."""
    said = t(
        "reasoning.recorded_source",
        task=t(f"question.kind_{task}"),
        questions=span(one["problems"] for one in parts),
        samples=span(one["samples"] for one in parts),
        level=span(level for one in parts for level in one["levels"]),
        date=span(one["date"] for one in found.values()),
        command="python -m model train results NAME",
    )
    if names := [contestants.NAMES[name] for name in chosen() if name not in found]:
        said += " " + t("reasoning.recorded_missing", names=", ".join(names))
    st.caption(said)


def rows(points: dict[str, list[Point]], measure: str, axis: str) -> list[dict[str, object]]:
    return [
        {"model": name, "measure": measure, axis: p.k}
        | {"value": p.value, "low": p.low, "high": p.high}
        for name, found in points.items()
        for p in found
    ]


def by_samples() -> None:
    """Draw pass@k and cons@k."""
    if not (found := measured()):
        return
    task = head()
    pairs = {
        measure: {name: evaluations.by_k(one, task, f"{measure}@k") for name, one in found.items()}
        for measure in ("pass", "cons")
    }
    for column, (measure, points) in zip(st.columns(2), pairs.items(), strict=True):
        with column:
            labels = {
                "x": t("reasoning.k_axis"),
                "y": t(f"reasoning.axis_{measure}"),
                "hover": t("reasoning.curve_hover"),
            }
            picture(points, measure, labels)
    source_line(task, found, [one["many"][task] for one in found.values()])
    folded_table(
        lambda: [
            row for measure, points in pairs.items() for row in rows(points, f"{measure}@k", "k")
        ],
        f"reasoning-measured-{task}",
        of=t("reasoning.table_measured"),
    )


def by_budget() -> None:
    """Draw accuracy against thinking tokens."""
    if not (found := measured()):
        return
    task = head()
    points = {name: evaluations.by_budget(one, task) for name, one in found.items()}
    labels = {
        "x": t("reasoning.budget_axis"),
        "y": t("reasoning.budget_y"),
        "hover": t("reasoning.budget_hover"),
    }
    picture(points, "budget", labels)
    source_line(task, found, [cut for one in found.values() for cut in one["budget"][task]])
    folded_table(
        rows(points, "accuracy", "budget"),
        f"reasoning-measured-budget-{task}",
        of=t("reasoning.table_measured_budget"),
    )
