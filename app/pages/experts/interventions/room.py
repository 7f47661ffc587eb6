"""What if the router chose otherwise: live interventions, compared with the unchanged run."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.core import links
from app.core.running.need_slot import NeedSlot
from app.core.texts import t
from app.pages.experts import differences, held_out, inputs, recording
from app.pages.experts import state as session
from app.pages.experts.held_out import HeldOutRuns
from app.pages.experts.interventions import intervened_run, knock_out
from app.pages.experts.interventions.intervened_run import IntervenedRun
from app.pages.experts.interventions.view import intervention_view
from app.pages.experts.route import figures as route_figures
from app.pages.experts.route import section as route_section
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table, whose
from model.analysis.interventions import EXAMPLE, Intervened, Intervention
from model.record.trace import Trace

RUN = NeedSlot("interventions", recorded="interventions")
HELD_OUT = NeedSlot("interventions_held_out")


def fields(trace: Trace) -> Intervention | None:
    """The fields as an intervention; None if they contradict one another."""
    chosen, experts = trace.card.num_experts_per_tok, trace.card.n_routed_experts
    options = [f"{layer}.{expert}" for layer in trace.card.moe_layers for expert in range(experts)]
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
    # checked again: a widget's options are the browser's
    intervention = Intervention(
        off=frozenset(_expert(name) for name in off if name in options),
        forced=frozenset({_expert(forced)} if forced in options else ()),
        top_k=None if top_k == chosen else min(max(int(top_k), 1), experts),
        shared=not no_shared,
        bias=not no_bias,
        shuffled=0 if shuffle else None,
    )
    if intervention.off & intervention.forced:
        st.error(t("interventions.both", expert=forced))
        return None
    return intervention


def _expert(name: str) -> tuple[int, int]:
    layer, expert = name.split(".")
    return int(layer), int(expert)


def effects(trace: Trace, intervention: Intervention) -> None:
    """Draw the effects of an intervention: on this text, then on held-out text as it is read."""
    run = intervened_run.compute(RUN, trace, intervention)
    if run is None:
        RUN.ask(t("interventions.go_on"))
        return
    pin = links.pinned(trace)
    if said := recording.told(run.plain.date, run.changed.date):
        st.caption(said)
    amounts(run)
    intervention_view(run, key="e_compared", pinned=pin, pin=links.set_pin)
    st.caption(t("interventions.reading"))
    by_token(run)
    paths(run, pin)
    readers = (trace.card.name, Intervened(trace.card.name, intervention))

    def both() -> list[HeldOutRuns]:
        return held_out.read(HELD_OUT, readers, held_out.ROWS, at_once=True, patience=0.0)

    def read_so_far() -> None:
        before, after = both()
        status(len(after))
        cost(before, after, intervention)

    both()  # start before drawing, so that the area follows the progress from the start
    HELD_OUT.area(read_so_far)


def status(rows: int) -> None:
    """Draw the progress on held-out rows with Stop, or a note that it stopped, with a button."""
    if rows == held_out.ROWS:
        return
    if HELD_OUT.running is None and HELD_OUT.error() is None:
        st.caption(t("interventions.stopped"))
    held_out.ask(HELD_OUT, t("interventions.go_on"))


def by_token(run: IntervenedRun) -> None:
    """Draw the figure's numbers as a table, token by token."""
    stayed_T = run.shares_that_stayed().mean(axis=1)
    pairs = zip(run.plain.logprobs, run.changed.logprobs, strict=True)
    folded_table(
        lambda: [
            {
                t("experts.column_token"): place,
                t("experts.column_text"): run.trace.texts[place],
                t("interventions.logprob"): round(float(before), 4) if place else None,
                t("interventions.logprob_changed"): round(float(after), 4) if place else None,
                t("interventions.stayed"): round(float(stayed_T[place]), 3),
            }
            for place, (before, after) in enumerate(pairs)
        ],
        "experts-interventions-tokens",
        t("interventions.tokens_table"),
        whose(run.trace.card.name, run.intervention.label),
    )


def amounts(run: IntervenedRun) -> None:
    """Draw two numbers: the loss on the generated text, and the share of unchanged routes."""
    left, right = st.columns(2)
    first = run.trace.n_prompt
    if first < len(run.trace):
        own, new = (float(-each.logprobs[first:].mean()) for each in (run.plain, run.changed))
        left.metric(
            t("interventions.this_text"),
            f"{new:.3f}",
            f"{new - own:+z.3f}",
            delta_color="inverse",
            help=t("interventions.this_text_help", before=f"{own:.3f}"),
        )
    stayed = float(run.shares_that_stayed()[: run.trace.fed].mean())
    right.metric(t("interventions.stayed"), f"{stayed:.0%}", help=t("interventions.stayed_help"))


