"""Latent cache: the twins on one prompt, and the bytes that each caches, token by token."""

from __future__ import annotations

import streamlit as st

from app.core import links
from app.core.asking import examples, prompts
from app.core.assets import models
from app.core.texts import t
from app.pages.cache import figures
from app.pages.cache import state as session
from app.pages.cache.run.growth import growth
from app.ui import units
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.plain import plain
from app.ui.sampling import temperature_and_seed
from app.ui.table import folded_table, whose
from model.record.trace import Trace

ABREAST = 3  # texts side by side
SETTING = 124  # px: two fit side by side on a phone


def room() -> None:
    """Draw the run on screen next to its inputs, and the models' texts below."""
    with st.container(key="c_run_area"):
        left, right = st.columns([1, 2], gap="large")
    with left:
        inputs()
    with right:
        picture()
        run_numbers()
    texts()


def inputs() -> None:
    """Draw prompt, Run and settings, bound to the URL. Defaults are those of the recorded run."""
    recorded = session.recorded(session.named("MLA")).info
    prompts.follow_language("c_prompt", lambda: session.recorded(session.named("MLA")).info.prompt)
    st.text_area(
        t("common.prompt"),
        value=recorded.prompt,
        height=90,
        key="c_prompt",
        bind="query-params",
    )
    st.button(t("cache.run"), type="primary", on_click=session.start, key="c_run", width="stretch")
    status = st.container()  # filled below: a link's run starts once its inputs are drawn
    st.selectbox(
        t("cache.examples"),
        list(examples.prompts()),
        index=None,
        format_func=lambda name: t(f"examples.{name}"),
        placeholder=t("cache.examples_choose"),
        key="c_example",
        on_change=session.take_example,
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        session.tokens().draw("c_tokens", recorded.max_new_tokens, width=SETTING)
        keys = ("c_temperature", "c_seed")
        temperature_and_seed(recorded.temperature, recorded.seed, keys, width=SETTING)
    links.run_inputs("cache", session.start)
    with status:
        session.RUN.status()


def picture() -> None:
    """Draw cache bytes against tokens of the run on screen, the sentence and the agreement."""
    runs, state = session.shown()
    info = runs[0].info
    key = "cache.live" if state == "live" else "cache.recorded"
    st.caption(t(key, date=info.date, temperature=f"{info.temperature:g}", seed=info.seed))
    if len(growths := counted(runs)) < len(runs):
        st.caption(t("common.not_recorded"))
        return
    sentence = compare(growths)
    chart(
        drawn_once(
            figures.curves,
            growths,
            max(run.fed for run in runs),
            runs[0].n_prompt,
            {
                "tokens": t("cache.axis_tokens"),
                "bytes": t("cache.axis_bytes", dtype=runs[0].card.cache_dtype),
                "measured": t("cache.measured"),
                "formula": t("cache.formula"),
                "prompt": t("cache.prompt_ends"),
            },
        ),
        key="c_curves",
        alt=f"{sentence} {' · '.join(_end(run) for run in growths)}",
    )
    st.markdown(f"**{sentence}**")
    agreement(growths)
    card = runs[0].card
    st.caption(t("cache.reading", dtype=card.cache_dtype, layers=card.num_hidden_layers))


def _end(run: figures.Growth) -> str:
    return f"{run.kind} {units.size(int(run.measured[-1]))}"


def counted(runs: list[Trace]) -> list[figures.Growth]:
    """The cache sizes of those runs for which they were recorded."""
    kinds = models.twins()
    found = (growth(run, kinds.get(run.card.name, run.card.attention)) for run in runs)
    return [one for one in found if one is not None]


def compare(growths: list[figures.Growth]) -> str:
    """Compare MLA's cache with MHA's at the same length, in words with this run's numbers."""
    pair = [run for run in growths if run.kind in ("MLA", "MHA")]
    tokens = min(len(run.tokens) for run in pair)
    held = {run.kind: run.at(tokens) for run in pair}
    return t(
        "cache.sentence",
        tokens=tokens,
        mla=units.size(held["MLA"]),
        mha=units.size(held["MHA"]),
        times=units.times(held["MHA"] / held["MLA"]),
    )


def agreement(growths: list[figures.Growth]) -> None:
    """Draw measured minus computed bytes of each kind, as an error if they differ."""
    gaps = " · ".join(f"{run.kind} {run.difference:+,} B".replace("+0 ", "0 ") for run in growths)
    if any(run.difference for run in growths):
        st.error(t("cache.disagree", gaps=gaps))
    else:
        st.markdown(t("cache.agree", gaps=gaps))


def run_numbers() -> None:
    """Draw the run's bytes as a table, one row per length."""
    runs, _ = session.shown()
    info = runs[0].info
    names = (run.card.name for run in runs)
    of = whose(*names, info.date, "seed", info.seed)
    folded_table(_rows, "cache-run", t("cache.of_run"), of)


def _rows() -> list[dict[str, int | None]]:
    """A row per number of tokens held: measured and calculated bytes of each kind."""
    runs, _ = session.shown()
    columns = {
        f"{run.kind} {word}, B": series
        for run in counted(runs)
        for word, series in (
            (t("cache.measured"), run.measured),
            (t("cache.formula"), run.formula),
        )
    }
    rows: list[dict[str, int | None]] = []
    for i in range(max(map(len, columns.values()), default=0)):
        held = {name: int(s[i]) if i < len(s) else None for name, s in columns.items()}
        rows.append({t("cache.column_tokens"): i + 1, **held})
    return rows


def texts() -> None:
    """What each twin wrote, side by side; never as Markdown."""
    runs, _ = session.shown()
    kinds = models.twins()
    st.subheader(t("cache.texts_title"))
    with st.container(key="c_texts"):
        columns = [column for _ in range(0, len(runs), ABREAST) for column in st.columns(ABREAST)]
    for column, run in zip(columns, runs, strict=False):
        with column:
            name = run.card.name
            st.markdown(f"**{kinds.get(name, run.card.attention)}** · {name}")
            plain(run.answer, f"c_answer_{name}")
    with st.expander(t("cache.run_prompt")):
        plain(runs[0].info.prompt, "c_prompt_run")
