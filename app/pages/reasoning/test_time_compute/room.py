"""More samples of and more thinking on the question above: bins, pass@k and cons@k, budgets."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

from app.core import pass_and_cons
from app.core.asking import contestants
from app.core.assets import published
from app.core.running import replies
from app.core.texts import t
from app.pages.reasoning import figures
from app.pages.reasoning.test_time_compute import measured
from app.pages.reasoning.test_time_compute import state as session
from app.ui.chart import chart
from app.ui.components.reasoning_view import name_of
from app.ui.picture import drawn_once
from app.ui.table import folded_table
from app.ui.url_choice import url_choice

#: Number of questions, and samples of each, that the budgets are measured on.
BUDGETED = {"questions": session.PROBLEMS, "samples": session.BUDGET_SAMPLES}


def named(contestant: str) -> str:
    model, _, opening = contestant.partition(".")
    return name_of(contestants.Contestant(model, opening or "own"))


def drawn_of(slot: replies.ReplySlot) -> replies.Replies | None:
    """Draw a slot's progress and errors, and return its answers so far."""
    found = slot.growing()
    text = None
    if slot.running is not None and found is not None:
        text = t("question.drawn", done=len(found.replies), n=found.total)
    slot.status(text)
    return found


def by_contestant(batch: replies.Replies) -> dict[str, list[list[replies.SampledReply]]]:
    """Contestant → its samples so far for each problem."""
    found: dict[str, list[list[replies.SampledReply]]] = {}
    for place, ask in enumerate(batch.asks):
        found.setdefault(ask.contestant, []).append(batch.of(place))
    return found


def answers_of(drawn: Sequence[replies.SampledReply]) -> list[tuple[str | None, bool]]:
    return [(sample.answer, sample.correct) for sample in drawn]


def export(batch: replies.Replies, name: str) -> None:
    """Draw all samples with their seeds as a table, CSV and JSON."""
    rows = batch.rows()
    if not rows:
        return
    with st.container(key="unlinked_run"):  # Share says so
        st.download_button(
            t("common.download_json"),
            lambda: json.dumps(rows, ensure_ascii=False),
            f"{name}.json",
            "application/json",
            on_click="ignore",
            key=f"r_json_{name}",
        )
    folded_table(rows, name, of=t("reasoning.table_replies"))


def bars(batch: replies.Replies) -> None:
    """Draw the counts of each answer to the first question, one chart per contestant."""
    first = batch.asks[0].problem
    asked = [(i, ask) for i, ask in enumerate(batch.asks) if ask.problem == first]
    st.markdown(f"**{t('reasoning.bins_title')}**")
    st.text(first.question)
    for column, (place, ask) in zip(st.columns(len(asked)), asked, strict=True):
        drawn = batch.of(place)
        right = sum(sample.correct for sample in drawn)
        with column:
            st.text(t("reasoning.bins_of", name=named(ask.contestant), right=right, n=len(drawn)))
            if not drawn:
                continue
            bins = pass_and_cons.bins(answers_of(drawn))
            names = [
                t("reasoning.bin_none")
                if answer is None
                else t("reasoning.bin_rest")
                if answer == ""
                else f"{'✓' if ok else '✗'} {answer}"
                for answer, _, ok in bins
            ]
            figure = drawn_once(
                figures.answers,
                names,
                [count for _, count, _ in bins],
                [ok for _, _, ok in bins],
                {"samples": t("reasoning.bins_axis"), "hover": "%{y}: %{x}"},
            )
            chart(
                figure,
                key=f"r_bins_{place}",
                alt=t("reasoning.bins_alt", name=named(ask.contestant), right=right, n=len(drawn)),
            )
    st.caption(t("reasoning.bins_reading"))