def paths(run: IntervenedRun, pin: int | None) -> None:
    """The pinned token's path through both, or a word on how to pin one."""
    if pin is None or pin >= run.trace.fed:
        st.caption(t("interventions.pin"))
        return
    card, layers = run.trace.card, run.trace.card.moe_layers
    routes = []
    for reader, works in ((run.plain, True), (run.changed, run.intervention.shared)):
        weights = reader.expert_weights[pin]
        total = weights.sum(axis=1, keepdims=True)
        share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        routes.append(route_figures.Route(reader.expert_ids[pin], share, works))
    st.markdown(f"**{t('interventions.paths', token=pin)}**")
    before, after = (route_section.listed(one.ids) for one in routes)
    chart(
        drawn_once(
            route_figures.path,
            routes,
            layers,
            card.n_routed_experts,
            card.groups,
            route_section.words(),
        ),
        key="e_paths",
        alt=t("interventions.paths_alt", token=pin, before=before, after=after),
    )
    folded_table(
        lambda: [
            {t("experts.layer"): layer}
            | {
                t(f"experts.panel_{panel}"): ", ".join(
                    f"{expert} ({share:.0%})"
                    for expert, share in zip(path.ids[at], path.shares[at], strict=True)
                    if share
                )
                for panel, path in enumerate(routes)
            }
            for at, layer in enumerate(layers)
        ],
        "experts-paths",
        t("interventions.paths_table", token=pin),
        whose(card.name, run.intervention.label, "token", pin),
    )


def cost(before: HeldOutRuns, after: HeldOutRuns, change: Intervention) -> None:
    """Draw the held-out loss, overall and by domain, compared with the unchanged model's on the
    same rows, with intervals."""
    rows = len(after)
    if rows < 2 * len(held_out.DOMAINS):
        return
    st.markdown(f"**{t('interventions.domains')}**")
    loss, _ = after.loss(rows)
    own, _ = before.loss(rows)
    gap, (low, high) = held_out.difference(after, before, rows)
    st.metric(
        t("held_out.loss"),
        f"{loss:.3f}",
        f"{gap:+z.3f} [{low:+z.3f}, {high:+z.3f}]",
        delta_color="inverse",
        help=t("interventions.heldout_help", before=f"{own:.3f}", rows=rows),
    )
    if said := held_out.when(before, after):
        st.caption(said)
    names = [t(f"experts.domain_{domain}") for domain in held_out.DOMAINS]
    gaps = [held_out.difference(after, before, rows, at) for at in range(len(names))]
    alt = t("interventions.domains_alt", gaps=differences.listed(names, gaps))
    differences.draw(names, gaps, "e_gaps", alt)
    st.caption(t("interventions.domains_reading", rows=rows))
    folded_table(
        lambda: [
            {
                t("experts.column_domain"): name,
                t("interventions.before"): round(before.loss(rows, at)[0], 4),
                t("interventions.after"): round(after.loss(rows, at)[0], 4),
            }
            | differences.cells(gap)
            for at, (name, gap) in enumerate(zip(names, gaps, strict=True))
        ],
        "experts-interventions",
        t("interventions.domains_table"),
        whose(before.model, change.label),
    )


def room() -> None:
    """Draw the room: the run's inputs, the interventions and their effects, the knock-out."""
    session.RUN.area(on_a_run)
    knock_out.READ.area(knock_out.section)


def on_a_run() -> None:
    """Draw the run's inputs, and below them the interventions on its model."""
    inputs.inputs()
    trace, kind = session.on_screen()
    inputs.shown(trace, kind)
    if not trace.card.moe_layers:
        st.info(t("absent.experts"))
    elif not session.ships(trace):
        st.info(t("interventions.elsewhere"))
    else:
        RUN.area(lambda: interventions(trace))


def interventions(trace: Trace) -> None:
    """Draw the fields and their effects; those of an example while the fields change nothing."""
    st.header(t("interventions.title"))
    st.markdown(t("interventions.lead"))
    intervention = fields(trace)
    if session.RUN.running is not None:
        st.caption(t("interventions.after_run"))
    elif intervention == Intervention():
        st.caption(t("interventions.nothing"))
        effects(trace, EXAMPLE)
    elif intervention is not None:
        effects(trace, intervention)
