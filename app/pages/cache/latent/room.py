"""Latent cache: inside the latent of the MLA model, and what keeping less of it costs."""

from __future__ import annotations

import streamlit as st

from app.core import models
from app.core.links import pinned, set_pin
from app.core.texts import t
from app.pages.cache import measurements
from app.pages.cache.latent import figures
from app.pages.cache.latent import state as session
from app.pages.cache.latent import study as study_module
from app.ui import units
from app.ui.chart import chart
from app.ui.components.trace_view import trace_view
from app.ui.table import numbers
from model.record.trace import Trace

EVERY = 1.0  # seconds between two looks at what is measured: each draws its figures anew


def section() -> None:
    """Pictures of the run on screen, the rank slider with its live pair, precisions."""
    st.header(t("latent.title"))
    st.markdown(t("latent.lead"))
    session.want_reading()
    st.fragment(pictures, run_every=_every(session.READING))()
    st.subheader(t("latent.rank_title"))
    st.fragment(rank, run_every=_every(session.STUDY, session.PAIR))()
    st.subheader(t("latent.precision_title"))
    st.fragment(precision, run_every=_every(session.STUDY))()


def _every(*names: str) -> float | None:
    return EVERY if any(measurements.under_way(name) for name in names) else None


def failed(name: str) -> bool:
    """Whether the last job of a name failed; the reason is told."""
    if (job := measurements.failed(name)) is None:
        return False
    st.error(job.error or t("common.failed"))
    return True


def layer_choice(layers: list[int], key: str) -> int:
    """A layer, the last at first; `key` is the URL's too."""
    return st.segmented_control(
        t("latent.axis_layer"),
        layers,
        default=layers[-1],
        required=True,
        key=key,
        bind="query-params",
    )


def pictures() -> None:
    """The tokens of the MLA run to pin one, its latent in all layers, a layer's latents."""
    measurements.watch(session.READING)
    trace = session.trace()
    token = pinned(trace)
    chosen = trace_view(
        trace,
        parts=("strip",),
        key="c_strip",
        pinned=token,
        charts=("c_all_tokens", "c_attention"),
    )
    if chosen.pinned != token:
        set_pin(chosen.pinned)
        st.rerun()
    reading = study_module.readings().get(trace.id)
    if reading is None:
        if not failed(session.READING):
            st.info(t("latent.reading_wait"))
        return
    token = session.pin(trace)
    c_limit, k_limit = figures.limit(reading.c_kv), figures.limit(reading.k_pe)
    one = figures.Parts(reading.c_kv[:, token], reading.k_pe[:, token], c_limit, k_limit)
    st.text(t("latent.token_title", token=token, text=repr(trace.texts[token])))
    labels = {
        "layer": t("latent.axis_layer"),
        "token": t("latent.axis_token"),
        "c_kv": t("latent.axis_c_kv"),
        "k_pe": t("latent.axis_k_pe"),
        "bar_c_kv": t("latent.bar_c_kv"),
        "bar_k_pe": t("latent.bar_k_pe"),
    }
    chart(
        figures.one_token(one, labels | {"hover": t("latent.hover_layer")}),
        key="c_one_token",
        alt=t("latent.token_alt", token=token),
    )
    numbers(
        [
            {
                t("latent.axis_layer"): row,
                t("latent.column_part"): name,
                t("latent.column_feature"): feature,
                t("latent.column_value"): round(float(value), 3),
            }
            for row in range(len(reading.c_kv))
            for name, part in (("c_kv", one.c_kv), ("k_pe", one.k_pe))
            for feature, value in enumerate(part[row])
        ],
        "cache-latent-of-a-token",
    )
    layer = layer_choice(list(range(len(reading.c_kv))), "c_layer")
    every = figures.Parts(reading.c_kv[layer], reading.k_pe[layer], c_limit, k_limit)
    chart(
        figures.tokens(every, token, labels | {"hover": t("latent.hover_token")}),
        key="c_all_tokens",
        alt=t("latent.tokens_alt", layer=layer),
    )
    st.caption(t("latent.pictures_reading", model=trace.card.name))
    numbers(
        [
            {t("latent.axis_token"): place, t("latent.column_text"): trace.texts[place]}
            | {f"c_kv {f}": round(float(x), 3) for f, x in enumerate(every.c_kv[place])}
            | {f"k_pe {f}": round(float(x), 3) for f, x in enumerate(every.k_pe[place])}
            for place in range(len(every.c_kv))
        ],
        f"cache-latents-of-layer-{layer}",
    )


