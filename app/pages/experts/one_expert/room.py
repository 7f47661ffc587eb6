"""One expert: its tokens, load, co-activated experts, weights, and what switching it off costs."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.core.assets import models
from app.core.running.need_slot import NeedSlot
from app.core.texts import t
from app.pages.experts import differences, held_out, inputs
from app.pages.experts import state as session
from app.pages.experts.routing_statistics import counts as statistics
from app.pages.experts.routing_statistics import figures
from app.pages.experts.routing_statistics import room as statistics_room
from app.pages.experts.routing_statistics.counts import RoutingCounts
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table, small, verbatim, whose
from model.analysis.interventions import Intervened, Intervention

ONE_EXPERT = NeedSlot("one_expert")
TOKENS = 15  # in the list of favourites
PARTNERS = 5  # in the list of partners


def room() -> None:
    """Draw the room."""
    statistics_room.READ.area(one_expert)


def one_expert() -> None:
    """Draw all about the chosen expert."""
    st.header(t("one_expert.title"))
    st.markdown(t("one_expert.lead"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = inputs.model()
        of_model = models.card(model)
        layer, at = session.choose_layer(of_model.moe_layers, "e_one_layer")
        expert = st.selectbox(
            t("one_expert.expert"),
            range(of_model.n_routed_experts),
            key="e_one_expert",
            bind="query-params",
            width=120,
        )
    if (found := statistics_room.read(model)) is None:
        return
    statistics_room.text_read(found, model)
    words(found, model, layer, at, expert)
    left, right = st.columns(2)
    with left:
        favourites(found, model, at, expert)
    with right:
        by_domain(found, model, layer, at, expert)
        coactivation(found, model, layer, at, expert)
    ONE_EXPERT.area(lambda: switched_off(model, layer, expert))


def words(found: RoutingCounts, model: str, layer: int, at: int, expert: int) -> None:
    """Describe load and weights in one paragraph."""
    experts = found.load.shape[1]
    took = int(found.load[at, expert])
    first = int((found.ids[:, at, 0] == expert).sum())
    sizes = statistics.weight_sizes(model)[at]
    st.markdown(
        t(
            "one_expert.sentence",
            layer=layer,
            expert=expert,
            share=f"{took / len(found.tokens):.1%}",
            even=f"{found.ids.shape[2] / experts:.0%}",
            rank=int((found.load[at] > took).sum()) + 1,
            experts=experts,
            first=f"{first / max(took, 1):.0%}",
            size=f"{sizes[expert]:.4f}",
            ratio=f"{sizes[expert] / sizes.mean() - 1:+.1%}",
        )
    )


def favourites(found: RoutingCounts, model: str, at: int, expert: int) -> None:
    """Draw the tokens that are most often routed to the expert."""
    st.markdown(f"**{t('one_expert.tokens_title')}**")
    rows = statistics.favourites(found, model, at, expert, TOKENS)
    small(
        [
            {
                t("one_expert.token"): verbatim(json.dumps(row.text, ensure_ascii=False)),
                t("one_expert.share"): f"{row.share:.0%}",
                t("one_expert.occurrences"): f"{row.occurrences:,}",
            }
            for row in rows
        ]
    )
    st.caption(t("one_expert.tokens_reading", least=statistics.LEAST))


def by_domain(found: RoutingCounts, model: str, layer: int, at: int, expert: int) -> None:
    """Draw the expert's share of each domain's tokens."""
    st.markdown(f"**{t('one_expert.domains_title')}**")
    shares = found.by_domain[:, at, expert] / found.domain_tokens
    names = [t(f"experts.domain_{domain}") for domain in held_out.DOMAINS]
    even = found.ids.shape[2] / found.load.shape[1]
    chart(
        drawn_once(
            figures.parts, names, shares.tolist(), even, {"share": t("experts.share_domain_axis")}
        ),
        key="e_one_domains",
        alt=t("one_expert.domains_alt", shares=listed_shares(names, shares)),
    )
    folded_table(
        lambda: [
            {
                t("experts.column_domain"): name,
                t("experts.share_domain_axis"): round(float(share), 4),
            }
            for name, share in zip(names, shares, strict=True)
        ],
        "expert-domains",
        t("one_expert.domains_table", layer=layer, expert=expert),
        whose(model, "layer", layer, "expert", expert),
    )


def listed_shares(names: Sequence[str], shares: NDArray[np.floating]) -> str:
    """Shares as text: "Korean 12%, Python code 30%"."""
    return ", ".join(f"{name} {share:.0%}" for name, share in zip(names, shares, strict=True))


def coactivation(found: RoutingCounts, model: str, layer: int, at: int, expert: int) -> None:
    """Draw the experts most often co-activated with this one."""
    st.markdown(f"**{t('one_expert.coactivation_title')}**")
    shares = found.coactivation[at, expert]
    best = [int(e) for e in np.argsort(-np.nan_to_num(shares, nan=-1.0))[:PARTNERS]]
    even = (found.ids.shape[2] - 1) / (len(shares) - 1)
    names = [t("experts.expert_n", expert=e) for e in best]
    together = np.nan_to_num(shares[best])
    chart(
        drawn_once(
            figures.parts,
            names,
            together.tolist(),
            even,
            {"share": t("one_expert.coactivation_axis")},
        ),
        key="e_one_coactivation",
        alt=t("one_expert.coactivation_alt", shares=listed_shares(names, together)),
    )
    st.caption(t("one_expert.coactivation_reading", even=f"{even:.0%}"))
    folded_table(
        lambda: [
            {t("one_expert.expert"): e, t("one_expert.coactivation_axis"): round(float(share), 4)}
            for e, share in enumerate(shares)
            if e != expert
        ],
        "expert-coactivation",
        t("one_expert.coactivation_table", layer=layer, expert=expert),
        whose(model, "layer", layer, "expert", expert),
    )


def switched_off(model: str, layer: int, expert: int) -> None:
    """Draw what switching the expert off costs in loss, by domain."""
    st.markdown(f"**{t('one_expert.off_title')}**")
    without_it = Intervened(model, Intervention(off=frozenset({(layer, expert)})))
    plain, without = held_out.read(ONE_EXPERT, [model, without_it], held_out.ROWS)
    if len(plain) < held_out.ROWS:
        held_out.ask(ONE_EXPERT, t("one_expert.off_run", layer=layer, expert=expert))
        return
    gap, (low, high) = held_out.difference(without, plain, held_out.ROWS)
    st.markdown(
        t("one_expert.off_sentence", gap=f"{gap:+z.4f}", low=f"{low:+z.4f}", high=f"{high:+z.4f}")
    )
    if said := held_out.when(plain, without):
        st.caption(said)
    names = [t(f"experts.domain_{domain}") for domain in held_out.DOMAINS]
    gaps = [
        held_out.difference(without, plain, held_out.ROWS, place) for place in range(len(names))
    ]
    alt = t("one_expert.off_alt", gaps=differences.listed(names, gaps))
    differences.draw(names, gaps, "e_one_off", alt)
    folded_table(
        lambda: [
            {t("experts.column_domain"): name} | differences.cells(gap)
            for name, gap in zip(names, gaps, strict=True)
        ],
        "expert-off",
        t("one_expert.off_table", layer=layer, expert=expert),
        whose(model, "layer", layer, "expert", expert),
    )
