"""What if the router chose otherwise: changes of the routing, live, beside the untouched run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from app.core import jobs, links, models
from app.core.texts import t
from app.pages.experts import held_out, held_out_ask
from app.pages.experts import state as session
from app.pages.experts.interventions import comparison, figures
from app.pages.experts.interventions.comparison import Comparison
from app.pages.experts.interventions.view import intervention_view
from app.pages.experts.route import figures as route_figures
from app.pages.experts.route import room as route_room
from app.ui.chart import chart
from app.ui.table import numbers
from model.record.trace import Trace

if TYPE_CHECKING:
    from model.analysis.interventions import Intervention

EVERY = 0.5  # seconds between two looks at a comparison under way
KNOCKED_ROWS = 4 * len(held_out.DOMAINS)  # of the knock-out experiment, for each of its changes


def number(trace: Trace) -> tuple[int, int]:
    """Experts chosen per token, and experts in all, of the run's model."""
    return trace.card.num_experts_per_tok, trace.card.n_routed_experts


def change_asked(trace: Trace) -> Intervention | None:
    """The fields as a change; None if they change nothing or contradict one another."""
    from model.analysis.interventions import Intervention  # here, not above: it imports torch

    chosen, experts = number(trace)
    options = [f"{layer}.{expert}" for layer in trace.moe_layers for expert in range(experts)]
    left, right = st.columns(2)
    off = left.multiselect(
        t("interventions.off"),
        options,
        key="e_off",
        bind="query-params",
        placeholder=t("interventions.nobody"),
        help=t("interventions.off_help"),
    )
    forced = right.selectbox(
        t("interventions.forced"),
        options,
        index=None,
        key="e_forced",
        bind="query-params",
        placeholder=t("interventions.nobody"),
        help=t("interventions.forced_help"),
    )
    top_k = left.slider(
        t("interventions.top_k"),
        1,
        experts,
        chosen,
        key="e_top_k",
        bind="query-params",
        help=t("interventions.top_k_help", chosen=chosen),
    )
    with right.container(horizontal=True):
        no_shared = st.toggle(t("interventions.no_shared"), key="e_no_shared", bind="query-params")
        no_bias = st.toggle(t("interventions.no_bias"), key="e_no_bias", bind="query-params")
        shuffle = st.toggle(
            t("interventions.shuffle"),
            key="e_shuffle",
            bind="query-params",
            help=t("interventions.shuffle_help"),
        )
    change = Intervention(
        off=frozenset(map(_expert, off)),
        forced=frozenset() if forced is None else frozenset({_expert(forced)}),
        top_k=None if top_k == chosen else int(top_k),
        shared=not no_shared,
        bias=not no_bias,
        shuffled=0 if shuffle else None,
    )
    if change.off & change.forced:
        st.error(t("interventions.both", expert=forced))
        return None
    return None if change == Intervention() else change


def _expert(name: str) -> tuple[int, int]:
    layer, expert = name.split(".")
    return int(layer), int(expert)


def current(trace: Trace, change: Intervention) -> Comparison:
    """The comparison of a run with a change: kept, under way, or begun now."""
    state = st.session_state
    name = comparison.name_of(trace, change)
    job: Comparison | None = state.e_compare
    if job is not None and job.id == name:
        return job
    if job is not None:
        job.stop()
        state.e_compare = None
    if (kept := comparison.store().get(name)) is not None:
        return kept
    worker = jobs.worker()  # first: it imports torch, and a job that nobody sees is dropped
    state.e_compare = Comparison(trace, change)
    worker.enqueue(state.e_compare)
    return state.e_compare


def results(trace: Trace, change: Intervention) -> None:
    """Everything that a change does, as far as it is known; polls while it is found out."""
    found = current(trace, change)
    found.look()
    if not found.active and st.session_state.e_compare is found:
        st.session_state.e_compare = None
        comparison.store().put(found)
        st.rerun()
    status(found)
    amounts(found)
    given = links.pinned(trace)
    pin = intervention_view(found, key="e_compared", pinned=given)
    if pin != given:
        links.set_pin(pin)
    st.caption(t("interventions.reading"))
    by_token(found)
    ways(found, pin)
    by_domain(found)