def scaling_curves(batch: replies.Replies) -> None:
    """Draw pass@k and cons@k of every contestant, up to its number of samples."""
    lines: dict[str, list[figures.ContestantCurve]] = {"pass": [], "cons": []}
    rows: list[dict[str, object]] = []
    asked = 0
    for contestant, drawn in by_contestant(batch).items():
        known = [answers_of(one) for one in drawn]
        if not min(map(len, known)):
            continue
        asked = len(known)
        for measure, points in (
            ("pass", pass_and_cons.passes(known)),
            ("cons", pass_and_cons.consensus(known)),
        ):
            curve = figures.ContestantCurve(
                contestant,
                named(contestant),
                *([getattr(p, part) for p in points] for part in ("k", "value", "low", "high")),
            )
            lines[measure].append(curve)
            rows += [
                {"contestant": contestant, "measure": f"{measure}@k", "k": p.k, "value": p.value}
                | {"low": p.low, "high": p.high, "questions": asked}
                for p in points
            ]
    if not rows:
        return
    for column, measure in zip(st.columns(2), ("pass", "cons"), strict=True):
        with column:
            st.markdown(f"**{t(f'reasoning.title_{measure}')}**")
            most = max(int(curve.x[-1]) for curve in lines[measure])
            figure = drawn_once(
                figures.curves,
                lines[measure],
                pass_and_cons.ks(most),
                {
                    "x": t("reasoning.k_axis"),
                    "y": t(f"reasoning.axis_{measure}"),
                    "hover": t("reasoning.curve_hover"),
                },
                doubling=True,
            )
            last = ", ".join(f"{c.name} {c.value[-1]:.0%}" for c in lines[measure])
            chart(
                figure,
                key=f"r_curve_{measure}",
                alt=t("reasoning.curve_alt", measure=f"{measure}@k", last=last),
            )
    reading = "reasoning.curve_reading_one" if asked == 1 else "reasoning.curve_reading_many"
    st.caption(t(reading, questions=asked))
    folded_table(rows, "reasoning-curves", of=t("reasoning.table_curves"))


def samples_part() -> None:
    """k samples of each chosen contestant."""
    st.markdown(t("reasoning.samples_intro"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        url_choice(
            t("reasoning.samples_each"),
            session.COUNTS,
            "r_k",
            str,
            default=session.COUNTS[1],
            drawn="list",
            width=170,
        )
        url_choice(
            t("reasoning.over"),
            ("one", "held"),
            "r_over",
            lambda over: t(f"reasoning.over_{over}", n=session.PROBLEMS),
            drawn="list",
            width=330,
        )
        st.button(t("reasoning.draw"), key="r_draw_samples", on_click=session.start_samples)
    if (batch := drawn_of(session.SAMPLES)) is None:
        return
    bars(batch)
    scaling_curves(batch)
    if session.SAMPLES.running is None:
        export(batch, "reasoning-samples")


def budget_picture() -> None:
    st.button(t("reasoning.budget_draw"), key="r_draw_budget", on_click=session.start_budget)
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
    st.markdown(f"**{t('reasoning.title_budget')}**")
    last = ", ".join(f"{line.name} {line.value[-1]:.0%}" for line in lines)
    chart(
        drawn_once(
            figures.curves,
            lines,
            session.BUDGETS,
            {
                "x": t("reasoning.budget_axis"),
                "y": t("reasoning.budget_y"),
                "hover": t("reasoning.budget_hover"),
            },
            doubling=False,
        ),
        key="r_budget",
        alt=t("reasoning.curve_alt", measure=t("reasoning.title_budget"), last=last),
    )
    st.caption(t("reasoning.budget_reading", **BUDGETED))
    folded_table(rows, "reasoning-budget-curve", of=t("reasoning.table_budget"))
    if session.BUDGET.running is None:
        export(batch, "reasoning-budget")


def o1() -> None:
    """Draw what OpenAI published of o1, next to our curve: the shape, and the shares in its
    text."""
    found = published.o1()
    st.markdown(f"**{t('reasoning.o1_title')}**")
    axes = {key: t(f"reasoning.o1_{key}") for key in ("y", "train", "test", "rises")}
    chart(drawn_once(figures.o1_shape, axes), key="r_o1_shape", alt=t("reasoning.o1_shape_alt"))
    st.caption(t("reasoning.o1_reading"))
    names = [t(f"reasoning.o1_{one.name}") for one in found.ladder]
    shares = [one.share for one in found.ladder]
    told = ", ".join(f"{name} {share:.0%}" for name, share in zip(names, shares, strict=True))
    chart(
        drawn_once(figures.o1_ladder, names, shares, {"x": t("reasoning.o1_x")}),
        key="r_o1_ladder",
        alt=t("reasoning.o1_ladder_alt", told=told),
    )
    st.caption(t("reasoning.o1_source", source=found.source))
    shown = [{"samples": name, "solved": share} for name, share in zip(names, shares, strict=True)]
    folded_table(shown, "o1-aime-2024", of=t("reasoning.table_o1"))


def samples() -> None:
    """Draw the room "More samples"."""
    st.header(t("reasoning.title_samples"))
    session.SAMPLES.area(samples_part)
    measured.by_samples()


def thinking() -> None:
    """Draw the room "More thinking": accuracy against a token budget, compared with o1's."""
    st.header(t("reasoning.title_thinking"))
    st.markdown(t("reasoning.budget_intro", **BUDGETED))
    left, right = st.columns([3, 2])
    with left:
        session.BUDGET.area(budget_picture)
        measured.by_budget()
    with right:
        o1()
