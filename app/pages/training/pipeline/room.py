"""The pipeline as a diagram: each stage with its data, cost and result, here and in the paper."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from app.core.asking import contestants
from app.core.assets import evaluations, published
from app.core.texts import t
from app.pages.training import training_runs
from app.ui.table import folded_table

CSS = Path(__file__).parent / "pipeline.css"
#: Each lane from its base onwards: "→" is "trained on from here", "⇠" "taught by", "⇢" "whose right
#: replies base is then trained on", "+" "besides".
LANES = {
    "alone": ("base", "→", "r1-zero"),
    "stages": ("base", "→", "r1-dev1", "→", "r1-dev2", "⇢", "r1-dev3", "→", "r1"),
    "distil": (
        *("student-base", "→", "distilled", "⇠", "r1"),
        *("+", "distilled-control", "+", "student-rl"),
    ),
    "classic": ("base", "→", "sft-only"),
}
STAGES = [one for one in contestants.NAMES if any(one in lane for lane in LANES.values())]


def ours(made: training_runs.TrainedModel | None, name: str) -> list[tuple[str, str]]:
    """Data, cost and result here, as (title, text)."""
    if made is None:
        return [(t("pipeline.here"), t("pipeline.not_yet", command=training_runs.command(name)))]
    counts = {key: round(value) for key, value in made.numbers.items()}
    said = [
        (t("pipeline.here"), t(f"pipeline.data_{made.kind}", **counts)),
        (t("pipeline.cost"), cost(made)),
    ]
    if not made.results:
        command = f"python -m model train results {name}"
        return [*said, (t("pipeline.result"), t("pipeline.not_measured", command=command))]
    for one in made.results:
        lines = [t("pipeline.pass", **in_percent(one))]
        for seed, other in training_runs.seeds(name).items():
            again = next(found for found in other.results if found.task == one.task)
            lines.append(t("pipeline.pass_seed", seed=seed, **in_percent(again)))
        task = t(f"question.kind_{one.task}")
        said.append((t("pipeline.result_of", task=task, level=one.level), "\n".join(lines)))
    return said


def in_percent(one: training_runs.SolvedShare) -> dict[str, object]:
    """A result as placeholders of a text."""
    shares = {"value": one.value, "low": one.low, "high": one.high}
    return {"n": one.n} | {key: f"{100 * share:.1f}" for key, share in shares.items()}


def cost(made: training_runs.TrainedModel) -> str:
    """Minutes of training, with those of sampling the replies it trains on, if they were timed."""
    minutes = few(made.minutes)
    if "sampling_seconds" not in made.numbers:
        return t("pipeline.minutes", minutes=minutes)
    sampling = few(made.numbers["sampling_seconds"] / 60)
    return t("pipeline.minutes_sampling", minutes=minutes, sampling=sampling)


def few(minutes: float) -> str:
    """Minutes to two significant digits."""
    return f"{minutes:.1f}" if minutes < 9.95 else f"{minutes:.0f}"


def papers(name: str) -> list[tuple[str, str]]:
    """Data, cost and result in the paper, as (title, text)."""
    stage = published.stage(name)
    key = name.replace("-", "_")
    counts = {k: round(v) for k, v in stage.items()}
    said = [(t("pipeline.paper"), t(f"pipeline.paper_data_{key}", **counts))]
    if "usd" in stage:
        cost = t("pipeline.gpu_hours", hours=counts["hours"], usd=f"{stage['usd']:,.0f}")
        said.append((t("pipeline.cost"), cost))
    if "aime" in stage:
        said.append((t("pipeline.result"), t("pipeline.aime", value=f"{stage['aime']:.1f}")))
    return said


def card(name: str) -> str:
    """A stage as HTML; all of it is our own text, escaped all the same."""
    made = training_runs.trained(name)

    def pairs(items: list[tuple[str, str]], side: str) -> str:
        rows = "".join(f"<dt>{html.escape(a)}</dt><dd>{html.escape(b)}</dd>" for a, b in items)
        return f'<dl class="{side}">{rows}</dl>'

    does = t(f"pipeline.does_{name.replace('-', '_')}")
    return (
        f'<div class="stage{"" if made else " waits"}">'
        f'<div class="name">{html.escape(contestants.NAMES[name])}</div>'
        f'<div class="does">{html.escape(does)}</div>'
        f"{pairs(ours(made, name), 'ours')}{pairs(papers(name), 'paper')}</div>"
    )


def lane(key: str) -> None:
    st.markdown(f"**{t(f'pipeline.lane_{key}')}**")
    st.markdown(t(f"pipeline.lane_{key}_says"))
    parts = [
        f'<div class="arrow" aria-hidden="true">{one}</div>' if one in "→⇠⇢+" else card(one)
        for one in LANES[key]
    ]
    st.html(f'<div class="lane">{"".join(parts)}</div>')


def room() -> None:
    """Draw all lanes, and the same as a table."""
    st.header(t("pipeline.title"))
    st.html(CSS)
    st.markdown(t("pipeline.intro"))
    for key in LANES:
        lane(key)
    st.caption(t("pipeline.source", source=published.stages_source()))
    if date := evaluations.date(*STAGES):
        command = "python -m model train results NAME"
        st.caption(t("pipeline.measured", command=command, date=date))
    rows: list[dict[str, object]] = []
    for name in STAGES:
        first = training_runs.trained(name)
        for made in [*([first] if first else []), *training_runs.seeds(name).values()]:
            rows += [
                {
                    "model": made.name,
                    "task": one.task,
                    "level": one.level,
                    "right": one.value,
                }
                | {"low": one.low, "high": one.high, "n": one.n}
                for one in made.results
            ]
    if rows:
        folded_table(rows, "pipeline", of=t("pipeline.table"))
    st.subheader(t("pipeline.missed_title"))
    st.markdown(t("pipeline.missed", command="python -m model train goals"))
