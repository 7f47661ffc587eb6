"""Test-time compute as it was measured beforehand, with more questions than one waits for."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.i18n import t
from app.plots import reasoning as figures
from app.services import evaluations, lineup
from app.services.scaling import Point
from app.views.numbers import numbers
from app.views.pictures import chart
from model.tasks import TASKS


def measured() -> dict[str, dict[str, Any]]:
    """Evaluations of the chosen models that have one, those left free in how they answer."""
    chosen = [name for name in st.session_state.r_models if name in lineup.NAMES]
    return {name: found for name in chosen if (found := evaluations.of(name)) is not None}


def head(view: str) -> str:
    """Title, what was measured when, and the family of problems, which it returns."""
    st.markdown(f"#### {t('reasoning.recorded_title')}")
    st.segmented_control(
        t("reasoning.recorded_task"),
        [*TASKS],
        format_func=lambda task: t(f"reasoning.kind_{task}"),
        default=next(iter(TASKS)),
        required=True,
        key=f"r_measured_task_{view}",
        label_visibility="collapsed",
    )
    return str(st.session_state[f"r_measured_task_{view}"])


def picture(
    points: dict[str, list[Point]], measure: str, labels: dict[str, str], ticks: list[int]
) -> None:
    """One chart of all models."""
    lines = [
        figures.Curve(
            name,
            lineup.NAMES[name],
            *([getattr(p, part) for p in found] for part in ("k", "value", "low", "high")),
        )
        for name, found in points.items()
    ]
    st.markdown(f"**{t(f'reasoning.{measure}_title')}**")
    last = ", ".join(f"{line.name} {line.value[-1]:.0%}" for line in lines)
    chart(
        figures.curves(lines, ticks, labels),
        key=f"r_measured_{measure}",
        alt=t("reasoning.curve_alt", measure=t(f"reasoning.{measure}_title"), last=last),
    )


def told(found: dict[str, dict[str, Any]], questions: int, samples: int) -> None:
    """Where the numbers are from."""
    dates = sorted({str(one["date"]) for one in found.values()})
    st.caption(
        t(
            "reasoning.recorded_told",
            n=questions,
            k=samples,
            level=evaluations.LEVEL,
            date=" – ".join(dates[:1] + dates[-1:] if len(dates) > 1 else dates),
            command="python -m model train results NAME",
        )
    )


def rows(points: dict[str, list[Point]], measure: str, axis: str) -> list[dict[str, object]]:
    return [
        {"model": name, "measure": measure, axis: p.k}
        | {"value": p.value, "low": p.low, "high": p.high}
        for name, found in points.items()
        for p in found
    ]


def many() -> None:
    """pass@k and cons@k."""
    if not (found := measured()):
        return
    task = head("many")
    pairs = {
        measure: {name: evaluations.by_k(one, task, f"{measure}@k") for name, one in found.items()}
        for measure in ("pass", "cons")
    }
    for column, (measure, points) in zip(st.columns(2), pairs.items(), strict=True):
        with column:
            labels = {
                "x": t("reasoning.k_axis"),
                "y": t(f"reasoning.{measure}_axis"),
                "hover": t("reasoning.curve_hover"),
            }
            picture(points, measure, labels, [p.k for p in next(iter(points.values()))])
    first = next(iter(found.values()))["many"][task]
    told(found, first["problems"], first["samples"])
    numbers(
        [row for measure, points in pairs.items() for row in rows(points, f"{measure}@k", "k")],
        f"reasoning-measured-{task}",
    )


def budgets() -> None:
    """Accuracy against thinking tokens."""
    if not (found := measured()):
        return
    task = head("budget")
    points = {name: evaluations.by_budget(one, task) for name, one in found.items()}
    labels = {
        "x": t("reasoning.budget_axis"),
        "y": t("reasoning.budget_y"),
        "hover": t("reasoning.budget_hover"),
    }
    picture(points, "budget", labels, [p.k for p in next(iter(points.values()))])
    first = next(iter(found.values()))["budget"][task][0]
    told(found, first["problems"], first["samples"])
    numbers(rows(points, "accuracy", "budget"), f"reasoning-measured-budget-{task}")
