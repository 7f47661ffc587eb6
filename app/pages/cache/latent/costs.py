"""What compressing the latent further costs: fewer directions, or fewer bits."""

from __future__ import annotations

import streamlit as st

from app.core.texts import t
from app.pages.cache.latent import figures
from app.pages.cache.latent import state as session
from app.pages.cache.latent import study as latents
from app.ui import units
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.plain import plain
from app.ui.table import folded_table, whose
from model.analysis import latent_study
from model.analysis.latent_study import Study
from model.record.trace import Trace


def costs() -> None:
    """Draw the energy of directions, loss against rank and precision, and a run at low rank."""
    r = rank()
    study = shown()
    if study is None or not study.rows:
        return
    left, right = st.columns(2, gap="large")
    with left:
        _energy(study, r)
    with right:
        _rank_costs(study, r)
    st.header(t("latent.precision_title"))
    precision(study)


def shown() -> Study | None:
    """The recorded study, or the live one once it was requested and is complete.

    If the recorded study is of another model, a live one starts at once.
    """
    recorded = latents.recorded()
    asked = recorded is None or "c_live_study" in st.session_state
    live = measured() if asked else None
    done = 0 if live is None else live.rows
    if done == latent_study.ROWS:
        st.caption(t("latent.measured_now"))
        return live
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(t("latent.measure"), key="c_measure", on_click=_measure)
        if recorded is not None:
            st.caption(t("latent.recorded", date=recorded.date))
    latents.STUDY.status(t("latent.measuring", rows=done, of=latent_study.ROWS))
    return recorded.study if recorded is not None else live


def _measure() -> None:
    st.session_state.c_live_study = True
    latents.STUDY.again()


def measured() -> Study | None:
    """The study as far as it has been measured; None until the directions are fitted."""
    asked, need = latents.fit_requests(), latents.STUDY
    fit_runs = [run for run in need.have(latents.content(), asked) if run]
    if len(fit_runs) < len(asked):
        return None
    fitted = latents.fit(fit_runs)
    runs = need.have(latents.content(), [*asked, *latents.cost_requests(fitted)])
    return latents.study(fitted, fit_runs, runs[len(asked) :])


def follow_rank() -> None:
    """Regenerate the pair on screen, if any, for the slider's new rank."""
    if latents.PAIR.shown() is not None:
        latents.PAIR.write(session.trace(), str(st.session_state.c_rank))


