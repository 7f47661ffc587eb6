"""The path of one token through all layers, and what the router of a layer computed for it."""

from __future__ import annotations

import json

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.core.texts import t
from app.pages.experts import state as session
from app.pages.experts.route import figures, router_scores
from app.ui.chart import chart
from app.ui.components.trace_view.payload import shares
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table, whose
from model.analysis import expert_load
from model.analysis.routing_decision import Decision
from model.record.trace import Trace


def words() -> dict[str, str]:
    """The labels of the figure of a path."""
    return {
        "layer": t("route.layer"),
        "expert": t("route.expert"),
        "trunk": t("route.trunk"),
        "shared": t("route.shared"),
        "hover": t("route.hover", layer="{layer}", expert="{expert}", share="{share}"),
        "panel_0": t("experts.panel_0"),
        "panel_1": t("experts.panel_1"),
    }


def token_route(trace: Trace, token: int, layer: int | None) -> None:
    """Draw everything about the pinned token; only its text if no choices are recorded."""
    text = json.dumps(trace.texts[token], ensure_ascii=False)
    if token >= trace.fed:
        st.text(t("experts.pinned_last", token=token, text=text))
        return
    st.text(t("experts.pinned", token=token, text=text))
    if layer is None:
        return
    groups = trace.card.groups
    path = figures.Route(trace.expert_ids[token], shares(trace)[token])
    chart(
        drawn_once(
            figures.path, [path], trace.moe_layers, trace.card.n_routed_experts, groups, words()
        ),
        key="e_path",
        alt=t("route.alt", token=token, experts=listed(trace.expert_ids[token])),
    )
    st.caption(t("route.reading"))
    folded_table(
        rows(trace, token, groups),
        "experts-route",
        t("route.path_table", token=token),
        whose(trace.card.name, trace.info.date, "token", token),
    )
    if session.ships(trace):
        router_scores.SCORES.area(lambda: router(trace, token, layer))


def listed(ids: NDArray[np.integer]) -> str:
    """Experts by layer [L, k] as text: "3, 5; 0, 7"."""
    return "; ".join(", ".join(map(str, of_layer)) for of_layer in ids.tolist())


def rows(trace: Trace, token: int, groups: int) -> list[dict[str, object]]:
    """The experts of one token as table rows: one per layer, strongest first."""
    found: dict[int, dict[str, object]] = {}
    for choice in expert_load.choices(trace, groups, token):
        _, _, _, layer, rank, expert, group, weight, _ = choice
        said = t("common.not_recorded") if weight is None else f"{weight:.3f}"
        cell = t("experts.cell", expert=expert, group=group, weight=said)
        row = found.setdefault(layer, {t("experts.layer"): layer})
        row[t("experts.rank", rank=rank)] = cell
    return list(found.values())


def router(trace: Trace, token: int, layer: int) -> None:
    """Draw what a layer's router computed: scores, bias, groups, choice and margin."""
    at = trace.moe_layers.index(layer)
    st.markdown(f"**{t('route.router_title', layer=layer)}**")
    (run,) = router_scores.SCORES.have(trace.id, [router_scores.request(trace)])
    if run is None:
        router_scores.SCORES.ask(t("route.again"), t("route.wait"))
        return
    found = router_scores.decision(run, trace.card, token, at)
    without_bias = router_scores.decision(run, trace.card, token, at, with_bias=False)
    if found is None or without_bias is None:
        st.caption(t("common.not_recorded"))
        return
    st.markdown(" ".join(sentences(found, without_bias)))
    if set(found.chosen) != set(trace.expert_ids[token, at].tolist()):
        st.caption(t("route.differs"))
    groups, chosen = len(found.group_scores), set(found.chosen)
    labels = {
        "expert": t("experts.expert_axis"),
        "score": t("route.score"),
        "choice": t("route.choice"),
        "closed": t("route.closed"),
        "hover_score": t("route.hover_score"),
        "hover_choice": t("route.hover_choice"),
    }
    chart(
        drawn_once(
            figures.decision,
            found.scores,
            found.bias,
            found.kept_groups,
            found.chosen,
            found.next_expert,
            groups,
            labels,
        ),
        key="e_router",
        alt=t("route.router_alt", layer=layer, chosen=", ".join(map(str, found.chosen))),
    )
    st.caption(t("route.router_reading"))
    size = len(found.scores) // groups
    folded_table(
        lambda: [
            {
                t("experts.expert_axis"): e,
                t("experts.column_group"): e // size,
                t("route.group_score"): round(float(found.group_scores[e // size]), 4),
                t("route.score"): round(float(found.scores[e]), 4),
                t("route.bias"): round(float(found.bias[e]), 4),
                t("route.choice"): round(float(found.choice[e]), 4),
                t("experts.column_weight"): round(found.weights[e], 4) if e in chosen else None,
            }
            for e in range(len(found.scores))
        ],
        "experts-router",
        t("route.router_table", layer=layer),
        whose(trace.card.name, trace.info.date, "layer", layer, "token", token),
    )


def sentences(found: Decision, without_bias: Decision) -> list[str]:
    """The decision in words: groups, experts, the closest rejected one, the effect of the bias."""
    listed = ", ".join
    said = [
        t(
            "route.sentence",
            kept=listed(str(g) for g in sorted(found.kept_groups)),
            groups=len(found.group_scores),
            chosen=listed(str(e) for e in found.chosen),
        )
    ]
    if found.next_expert is not None:
        gap = f"{found.expert_gap:.3f}"
        last = found.chosen[-1]
        said.append(t("route.next_expert", expert=found.next_expert, gap=gap, last=last))
    if found.next_group is not None:
        gap = f"{found.group_gap:.3f}"
        said.append(t("route.next_group", group=found.next_group, gap=gap))
    if new := sorted(set(without_bias.chosen) - set(found.chosen)):
        old = sorted(set(found.chosen) - set(without_bias.chosen))
        pair = {"new": listed(map(str, new)), "old": listed(map(str, old))}
        said.append(t("route.bias_mattered", **pair))
    else:
        said.append(t("route.bias_idle"))
    return said
