"""Test-time compute as measured in advance, with more questions than a viewer would wait for."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.core import numbers
from app.core.asking import contestants
from app.core.assets import evaluations
from app.core.pass_and_cons import Point
from app.core.texts import t
from app.pages.reasoning import figures
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
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


def curves(
    points: dict[str, list[Point]], measure: str, title: str, labels: dict[str, str]
) -> None:
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
    st.markdown(f"**{title}**")
    last = ", ".join(f"{line.name} {line.value[-1]:.0%}" for line in lines)
    chart(
        drawn_once(figures.curves, lines, ticks, labels, doubling=measure != "budget"),
        key=f"r_measured_{measure}",
        alt=t("reasoning.curve_alt", measure=title, last=last),
    )


def source_line(task: str, found: dict[str, dict[str, Any]], parts: list[dict[str, Any]]) -> None:
    """Say where the numbers are from, and which models have none; `parts`: what is drawn of
    each."""
    said = t(
        "reasoning.recorded_source",
        task=t(f"question.kind_{task}"),
        questions=numbers.span(one["problems"] for one in parts),
        samples=numbers.span(one["samples"] for one in parts),
        level=numbers.span(level for one in parts for level in one["levels"]),
        date=numbers.span(one["date"] for one in found.values()),
        command="python -m model train results NAME",
    )
    if names := [contestants.NAMES[name] for name in chosen() if name not in found]:
        said += " " + t("reasoning.recorded_missing", names=", ".join(names))
    st.caption(said)


def rows(points: dict[str, list[Point]], measure: str, axis: str) -> list[dict[str, object]]:
    """A table row per model and point."""
    return [
        {"model": name, "measure": measure, axis: p.k}
        | {"value": p.value, "low": p.low, "high": p.high}
        for name, found in points.items()
        for p in found
    ]
