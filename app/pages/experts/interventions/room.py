"""What if the router chose otherwise: live interventions, compared with the unchanged run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from app.core import links
from app.core.assets import models, sources
from app.core.running.generation import Intervened
from app.core.running.need_slot import NeedSlot
from app.core.texts import t
from app.pages.experts import held_out, inputs
from app.pages.experts import state as session
from app.pages.experts.held_out import HeldOutRuns
from app.pages.experts.interventions import figures, intervened_run
from app.pages.experts.interventions.intervened_run import IntervenedRun
from app.pages.experts.interventions.view import intervention_view
from app.pages.experts.route import figures as route_figures
from app.pages.experts.route import room as route_room
from app.ui.chart import chart
from app.ui.picture import drawn_once
from app.ui.table import folded_table
from model.analysis.interventions import Intervention
from model.record.trace import Trace

RUN = NeedSlot("interventions")
HELD_OUT = NeedSlot("interventions_held_out")
KNOCK_OUT = NeedSlot("knock_out")
EXAMPLE = Intervention(shared=False)  # shown before the viewer changes anything
KNOCKED_ROWS = 4 * len(held_out.DOMAINS)  # per intervention of the knock-out experiment


def number(trace: Trace) -> tuple[int, int]:
    """The run's model's experts per token and total experts."""
    return trace.card.num_experts_per_tok, trace.card.n_routed_experts


def fields(trace: Trace) -> Intervention | None:
    """Draw the fields and return them as an intervention; None if they contradict each other."""
    chosen, experts = number(trace)
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
    amounts(run)
    intervention_view(run, key="e_compared", pinned=pin, pin=links.set_pin)
    st.caption(t("interventions.reading"))
    by_token(run)
    ways(run, pin)
    readers = (trace.card.name, Intervened(trace.card.name, intervention))

    def both() -> list[HeldOutRuns]:
        return held_out.read(HELD_OUT, readers, held_out.ROWS, at_once=True, patience=0.0)

    def read_so_far() -> None:
        before, after = both()
        status(len(after))
        cost(before, after)

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
    kept_T = run.kept_routes().mean(axis=1)
    pairs = zip(run.plain.logprobs, run.changed.logprobs, strict=True)
    folded_table(
        lambda: [
            {
                t("experts.column_token"): place,
                t("experts.column_text"): run.trace.texts[place],
                t("interventions.logprob"): round(float(before), 4) if place else None,
                t("interventions.logprob_changed"): round(float(after), 4) if place else None,
                t("interventions.kept"): round(float(kept_T[place]), 3),
            }
            for place, (before, after) in enumerate(pairs)
        ],
        "experts-interventions-tokens",
        t("interventions.tokens_table"),
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
            f"{new - own:+.3f}",
            delta_color="inverse",
            help=t("interventions.this_text_help", before=f"{own:.3f}"),
        )
    kept = float(run.kept_routes()[: run.trace.fed].mean())
    right.metric(t("interventions.kept"), f"{kept:.0%}", help=t("interventions.kept_help"))


def ways(run: IntervenedRun, pin: int | None) -> None:
    """Draw the pinned token's route through both models, or a hint on how to pin one."""
    if pin is None or pin >= run.trace.fed:
        st.caption(t("interventions.pin"))
        return
    card, layers = run.trace.card, run.trace.card.moe_layers
    routes = []
    for reading, works in ((run.plain, True), (run.changed, run.intervention.shared)):
        weights = reading.expert_weights[pin]
        total = weights.sum(axis=1, keepdims=True)
        share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        routes.append(route_figures.Route(reading.expert_ids[pin], share, works))
    st.markdown(f"**{t('interventions.ways', token=pin)}**")
    chart(
        drawn_once(
            route_figures.way,
            routes,
            layers,
            card.n_routed_experts,
            card.groups,
            route_room.words(),
        ),
        key="e_ways",
        alt=t("interventions.ways_alt", token=pin),
    )
    folded_table(
        lambda: [
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
        t("interventions.ways_table", token=pin),
    )


def cost(before: HeldOutRuns, after: HeldOutRuns) -> None:
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
        f"{gap:+.3f} [{low:+.3f}, {high:+.3f}]",
        delta_color="inverse",
        help=t("interventions.heldout_help", before=f"{own:.3f}", rows=rows),
    )
    names = [t(f"experts.domain_{domain}") for domain in held_out.DOMAINS]
    gaps = [held_out.difference(after, before, rows, at) for at in range(len(names))]
    labels = {"gap": t("interventions.gap"), "hover": t("interventions.gap_hover")}
    chart(
        drawn_once(figures.gaps, names, gaps, labels),
        key="e_gaps",
        alt=t("interventions.domains_alt", gaps=listed(names, gaps)),
    )
    st.caption(t("interventions.domains_reading", rows=rows))
    folded_table(
        lambda: [
            {
                t("interventions.domain"): name,
                t("interventions.before"): round(before.loss(rows, at)[0], 4),
                t("interventions.after"): round(after.loss(rows, at)[0], 4),
            }
            | gap_row(gap)
            for at, (name, gap) in enumerate(zip(names, gaps, strict=True))
        ],
        "experts-change",
        t("interventions.domains_table"),
    )


