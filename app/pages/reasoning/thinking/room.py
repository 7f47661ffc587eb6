"""More thinking: accuracy against a budget of thinking tokens, compared with o1's."""

from __future__ import annotations

import streamlit as st

from app.core import pass_and_cons
from app.core.assets import published
from app.core.texts import t
from app.pages.reasoning import figures
from app.pages.reasoning.many_replies import PROBLEMS, answers_of, drawn_of, export, named
from app.pages.reasoning.thinking import measured
from app.pages.reasoning.thinking import state as session
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table

#: Number of questions, and samples of each, that the budgets are measured on.
BUDGETED = {"questions": PROBLEMS, "samples": session.BUDGET_SAMPLES}


def room() -> None:
    """Draw the room."""
    st.header(t("thinking.title"))
    st.markdown(t("thinking.intro", **BUDGETED))
    left, right = st.columns([3, 2])
    with left:
        session.BUDGET.area(budgets)
        measured.section()
    with right:
        o1()


def budgets() -> None:
    """Draw accuracy against the budget, sampled live."""
    st.button(t("thinking.draw"), key="r_draw_budget", on_click=session.start)
    if (batch := drawn_of(session.BUDGET)) is None:
        return
    groups: dict[tuple[str, int], list[list[tuple[str | None, bool]]]] = {}
    for place, ask in enumerate(batch.asks):
        drawn = batch.of(place)
        if drawn and ask.budget is not None:
            groups.setdefault((ask.contestant, ask.budget), []).append(answers_of(drawn))
    rows: list[dict[str, object]] = []
    points: dict[str, list[tuple[int, pass_and_cons.Point]]] = {}
    for (contestant, budget), known in groups.items():
        point = pass_and_cons.accuracy(known)
        points.setdefault(contestant, []).append((budget, point))
        rows.append(
            {"contestant": contestant, "budget": budget, "value": point.value, "low": point.low}
            | {"high": point.high, "questions": len(known), "samples": sum(map(len, known))}
        )
    lines = [
        figures.ContestantCurve(
            contestant,
            named(contestant),
            [budget for budget, _ in found],
            [p.value for _, p in found],
            [p.low for _, p in found],
            [p.high for _, p in found],
        )
        for contestant, found in points.items()
    ]
    st.markdown(f"**{t('thinking.title_budget')}**")
    last = ", ".join(f"{line.name} {line.value[-1]:.0%}" for line in lines)
    chart(
        drawn_once(
            figures.curves,
            lines,
            session.BUDGETS,
            {
                "x": t("thinking.budget_axis"),
                "y": t("thinking.budget_y"),
                "hover": t("thinking.budget_hover"),
            },
            doubling=False,
        ),
        key="r_budget",
        alt=t("reasoning.curve_alt", measure=t("thinking.title_budget"), last=last),
    )
    st.caption(t("thinking.budget_reading", **BUDGETED))
    folded_table(rows, "reasoning-budget-curve", of=t("thinking.table_budget"))
    if session.BUDGET.running is None:
        export(batch, "reasoning-budget")


def o1() -> None:
    """Draw what OpenAI published of o1, next to our curve: the shape, and the shares in its
    text."""
    found = published.o1()
    st.markdown(f"**{t('thinking.o1_title')}**")
    axes = {key: t(f"thinking.o1_{key}") for key in ("y", "train", "test", "rises")}
    chart(drawn_once(figures.o1_shape, axes), key="r_o1_shape", alt=t("thinking.o1_shape_alt"))
    st.caption(t("thinking.o1_reading"))
    names = [t(f"thinking.o1_{one.name}") for one in found.ladder]
    shares = [one.share for one in found.ladder]
    told = ", ".join(f"{name} {share:.0%}" for name, share in zip(names, shares, strict=True))
    chart(
        drawn_once(figures.o1_ladder, names, shares, {"x": t("thinking.o1_x")}),
        key="r_o1_ladder",
        alt=t("thinking.o1_ladder_alt", told=told),
    )
    st.caption(t("thinking.o1_source", source=found.source))
    shown = [{"samples": name, "solved": share} for name, share in zip(names, shares, strict=True)]
    folded_table(shown, "o1-aime-2024", of=t("thinking.table_o1"))