def rank() -> int:
    """Draw the choice of a rank, and a run at that rank next to the full one; return the rank."""
    full = latents.full()
    fitted, rows = latent_study.FITTED_ROWS, latent_study.ROWS
    st.markdown(t("latent.rank_lead", full=full, rows=fitted, measured=rows))
    stops = latent_study.ranks(full)
    r = st.select_slider(
        t("latent.rank"),
        stops,
        value=stops[len(stops) // 2],
        key="c_rank",
        bind="query-params",
        on_change=follow_rank,
    )
    latents.PAIR.area(lambda: _pair(r, full))
    return r


def _energy(study: Study, r: int) -> None:
    share_LR = figures.shares(study.values)
    at = share_LR[:, r - 1]
    said = t("latent.energy_sentence", n=r, low=f"{at.min():.1%}", high=f"{at.max():.1%}")
    st.markdown(said)
    chart(
        drawn_once(
            figures.energy,
            study.values,
            [t("latent.layer_n", layer=layer) for layer in range(len(study.values))],
            {"rank": t("latent.axis_rank"), "share": t("latent.axis_energy")},
        ),
        key="c_energy",
        alt=said,
    )
    st.caption(t("latent.energy_reading", tokens=study.tokens))
    folded_table(
        lambda: [
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
        t("latent.of_energy"),
        _whose(study),
    )


def _costs(study: Study, names: list[str], by_rank: bool) -> list[figures.Cost]:
    points = []
    for name in names:
        difference, (low, high) = study.cost(name)
        size = study.per_token[name]
        hover = t(
            "latent.hover_rank" if by_rank else "latent.hover_precision",
            name=name,
            bytes=f"{size:,}",
            difference=f"{difference:+z.4f}",
            low=f"{low:+z.4f}",
            high=f"{high:+z.4f}",
        )
        x = float(name) if by_rank else float(size)
        points.append(figures.Cost(name, x, difference, low, high, hover))
    return points


def _cost_table(study: Study, points: list[figures.Cost], name: str, of: str) -> None:
    folded_table(
        lambda: [
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
        of,
        _whose(study),
    )


def _whose(study: Study) -> str:
    """The model that was measured, and when, unless it was just now."""
    recorded = latents.recorded()
    then = recorded is not None and recorded.study is study
    return whose(latents.model(), recorded.date if recorded and then else None)


def _rank_costs(study: Study, r: int) -> None:
    points = _costs(
        study,
        [name for name in latent_study.codecs(latents.full()) if name.isdecimal()],
        by_rank=True,
    )
    chosen = next(point for point in points if point.name == str(r))
    said = t(
        "latent.rank_sentence",
        r=r,
        bytes=f"{study.per_token[str(r)]:,}",
        full=f"{study.per_token[points[-1].name]:,}",
        difference=f"{chosen.difference:+z.3f}",
        low=f"{chosen.low:+z.3f}",
        high=f"{chosen.high:+z.3f}",
        loss=f"{study.loss():.3f}",
    )
    st.markdown(f"**{said}**")
    chart(
        drawn_once(
            figures.costs,
            points,
            str(r),
            {"x": t("latent.axis_rank_log"), "loss": t("latent.axis_cost")},
        ),
        key="c_rank_costs",
        alt=said,
    )
    st.caption(t("latent.rank_reading", rows=study.rows, tokens=sum(study.learnt)))
    _cost_table(study, points, "cache-rank-loss", t("latent.of_ranks"))


def _pair(r: int, full: int) -> None:
    """Draw the answers to the prompt above with the full latent and with r directions."""
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
    whole, coded = pair.plain, pair.coded
    parted = "latent.pair_parted" if pair.alike else "latent.pair_at_once"
    st.caption(
        t(
            parted if pair.parted else "latent.pair_same",
            n=pair.alike,
            r=pair.codec,
            full=full,
            plain_bytes=size_held(whole),
            coded_bytes=size_held(coded),
        )
    )
    if pair.alike:
        st.markdown(f"**{t('latent.pair_both')}**")
        shared = whole.texts[whole.n_prompt : whole.n_prompt + pair.alike]
        plain("".join(shared), "c_pair_both")
    titles = (t("latent.pair_full", n=full), t("latent.pair_some", r=pair.codec))
    for place, (column, title, run) in enumerate(
        zip(st.columns(2), titles, (whole, coded), strict=True)
    ):
        with column:
            st.markdown(f"**{title}**")
            rest = "".join(run.texts[run.n_prompt + pair.alike :])
            plain(rest, f"c_pair_{place}")


def precision(study: Study) -> None:
    """Draw error and loss of the latent in fewer bits."""
    st.markdown(t("latent.precision_lead"))
    full = str(latents.full())
    points = _costs(study, list(latent_study.PRECISIONS), by_rank=False)
    said = " ".join(
        t(
            "latent.precision_sentence",
            name=point.name,
            bytes=f"{study.per_token[point.name]:,}",
            error=f"{study.error[point.name]:.2%}",
            difference=f"{point.difference:+z.4f}",
            low=f"{point.low:+z.4f}",
            high=f"{point.high:+z.4f}",
        )
        for point in points
    )
    st.markdown(said)
    chart(
        drawn_once(
            figures.costs, points, None, {"x": t("latent.axis_bits"), "loss": t("latent.axis_cost")}
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
    _cost_table(study, points, "cache-precision", t("latent.of_precisions"))


def size_held(run: Trace) -> str:
    """The final size of a run's cache in words, or that it was not recorded."""
    return t("common.not_recorded") if run.held is None else units.size(run.held)