def listed(names: Sequence[str], gaps: Sequence[figures.Estimate]) -> str:
    """Differences as text: "Korean +0.012, code +0.030"."""
    return ", ".join(f"{name} {mean:+.3f}" for name, (mean, _) in zip(names, gaps, strict=True))


def gap_row(gap: figures.Estimate) -> dict[str, object]:
    """A difference and its interval as table cells."""
    mean, (low, high) = gap
    return {
        t("interventions.gap"): round(mean, 4),
        t("interventions.low"): round(low, 4),
        t("interventions.high"): round(high, 4),
    }


def room() -> None:
    """Draw the room: the run's inputs, the interventions and their effects, the knock-out."""
    session.RUN.area(on_a_run)
    KNOCK_OUT.area(knock_out)


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


def knock_out() -> None:
    """Draw the DeepSeekMoE paper's knock-out experiment on our model."""
    trace, _ = session.on_screen()
    if not trace.card.moe_layers or not session.ships(trace):
        return
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
    readers: list[held_out.ReadingModel] = [model]
    readers += [Intervened(model, each) for each in (*masked, *named.values())]
    plain, *rest = held_out.read(KNOCK_OUT, readers, KNOCKED_ROWS)
    if len(plain) < KNOCKED_ROWS:
        held_out.ask(KNOCK_OUT, t("interventions.knock_run"))
        return
    losses = [plain.loss(KNOCKED_ROWS), *(each.loss(KNOCKED_ROWS) for each in rest[: len(masked)])]
    labels = {"share": t("interventions.share_off"), "loss": t("held_out.loss")}
    left, right = st.columns(2)
    with left:
        chart(
            drawn_once(figures.masked, [n / experts for n in range(len(losses))], losses, labels),
            key="e_masked",
            alt=t(
                "interventions.masked_alt",
                losses=", ".join(
                    f"{n / experts:.1%}: {loss:.3f}" for n, (loss, _) in enumerate(losses)
                ),
            ),
        )
    gaps = [held_out.difference(each, plain, KNOCKED_ROWS) for each in rest[len(masked) :]]
    names = [t(f"interventions.knock_{name}", more=chosen + 1, fewer=chosen - 1) for name in named]
    with right:
        chart(
            drawn_once(
                figures.gaps,
                names,
                gaps,
                {"gap": t("interventions.gap"), "hover": t("interventions.gap_hover")},
            ),
            key="e_knocked",
            alt=t("interventions.knocked_alt", gaps=listed(names, gaps)),
        )
    published = models.published_routing()["knockout"]
    st.markdown(
        t(
            "interventions.knock_reading",
            rows=KNOCKED_ROWS,
            own=f"{losses[0][0]:.3f}",
            without=f"{losses[0][0] + gaps[1][0]:.3f}",
            model=published["model"],
            source=sources.translated(published["source"]),
            whole=published["whole"],
            knocked=published["without_shared"],
        )
    )
    folded_table(
        lambda: (
            [
                {
                    t("interventions.changed"): t("interventions.masked", n=n),
                    t("held_out.loss"): round(loss, 4),
                }
                | gap_row(held_out.difference(each, plain, KNOCKED_ROWS))
                for n, (each, (loss, _)) in enumerate(zip([plain, *rest], losses, strict=False))
            ]
            + [
                {
                    t("interventions.changed"): name,
                    t("held_out.loss"): round(each.loss(KNOCKED_ROWS)[0], 4),
                }
                | gap_row(gap)
                for name, each, gap in zip(names, rest[len(masked) :], gaps, strict=True)
            ]
        ),
        "experts-knock-out",
        t("interventions.knock_table"),
    )
