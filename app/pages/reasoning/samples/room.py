"""More samples of the question above: the answers counted, pass@k and cons@k."""

from __future__ import annotations

import streamlit as st

from app.core import pass_and_cons
from app.core.running import replies
from app.core.texts import t
from app.pages.reasoning import figures
from app.pages.reasoning.many_replies import PROBLEMS, answers_of, drawn_of, export, named
from app.pages.reasoning.samples import measured
from app.pages.reasoning.samples import state as session
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table
from app.ui.url_choice import url_choice


def room() -> None:
    """Draw the room."""
    st.header(t("samples.title"))
    session.SAMPLES.area(samples)
    measured.section()


def samples() -> None:
    """k samples of each chosen contestant."""
    st.markdown(t("samples.intro"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        url_choice(
            t("samples.each"),
            session.COUNTS,
            "r_k",
            str,
            default=session.COUNTS[1],
            drawn="list",
            width=170,
        )
        url_choice(
            t("samples.over"),
            ("one", "held"),
            "r_over",
            lambda over: t(f"samples.over_{over}", n=PROBLEMS),
            drawn="list",
            width=330,
        )
        st.button(t("samples.draw"), key="r_draw_samples", on_click=session.start)
    if (batch := drawn_of(session.SAMPLES)) is None:
        return
    bars(batch)
    scaling_curves(batch)
    if session.SAMPLES.running is None:
        export(batch, "reasoning-samples")


def by_contestant(batch: replies.Replies) -> dict[str, list[list[replies.SampledReply]]]:
    """Contestant → its samples so far for each problem."""
    found: dict[str, list[list[replies.SampledReply]]] = {}
    for place, ask in enumerate(batch.asks):
        found.setdefault(ask.contestant, []).append(batch.of(place))
    return found


def bars(batch: replies.Replies) -> None:
    """Draw the counts of each answer to the first question, one chart per contestant."""
    first = batch.asks[0].problem
    asked = [(i, ask) for i, ask in enumerate(batch.asks) if ask.problem == first]
    st.markdown(f"**{t('samples.bins_title')}**")
    st.text(first.question)
    for column, (place, ask) in zip(st.columns(len(asked)), asked, strict=True):
        drawn = batch.of(place)
        right = sum(sample.correct for sample in drawn)
        with column:
            st.text(t("samples.bins_of", name=named(ask.contestant), right=right, n=len(drawn)))
            if not drawn:
                continue
            bins = pass_and_cons.bins(answers_of(drawn))
            names = [
                t("reasoning.bin_none")
                if answer is None
                else t("samples.bin_rest")
                if answer == ""
                else f"{'✓' if ok else '✗'} {answer}"
                for answer, _, ok in bins
            ]
            figure = drawn_once(
                figures.answers,
                names,
                [count for _, count, _ in bins],
                [ok for _, _, ok in bins],
                {"samples": t("samples.bins_axis"), "hover": "%{y}: %{x}"},
            )
            chart(
                figure,
                key=f"r_bins_{place}",
                alt=t("samples.bins_alt", name=named(ask.contestant), right=right, n=len(drawn)),
            )
    st.caption(t("samples.bins_reading"))


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
            st.markdown(f"**{t(f'samples.title_{measure}')}**")
            most = max(int(curve.x[-1]) for curve in lines[measure])
            figure = drawn_once(
                figures.curves,
                lines[measure],
                pass_and_cons.ks(most),
                {
                    "x": t("samples.k_axis"),
                    "y": t(f"samples.axis_{measure}"),
                    "hover": t("samples.curve_hover"),
                },
                doubling=True,
            )
            last = ", ".join(f"{c.name} {c.value[-1]:.0%}" for c in lines[measure])
            chart(
                figure,
                key=f"r_curve_{measure}",
                alt=t("reasoning.curve_alt", measure=f"{measure}@k", last=last),
            )
    reading = "samples.curve_reading_one" if asked == 1 else "samples.curve_reading_many"
    st.caption(t(reading, questions=asked))
    folded_table(rows, "reasoning-curves", of=t("samples.table_curves"))
