"""Latent cache: four kinds of attention on one prompt, what each must keep, and a calculator."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import units
from app.i18n import t
from app.plots import cache as figures
from app.plots import style
from app.services import cache_session as session
from app.services import configs, examples, kv_words, models, traces
from app.views import cache_calculator
from app.views.numbers import numbers
from model.kv_math import BYTES
from model.record import Trace
from model.statistics import paired_difference

EVERY = 0.15  # seconds between two looks at a run under way
#: URL keys that make a run: a link that has one is run as soon as it is opened.
RUN_KEYS = ("c_prompt", "c_tokens", "c_temperature", "c_seed")


def controls() -> None:
    """Prompt and settings of a live run, all in the URL. The defaults are the recorded run's own."""
    recorded = traces.sample("cache-base").info
    st.selectbox(
        t("cache.examples"),
        list(examples.prompts()),
        index=None,
        format_func=lambda name: t(f"experts.example_{name}"),
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
        t("cache.temperature"),
        0.0,
        session.MAX_TEMPERATURE,
        recorded.temperature,
        0.1,
        format="%.1f",
        help=t("cache.temperature_help"),
        key="c_temperature",
        bind="query-params",
    )
    left, right = st.columns(2, vertical_alignment="bottom")
    left.number_input(
        t("cache.seed"), 0, session.MAX_SEED, recorded.seed, key="c_seed", bind="query-params"
    )
    job = st.session_state.get("c_job")
    if job is None:
        right.button(
            t("cache.run"), type="primary", on_click=session.start, key="c_run", width="stretch"
        )
    else:
        right.button(
            t("common.stop"), on_click=session.stop, args=(job,), key="c_stop", width="stretch"
        )
    if (message := st.session_state.pop("c_error", None)) is not None:
        st.error(message)


def status(runs: list[Trace], state: str) -> str:
    """One line: recorded, live, waiting or writing."""
    job = st.session_state.get("c_job")
    info = runs[0].info
    if job is not None and job.state == "waiting":
        return t("common.waiting", position=job.position)
    if state == "running":
        latest = max(runs, key=len)
        written = len(latest) - latest.n_prompt
        seconds = float(latest.seconds[-1] - latest.seconds[latest.n_prompt - 1])
        rate = len(runs) * written / seconds if seconds > 0 else 0
        return t("cache.running", tokens=f"{written:,}", rate=f"{rate:,.0f}")
    if job is not None:
        return t("cache.loading")
    key = "cache.live" if state == "live" else "cache.recorded"
    return t(key, date=info.date, temperature=f"{info.temperature:g}", seed=info.seed)


def picture() -> None:
    """Bytes against tokens, the sentence and the agreement, of the run on screen."""
    session.watch()
    runs, state = session.shown()
    st.caption(status(runs, state))
    growths = [
        figures.growth(run, session.spec(name))
        for run, name in zip(runs, models.TWINS, strict=True)
    ]
    info, n_prompt = runs[0].info, runs[0].n_prompt
    most = max(run.fed for run in runs)
    if state == "running":
        most = min(n_prompt + info.max_new_tokens, session.context()) - 1
    sentence = compare(growths)
    st.plotly_chart(
        figures.curves(
            growths,
            most,
            n_prompt,
            {
                "tokens": t("cache.axis_tokens"),
                "bytes": t("cache.axis_bytes", dtype=info.cache_dtype),
                "measured": t("cache.measured"),
                "formula": t("cache.formula"),
                "prompt": t("cache.prompt_ends"),
                "now": t("cache.now") if state == "running" else "",
            },
        ),
        key="c_curves",
        config=style.CONFIG,
        alt=sentence,
    )
    st.markdown(f"**{sentence}**")
    agreement(growths)
    layers = len(growths[0].spec.layers)
    st.caption(t("cache.reading", dtype=info.cache_dtype, layers=layers))


