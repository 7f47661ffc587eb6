"""Latent cache: inside the latent of the MLA model, and what keeping less of it costs."""

from __future__ import annotations

import streamlit as st

from app.core import models
from app.core.links import pinned, set_pin
from app.core.texts import t
from app.pages.cache.latent import figures
from app.pages.cache.latent import state as session
from app.pages.cache.latent import study as latents
from app.ui import units
from app.ui.chart import chart
from app.ui.components.trace_view import trace_view
from app.ui.table import numbers
from model.record.trace import Trace


def section() -> None:
    """Pictures of the run on screen, the rank slider with its live pair, precisions."""
    st.header(t("latent.title"))
    st.markdown(t("latent.lead"))
    latents.READING.area(pictures)
    st.subheader(t("latent.rank_title"))
    latents.STUDY.area(costs)


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
    reading = session.reading()
    if reading is None:
        latents.READING.ask(t("latent.reading_again"), t("latent.reading_wait"))
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


def costs() -> None:
    """Energy of directions, loss against rank and against precision; a run with few directions."""
    study = measured()
    rank(study)
    st.subheader(t("latent.precision_title"))
    precision(study)


def measured() -> latents.Study | None:
    """What was measured so far; None before it is asked for."""
    asked, need = latents.fit_requests(), latents.STUDY
    fit_runs = [run for run in need.have(latents.content(), asked, at_once=False) if run]
    if len(fit_runs) < len(asked):
        return None
    fitted = latents.fit(fit_runs)
    runs = need.have(latents.content(), [*asked, *latents.cost_requests(fitted)], at_once=False)
    return latents.study(fitted, fit_runs, runs[len(asked) :])


def measure(study: latents.Study | None) -> None:
    """A button while there is something to measure; how far it is while it is measured."""
    done = 0 if study is None else study.rows
    if done < latents.ROWS:
        text = t("latent.measuring", rows=done, of=latents.ROWS)
        latents.STUDY.ask(t("latent.measure"), text)


def follow_rank() -> None:
    """The slider moved: a pair that is on screen is written anew."""
    if latents.PAIR.shown() is not None:
        latents.PAIR.write(session.trace(), str(st.session_state.c_rank))


def rank(study: latents.Study | None) -> None:
    """Energy of directions, loss against rank, and a run with few of them beside the full one."""
    full = int(models.config(latents.MODEL)["kv_lora_rank"])
    st.markdown(t("latent.rank_lead", full=full, rows=latents.FITTED_ROWS, measured=latents.ROWS))
    stops = latents.ranks(full)
    r = st.select_slider(
        t("latent.rank"),
        stops,
        value=stops[len(stops) // 2],
        key="c_rank",
        bind="query-params",
        on_change=follow_rank,
    )
    latents.PAIR.area(lambda: _pair(r, full))
    measure(study)
    if study is None or not study.rows:
        return
    left, right = st.columns(2, gap="large")
    with left:
        _energy(study, r)
    with right:
        _rank_costs(study, r)


def _energy(study: latents.Study, r: int) -> None:
    share_LR = figures.shares(study.fit.values)
    at = share_LR[:, r - 1]
    said = t("latent.energy_sentence", n=r, low=f"{at.min():.1%}", high=f"{at.max():.1%}")
    st.markdown(said)
    chart(
        figures.energy(
            study.fit.values,
            [t("latent.layer_n", layer=layer) for layer in range(len(study.fit.values))],
            {"rank": t("latent.axis_rank"), "share": t("latent.axis_energy")},
        ),
        key="c_energy",
        alt=said,
    )
    st.caption(t("latent.energy_reading", tokens=study.fit.tokens))
    numbers(
        [
            {
                t("latent.axis_layer"): layer,
                t("latent.axis_rank"): place + 1,
                t("latent.column_singular"): round(float(value), 3),
                t("latent.axis_energy"): round(float(share_LR[layer, place]), 5),
            }
            for layer, values in enumerate(study.fit.values)
            for place, value in enumerate(values)
        ],
        "cache-singular-values",
    )


def _costs(study: latents.Study, names: list[str], by_rank: bool) -> list[figures.Cost]:
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


def _cost_table(study: latents.Study, points: list[figures.Cost], name: str) -> None:
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


def _rank_costs(study: latents.Study, r: int) -> None:
    points = _costs(study, [name for name in latents.codecs() if name.isdecimal()], by_rank=True)
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


def _pair(r: int, full: int) -> None:
    """The prompt above, written with all of the latent and with r directions of it."""
    st.button(
        t("latent.run_pair", r=r),
        type="primary",
        key="c_pair",
        on_click=latents.PAIR.write,
        args=(session.trace(), str(r)),
    )
    latents.PAIR.status()
    pair = latents.PAIR.shown()
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


def precision(study: latents.Study | None) -> None:
    """The latent in fewer bits: error and loss."""
    st.markdown(t("latent.precision_lead"))
    if study is None or not study.rows:
        st.caption(t("latent.precision_none"))
        return
    full = max((name for name in latents.codecs() if name.isdecimal()), key=int)
    points = _costs(study, list(latents.PRECISIONS), by_rank=False)
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