def measure(study: study_module.Study) -> None:
    """A button while there is something to measure; how far it is while it is measured."""
    failed(session.STUDY)
    job = measurements.under_way(session.STUDY)
    if isinstance(job, study_module.StudyJob):
        st.progress(job.progress, t("latent.measuring", rows=study.rows, of=study_module.ROWS))
    elif study.rows < study_module.ROWS and st.button(t("latent.measure"), key="c_measure"):
        measurements.begin(session.STUDY, study_module.StudyJob(study))
        st.rerun()


def rank() -> None:
    """Energy of directions, loss against rank, and a run with few of them beside the full one."""
    session.watch_pair()
    measurements.watch(session.STUDY, session.PAIR)
    study = study_module.study(study_module.MODEL)
    config = models.config(study_module.MODEL)
    full = int(config["kv_lora_rank"])
    st.markdown(
        t("latent.rank_lead", full=full, rows=study_module.FITTED_ROWS, measured=study_module.ROWS)
    )
    stops = study_module.ranks(full)
    r = st.select_slider(
        t("latent.rank"),
        stops,
        value=stops[len(stops) // 2],
        key="c_rank",
        bind="query-params",
        on_change=session.follow_rank,
        args=(study,),
    )
    if st.session_state.pop("c_followed", False):
        st.rerun()  # the whole page, so that it polls
    _pair(study, r, full)
    measure(study)
    left, right = st.columns(2, gap="large")
    with left:
        if study.values is not None:
            _energy(study, r)
    with right:
        if study.rows:
            _rank_costs(study, r)


def _energy(study: study_module.Study, r: int) -> None:
    assert study.values is not None
    share_LR = figures.shares(study.values)
    at = share_LR[:, r - 1]
    said = t("latent.energy_sentence", n=r, low=f"{at.min():.1%}", high=f"{at.max():.1%}")
    st.markdown(said)
    chart(
        figures.energy(
            study.values,
            [t("latent.layer_n", layer=layer) for layer in range(len(study.values))],
            {"rank": t("latent.axis_rank"), "share": t("latent.axis_energy")},
        ),
        key="c_energy",
        alt=said,
    )
    st.caption(t("latent.energy_reading", tokens=study.fitted_tokens))
    numbers(
        [
            {
                t("latent.axis_layer"): layer,
                t("latent.axis_rank"): place + 1,
                t("latent.column_singular"): round(float(value), 3),
                t("latent.axis_energy"): round(float(share_LR[layer, place]), 5),
            }
            for layer, values in enumerate(study.values)
            for place, value in enumerate(values)
        ],
        "cache-singular-values",
    )


def _costs(study: study_module.Study, names: list[str], by_rank: bool) -> list[figures.Cost]:
    points = []
    for name in names:
        difference, (low, high) = study.cost(name)
        size = study.per_token[name]
        hover = t(
            "latent.hover_rank" if by_rank else "latent.hover_precision",
            name=name,
            bytes=f"{size:,}",
            difference=f"{difference:+.4f}",
            low=f"{low:+.4f}",
            high=f"{high:+.4f}",
        )
        x = float(name) if by_rank else float(size)
        points.append(figures.Cost(name, x, difference, low, high, hover))
    return points


def _cost_table(study: study_module.Study, points: list[figures.Cost], name: str) -> None:
    numbers(
        [
            {
                t("latent.column_kept"): point.name,
                t("cache.column_per_token"): study.per_token[point.name],
                t("latent.column_error"): round(study.error[point.name], 5),
                t("latent.axis_cost"): round(point.difference, 5),
                t("cache.column_low"): round(point.low, 5),
                t("cache.column_high"): round(point.high, 5),
            }
            for point in points
        ],
        name,
    )


def _rank_costs(study: study_module.Study, r: int) -> None:
    points = _costs(study, [name for name in study.codecs if name.isdecimal()], by_rank=True)
    chosen = next(point for point in points if point.name == str(r))
    said = t(
        "latent.rank_sentence",
        r=r,
        bytes=f"{study.per_token[str(r)]:,}",
        full=f"{study.per_token[points[-1].name]:,}",
        difference=f"{chosen.difference:+.3f}",
        low=f"{chosen.low:+.3f}",
        high=f"{chosen.high:+.3f}",
        loss=f"{study.loss():.3f}",
    )
    st.markdown(f"**{said}**")
    chart(
        figures.costs(
            points, str(r), {"x": t("latent.axis_rank_log"), "loss": t("latent.axis_cost")}
        ),
        key="c_rank_costs",
        alt=said,
    )
    st.caption(t("latent.rank_reading", rows=study.rows, tokens=sum(study.learnt)))
    _cost_table(study, points, "cache-rank-loss")


def _pair(study: study_module.Study, r: int, full: int) -> None:
    """The prompt above, written with all of the latent and with r directions of it."""
    job = measurements.under_way(session.PAIR)
    if job is None:
        if st.button(t("latent.run_pair", r=r), type="primary", key="c_pair"):
            session.start_pair(study, str(r))
            st.rerun()
    elif st.button(t("common.stop"), key="c_pair_stop"):
        session.stop_pair()
        st.rerun()
    failed(session.PAIR)
    pair = session.pair()
    if pair is None:
        st.caption(t("latent.pair_none"))
        return
    plain, coded = pair.plain, pair.coded
    parted = "latent.pair_parted" if pair.alike else "latent.pair_at_once"
    st.caption(
        t(
            parted if pair.parted else "latent.pair_same",
            n=pair.alike,
            r=pair.codec,
            full=full,
            plain_bytes=size_held(plain),
            coded_bytes=size_held(coded),
        )
    )
    if pair.alike:
        st.markdown(f"**{t('latent.pair_both')}**")
        shared = plain.texts[plain.n_prompt : plain.n_prompt + pair.alike]
        st.code("".join(shared), language=None, wrap_lines=True)
    titles = (t("latent.pair_full", n=full), t("latent.pair_some", r=pair.codec))
    for column, title, run in zip(st.columns(2), titles, (plain, coded), strict=True):
        with column:
            st.markdown(f"**{title}**")
            rest = "".join(run.texts[run.n_prompt + pair.alike :])
            st.code(rest, language=None, wrap_lines=True, height=200)


def precision() -> None:
    """The latent in fewer bits: error and loss."""
    study = study_module.study(study_module.MODEL)
    st.markdown(t("latent.precision_lead"))
    if not study.rows:
        st.caption(t("latent.precision_none"))
        return
    full = max((name for name in study.codecs if name.isdecimal()), key=int)
    points = _costs(study, list(study_module.PRECISIONS), by_rank=False)
    said = " ".join(
        t(
            "latent.precision_sentence",
            name=point.name,
            bytes=f"{study.per_token[point.name]:,}",
            error=f"{study.error[point.name]:.2%}",
            difference=f"{point.difference:+.4f}",
            low=f"{point.low:+.4f}",
            high=f"{point.high:+.4f}",
        )
        for point in points
    )
    st.markdown(said)
    chart(
        figures.costs(
            points, None, {"x": t("cache.axis_per_token"), "loss": t("latent.axis_cost")}
        ),
        key="c_precision",
        alt=said,
    )
    st.caption(
        t(
            "latent.precision_reading",
            rows=study.rows,
            tokens=sum(study.learnt),
            full=f"{study.per_token[full]:,}",
        )
    )
    _cost_table(study, points, "cache-precision")


def size_held(run: Trace) -> str:
    """What a run's cache takes at its end, or that nobody counted it."""
    return t("common.not_recorded") if run.held is None else units.size(run.held)