def compare(growths: list[figures.Growth]) -> str:
    """This run's own numbers: the smallest against the largest cache at the same length."""
    tokens = min(len(run.tokens) for run in growths)
    small = min(growths, key=lambda run: run.at(tokens))
    large = max(growths, key=lambda run: run.at(tokens))
    return t(
        "cache.sentence",
        tokens=f"{tokens:,}",
        small_kind=small.kind,
        small=units.size(small.at(tokens)),
        large_kind=large.kind,
        large=units.size(large.at(tokens)),
        times=units.times(large.at(tokens) / small.at(tokens)),
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
    session.watch()
    runs, _ = session.shown()
    with st.container(key="c_texts"):
        columns = st.columns(len(runs))
    for column, run in zip(columns, runs, strict=True):
        with column:
            st.markdown(f"**{run.info.attention}** · {run.info.model}")
            st.code(run.answer, language=None, wrap_lines=True, height=200)
    with st.expander(t("cache.run_prompt")):
        st.code(runs[0].info.prompt, language=None, wrap_lines=True)


def run_numbers() -> None:
    """The run's bytes as a table, one row per length."""
    runs, _ = session.shown()
    growths = [
        figures.growth(run, session.spec(name))
        for run, name in zip(runs, models.TWINS, strict=True)
    ]
    columns = {
        f"{run.kind} {word}, B": series
        for run in growths
        for word, series in (
            (t("cache.measured"), run.measured),
            (t("cache.formula"), run.formula),
        )
    }
    rows: list[dict[str, int | None]] = []
    for i in range(max(map(len, columns.values()))):
        held = {name: int(s[i]) if i < len(s) else None for name, s in columns.items()}
        rows.append({t("cache.column_tokens"): i + 1, **held})
    numbers(rows, "cache-run")


def one_token() -> None:
    """What one layer keeps of one token, drawn to scale."""
    st.header(t("cache.token_title"))
    st.markdown(t("cache.token_lead"))
    dtype = traces.sample("cache-base").info.cache_dtype
    stored = [
        figures.Stored(
            session.spec(name).attention, session.spec(name).layers[0], int(BYTES[dtype])
        )
        for name in models.TWINS
    ]
    st.plotly_chart(
        figures.blocks(stored, {"elements": t("cache.axis_elements", dtype=dtype)}),
        key="c_blocks",
        config=style.CONFIG,
        alt=t("cache.token_alt") + " " + "; ".join(f"{row.kind} {row.words}" for row in stored),
    )
    v3 = configs.published()["DeepSeek-V3 / R1 (671B)"]
    st.markdown(t("cache.token_v3"))
    st.code(kv_words.formula(v3.spec, "bf16"), language=None, wrap_lines=True)
    numbers(
        [
            {
                t("cache.column_kind"): row.kind,
                t("cache.column_block"): name,
                t("cache.column_elements"): size,
                t("cache.column_bytes"): size * row.element_bytes,
            }
            for row in stored
            for name, size in row.blocks
        ],
        "cache-one-token",
    )


def loss_against_size() -> None:
    """Held-out loss of the twins, row by row against MHA's, beside the bytes that they keep."""
    st.header(t("cache.loss_title"))
    results = [models.run_results(name) for name in models.TWINS]
    points = differences(results)
    finding = quality_sentence(points)
    st.markdown(finding)
    st.plotly_chart(
        figures.quality(points, {"bytes": t("cache.axis_per_token"), "loss": t("cache.axis_loss")}),
        key="c_quality",
        config=style.CONFIG,
        alt=finding,
    )
    st.caption(t("cache.loss_limits"))
    domains = list(results[0]["domains"])
    numbers(
        [
            {
                t("cache.column_kind"): result["attention"],
                t("cache.column_model"): result["name"],
                t("cache.column_per_token"): result["bytes_per_token"],
                t("cache.column_loss"): result["heldout"]["loss"],
                t("cache.column_low"): result["heldout"]["interval"][0],
                t("cache.column_high"): result["heldout"]["interval"][1],
                t("cache.column_trained"): result["tokens"],
                t("cache.column_minutes"): result["minutes"],
            }
            | {t(f"cache.domain_{name}"): result["domains"][name]["loss"] for name in domains}
            for result in results
        ],
        "cache-loss",
    )
    with st.expander(t("common.how_computed")):
        st.text(results[0]["heldout"]["method"])
        st.code("\n".join(result["command"] for result in results), language="bash")


def differences(results: list[dict[str, Any]]) -> list[figures.Quality]:
    """Each model's held-out loss less the first one's on the same rows, with paired intervals."""
    reference = results[0]["heldout"]
    points = []
    for result in results:
        rows = result["heldout"]
        mean, (low, high) = paired_difference(
            rows["row_nats"], reference["row_nats"], reference["row_tokens"]
        )
        point = figures.Quality(result["attention"], result["bytes_per_token"], mean, low, high)
        points.append(point)
    return points


def quality_sentence(points: list[figures.Quality]) -> str:
    """What each smaller cache costs against the first model's, or that it cannot be told."""
    reference, *others = points
    words = [t("cache.loss_reference", kind=reference.kind)]
    for point in others:
        verdict = "told" if point.told_apart else "untold"
        words.append(
            t(
                f"cache.loss_{verdict}",
                kind=point.kind,
                share=f"{100 * point.bytes_per_token / reference.bytes_per_token:.1f}",
                difference=f"{point.difference:+.3f}",
                low=f"{point.low:+.3f}",
                high=f"{point.high:+.3f}",
            )
        )
    return " ".join(words)


def page() -> None:
    state = st.session_state
    st.title(t("cache.title"))
    st.markdown(t("cache.lead"))
    linked = any(key in st.query_params for key in RUN_KEYS) and "c_opened" not in state
    state.c_opened = True
    with st.container(key="c_run_area"):
        left, right = st.columns([2, 1], gap="large")
    with right:
        controls()
        if linked:
            session.start()
            st.rerun()
    every = EVERY if state.get("c_job") is not None else None
    with left:
        st.fragment(picture, run_every=every)()
    st.subheader(t("cache.texts_title"))
    st.fragment(texts, run_every=2 * EVERY if every else None)()
    if every is None:
        run_numbers()
    one_token()
    loss_against_size()
    st.fragment(cache_calculator.calculator)()
    cache_calculator.parameters()


page()
