"""Latent cache: four kinds of attention on one prompt, what each must keep, and a calculator."""

from __future__ import annotations

import streamlit as st

from app.core import examples, models, store
from app.core.texts import t
from app.pages.cache import figures
from app.pages.cache import state as session
from app.pages.cache.attention_kinds import room as attention_kinds_room
from app.pages.cache.attention_weights import room as attention_weights_room
from app.pages.cache.decoding import room as decoding_room
from app.pages.cache.kv_size import room as kv_size_room
from app.pages.cache.latent import room as latent_room
from app.ui import units
from app.ui.chart import chart
from app.ui.table import numbers
from model.record.trace import Trace


def controls() -> None:
    """Prompt and settings of a live run, in the URL. The defaults are the recorded run's own."""
    recorded = store.sample("cache-base").info
    st.selectbox(
        t("cache.examples"),
        list(examples.prompts()),
        index=None,
        format_func=lambda name: t(f"examples.{name}"),
        placeholder=t("cache.examples_choose"),
        key="c_example",
        on_change=session.take_example,
    )
    st.text_area(
        t("common.prompt"),
        value=recorded.prompt,
        height=120,
        key="c_prompt",
        bind="query-params",
    )
    left, right = st.columns(2)
    left.number_input(
        t("cache.new_tokens"),
        1,
        session.context(),
        recorded.max_new_tokens,
        key="c_tokens",
        bind="query-params",
    )
    right.number_input(
        t("common.temperature"),
        0.0,
        session.MAX_TEMPERATURE,
        recorded.temperature,
        0.1,
        format="%.1f",
        help=t("common.temperature_help"),
        key="c_temperature",
        bind="query-params",
    )
    left, right = st.columns(2, vertical_alignment="bottom")
    left.number_input(
        t("common.seed"), 0, session.MAX_SEED, recorded.seed, key="c_seed", bind="query-params"
    )
    right.button(
        t("cache.run"), type="primary", on_click=session.start, key="c_run", width="stretch"
    )
    session.run_link()
    session.RUN.status()


def picture() -> None:
    """Bytes against tokens, the sentence and the agreement, of the run on screen."""
    runs, state = session.shown()
    info = runs[0].info
    key = "cache.live" if state == "live" else "cache.recorded"
    st.caption(t(key, date=info.date, temperature=f"{info.temperature:g}", seed=info.seed))
    if len(growths := counted(runs)) < len(runs):
        st.caption(t("common.not_recorded"))
        return
    n_prompt = runs[0].n_prompt
    most = max(run.fed for run in runs)
    sentence = compare(growths)
    chart(
        figures.curves(
            growths,
            most,
            n_prompt,
            {
                "tokens": t("cache.axis_tokens"),
                "bytes": t("cache.axis_bytes", dtype=runs[0].card.cache_dtype),
                "measured": t("cache.measured"),
                "formula": t("cache.formula"),
                "prompt": t("cache.prompt_ends"),
            },
        ),
        key="c_curves",
        alt=sentence,
    )
    st.markdown(f"**{sentence}**")
    st.markdown(claim())
    agreement(growths)
    layers = len(growths[0].spec.layers)
    st.caption(t("cache.reading", dtype=runs[0].card.cache_dtype, layers=layers))


def counted(runs: list[Trace]) -> list[figures.Growth]:
    """The caches of the runs of which somebody counted them."""
    return [found for run in runs if (found := figures.growth(run)) is not None]


def compare(growths: list[figures.Growth]) -> str:
    """This run's own numbers: MLA's cache against MHA's at the same length."""
    tokens = min(len(run.tokens) for run in growths)
    mha, *_, mla = (run.at(tokens) for run in growths)
    return t(
        "cache.sentence",
        tokens=tokens,
        mla=units.size(mla),
        mha=units.size(mha),
        times=units.times(mha / mla),
    )


def claim() -> str:
    """What MLA is for, what twins of this size cannot show of it, and what the V2 paper found."""
    results = [models.run_results(name) for name in models.TWINS]
    losses = [result["heldout"]["loss"] for result in results]
    held = {result["attention"]: result["bytes_per_token"] for result in results}
    return t(
        "cache.claim",
        mqa=f"{held['MQA']:,}",
        mla=f"{held['MLA']:,}",
        low=f"{min(losses):.3f}",
        high=f"{max(losses):.3f}",
    )


def agreement(growths: list[figures.Growth]) -> None:
    """Measured minus computed bytes of each kind, loud when they differ."""
    gaps = " · ".join(f"{run.kind} {run.difference:+,} B".replace("+0 ", "0 ") for run in growths)
    if any(run.difference for run in growths):
        st.error(t("cache.disagree", gaps=gaps))
    else:
        st.markdown(t("cache.agree", gaps=gaps))


def texts() -> None:
    """What each twin wrote, side by side; never as Markdown."""
    runs, _ = session.shown()
    with st.container(key="c_texts"):
        columns = st.columns(len(runs))
    for column, run in zip(columns, runs, strict=True):
        with column:
            st.markdown(f"**{run.card.attention}** · {run.card.name}")
            st.code(run.answer, language=None, wrap_lines=True, height=200)
    with st.expander(t("cache.run_prompt")):
        st.code(runs[0].info.prompt, language=None, wrap_lines=True)


def run_numbers() -> None:
    """The run's bytes as a table, one row per length."""
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
    numbers(rows, "cache-run")


def run() -> None:
    """The inputs, and the run on screen beside them."""
    with st.container(key="c_run_area"):
        left, right = st.columns([2, 1], gap="large")
    with right:
        controls()
    with left:
        picture()
    st.subheader(t("cache.texts_title"))
    texts()
    run_numbers()


def page() -> None:
    st.title(t("cache.title"))
    st.markdown(t("cache.lead"))
    session.RUN.area(run)
    attention_kinds_room.kept()
    attention_kinds_room.one_token()
    attention_kinds_room.loss_against_size()
    latent_room.section()
    attention_weights_room.section()
    decoding_room.section()
    kv_size_room.section()


page()