def by_token(found: Comparison) -> None:
    """The picture's numbers, token by token."""
    if (plain := found.plain) is None or (changed := found.changed) is None:
        return
    kept_T = comparison.kept_routes(plain, changed).mean(axis=1)
    pairs = zip(plain.logprobs, changed.logprobs, strict=True)
    numbers(
        [
            {
                t("experts.column_token"): place,
                t("experts.column_text"): found.trace.texts[place],
                t("interventions.logprob"): round(float(before), 4) if place else None,
                t("interventions.logprob_changed"): round(float(after), 4) if place else None,
                t("interventions.kept"): round(float(kept_T[place]), 3),
            }
            for place, (before, after) in enumerate(pairs)
        ],
        "experts-what-if-tokens",
    )


def status(found: Comparison) -> None:
    """How far the comparison is, with Stop; or that it was stopped, with a button to go on."""
    if found.state == "waiting":
        st.caption(t("common.waiting", position=found.position))
    elif found.state == "running":
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(t("common.stop"), key="e_compare_stop"):
                found.stop()
            st.progress(found.progress, t("held_out.reading", share=f"{found.progress:.0%}"))
    elif found.state in ("stopped", "failed"):
        if found.error is not None:
            st.error(found.error)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(t("interventions.stopped"))
            if st.button(t("interventions.go_on"), key="e_compare_again"):
                comparison.store().drop(found.id)
                st.rerun()


def amounts(found: Comparison) -> None:
    """Three numbers: what the untouched model wrote, the text's routes, held-out text."""
    plain, changed = found.plain, found.changed
    left, middle, right = st.columns(3)
    if plain is not None and changed is not None:
        first = found.trace.n_prompt
        if first < len(found.trace):
            before, after = (float(-r.logprobs[first:].mean()) for r in (plain, changed))
            left.metric(
                t("interventions.this_text"),
                f"{after:.3f}",
                f"{after - before:+.3f}",
                delta_color="inverse",
                help=t("interventions.this_text_help", before=f"{before:.3f}"),
            )
        kept = float(comparison.kept_routes(plain, changed)[: found.trace.fed].mean())
        middle.metric(t("interventions.kept"), f"{kept:.0%}", help=t("interventions.kept_help"))
    rows = held_out.common([found.before, found.after])
    if rows >= len(held_out.DOMAINS):
        loss, _ = found.after.loss(rows)
        own, _ = found.before.loss(rows)
        gap, (low, high) = held_out.difference(found.after, found.before, rows)
        right.metric(
            t("interventions.heldout"),
            f"{loss:.3f}",
            f"{gap:+.3f} [{low:+.3f}, {high:+.3f}]",
            delta_color="inverse",
            help=t("interventions.heldout_help", before=f"{own:.3f}", rows=rows),
        )


def ways(found: Comparison, pin: int | None) -> None:
    """The pinned token's way through both, or a word on how to pin one."""
    if found.plain is None or found.changed is None:
        return
    if pin is None or pin >= found.trace.fed:
        st.caption(t("interventions.pin"))
        return
    card, layers = found.trace.card, found.trace.moe_layers
    routes = []
    for reading, works in ((found.plain, True), (found.changed, found.change.shared)):
        weights = reading.expert_weights[pin]
        total = weights.sum(axis=1, keepdims=True)
        share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        routes.append(route_figures.Route(reading.expert_ids[pin], share, works))
    st.markdown(f"**{t('interventions.ways', token=pin)}**")
    chart(
        route_figures.way(routes, layers, card.n_routed_experts, card.groups, route_room.words()),
        key="e_ways",
        alt=t("interventions.ways_alt", token=pin),
    )
    numbers(
        [
            {t("experts.layer"): layer}
            | {
                t(f"route.panel_{panel}"): ", ".join(
                    f"{expert} ({share:.0%})"
                    for expert, share in zip(way.ids[at], way.shares[at], strict=True)
                    if share
                )
                for panel, way in enumerate(routes)
            }
            for at, layer in enumerate(layers)
        ],
        "experts-ways",
    )


def by_domain(found: Comparison) -> None:
    """Loss of each domain less the untouched model's on the same rows, with intervals."""
    rows = held_out.common([found.before, found.after])
    if rows < 2 * len(held_out.DOMAINS):
        return
    names = [t(f"experts.domain_{domain}") for domain in held_out.DOMAINS]
    gaps = [held_out.difference(found.after, found.before, rows, at) for at in range(len(names))]
    st.markdown(f"**{t('interventions.domains')}**")
    labels = {"gap": t("interventions.gap"), "hover": t("interventions.gap_hover")}
    chart(
        figures.gaps(names, gaps, labels),
        key="e_gaps",
        alt=t("interventions.domains_alt"),
    )
    st.caption(t("interventions.domains_reading", rows=rows))
    numbers(
        [
            {
                t("interventions.domain"): name,
                t("interventions.before"): round(found.before.loss(rows, at)[0], 4),
                t("interventions.after"): round(found.after.loss(rows, at)[0], 4),
            }
            | gap_row(gap)
            for at, (name, gap) in enumerate(zip(names, gaps, strict=True))
        ],
        "experts-change",
    )


def gap_row(gap: figures.Estimate) -> dict[str, object]:
    """A difference and its interval, for a table."""
    mean, (low, high) = gap
    return {
        t("interventions.gap"): round(mean, 4),
        t("interventions.low"): round(low, 4),
        t("interventions.high"): round(high, 4),
    }


def room() -> None:
    """The whole section."""
    st.subheader(t("interventions.title"))
    st.markdown(t("interventions.lead"))
    trace, _ = session.on_screen()
    change = change_asked(trace)
    if st.session_state.e_job is not None:
        st.caption(t("interventions.after_run"))
    elif change is None:
        st.caption(t("interventions.nothing"))
    else:
        under_way = comparison.store().get(comparison.name_of(trace, change)) is None
        st.fragment(results, run_every=EVERY if under_way else None)(trace, change)
    knock_out(trace)


def knock_out(trace: Trace) -> None:
    """The DeepSeekMoE paper's experiment on our model: how much can be taken away?"""
    from model.analysis.interventions import Intervention  # here, not above: it imports torch

    st.subheader(t("interventions.knock_title"))
    st.markdown(t("interventions.knock_lead"))
    chosen, experts = number(trace)
    masked = [Intervention(without_top=n) for n in range(1, experts // 4 + 1)]
    named = {
        "shared": Intervention(shared=False),
        "shared_plus": Intervention(shared=False, top_k=chosen + 1),
        "fewer": Intervention(top_k=chosen - 1),
        "best": masked[0],
    }
    model = trace.card.name
    asks = [(model, None), *((model, change) for change in (*masked, *named.values()))]
    found = held_out_ask.read("knock", asks, KNOCKED_ROWS, t("interventions.knock_run"))
    if found is None:
        return
    plain, rest = found[0], found[1:]
    losses = [plain.loss(KNOCKED_ROWS), *(each.loss(KNOCKED_ROWS) for each in rest[: len(masked)])]
    labels = {"share": t("interventions.share_off"), "loss": t("interventions.loss")}
    left, right = st.columns(2)
    with left:
        chart(
            figures.masked([n / experts for n in range(len(losses))], losses, labels),
            key="e_masked",
            alt=t("interventions.masked_alt"),
        )
    gaps = [held_out.difference(each, plain, KNOCKED_ROWS) for each in rest[len(masked) :]]
    names = [t(f"interventions.knock_{name}", more=chosen + 1, fewer=chosen - 1) for name in named]
    with right:
        chart(
            figures.gaps(
                names, gaps, {"gap": t("interventions.gap"), "hover": t("interventions.gap_hover")}
            ),
            key="e_knocked",
            alt=t("interventions.knocked_alt"),
        )
    published = models.reference("routing")["knockout"]
    st.markdown(
        t(
            "interventions.knock_reading",
            rows=KNOCKED_ROWS,
            own=f"{losses[0][0]:.3f}",
            without=f"{losses[0][0] + gaps[1][0]:.3f}",
            model=published["model"],
            source=published["source"],
            whole=published["whole"],
            knocked=published["without_shared"],
        )
    )
    numbers(
        [
            {
                t("interventions.changed"): t("interventions.masked", n=n),
                t("interventions.loss"): round(loss, 4),
            }
            | gap_row(held_out.difference(each, plain, KNOCKED_ROWS))
            for n, (each, (loss, _)) in enumerate(zip([plain, *rest], losses, strict=False))
        ]
        + [
            {
                t("interventions.changed"): name,
                t("interventions.loss"): round(each.loss(KNOCKED_ROWS)[0], 4),
            }
            | gap_row(gap)
            for name, each, gap in zip(names, rest[len(masked) :], gaps, strict=True)
        ],
        "experts-knock-out",
    )
