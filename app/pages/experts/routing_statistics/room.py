"""Routing statistics on held-out text, each compared with what papers found in their models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.core.assets import models, sources
from app.core.running.need_slot import NeedSlot
from app.core.texts import t
from app.pages.experts import figures as expert_figures
from app.pages.experts import held_out, inputs, recording
from app.pages.experts import state as session
from app.pages.experts.routing_statistics import counts as statistics
from app.pages.experts.routing_statistics import figures, saturation
from app.pages.experts.routing_statistics.counts import RoutingCounts
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table, small, whose
from model.analysis import routing_statistics as routing

#: The room of one expert shares it. Its pictures are drawn from the first rows on.
READ = NeedSlot("routing_statistics", every=2.0)
FIRST = 2 * len(held_out.DOMAINS)  # rows that are enough for a first picture


def read(model: str) -> RoutingCounts | None:
    """A model's statistics: of the first rows as soon as they are read, then of all.

    Until all are read, draws the progress; returns None before the first.
    """
    (found,) = held_out.read(READ, [model], held_out.ROWS, at_once=True)
    if (n := len(found)) < held_out.ROWS:
        held_out.ask(READ, t("routing_statistics.read", rows=held_out.ROWS, model=model))
        n = FIRST if n >= FIRST else 0
    return statistics.counted(model, n, found) if n else None


def room() -> None:
    """Draw the room."""
    READ.area(over_much_text)


def text_read(found: RoutingCounts, model: str) -> None:
    """Say what was read, and when, if not live."""
    said = t("routing_statistics.text", tokens=len(found.tokens), model=model)
    st.caption(f"{said} {recording.told(found.date)}".rstrip())


def over_much_text() -> None:
    """Draw all statistics of the chosen model."""
    st.header(t("routing_statistics.title"))
    st.markdown(t("routing_statistics.lead"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = inputs.model()
        layers = list(models.card(model).moe_layers)
        layer, at = session.choose_layer(layers, "e_stat_layer")
    if (found := read(model)) is None:
        return
    text_read(found, model)
    domains(found, model, layer, at)
    coactivation(found, model, layer, at)
    favourite_share(found, model, layers)
    repetition(found, model, layers)
    saturation.SATURATION.area(lambda: saturation.section(model, layers))


def domains(found: RoutingCounts, model: str, layer: int, at: int) -> None:
    """Draw expert × domain of one layer."""
    st.subheader(t("experts.domains_title"))
    share_DE = found.by_domain[:, at] / found.domain_tokens[:, None]
    names = [t(f"experts.domain_{domain}") for domain in held_out.DOMAINS]
    even = found.ids.shape[2] / share_DE.shape[1]
    domain, expert = np.unravel_index(share_DE.argmax(), share_DE.shape)
    st.markdown(
        t(
            "routing_statistics.domains_sentence",
            layer=layer,
            expert=expert,
            domain=names[domain],
            share=f"{share_DE.max():.0%}",
            whole=f"{found.load[at, expert] / len(found.tokens):.0%}",
            even=f"{even:.0%}",
        )
    )
    labels = {
        "expert": t("experts.expert_axis"),
        "share": t("experts.share_domain_axis"),
        "hover": t("experts.domain_hover"),
    }
    chart(
        drawn_once(expert_figures.domains, share_DE, even, names, labels),
        key="e_domain_chart",
        alt=t(
            "experts.domains_alt",
            layer=layer,
            domain=names[domain],
            expert=expert,
            share=f"{share_DE.max():.0%}",
        ),
    )
    fewest = int(found.domain_tokens.min())
    st.caption(
        t(
            "experts.domains_reading",
            model=model,
            texts=found.rows // len(held_out.DOMAINS),
            even=f"{even:.0%}",
            fewest=fewest,
            chance=f"{200 * (2 * even * (1 - even) / fewest) ** 0.5:.1f}",
        )
    )
    st.markdown(t("routing_statistics.domains_published"))
    folded_table(
        lambda: [
            {t("experts.column_domain"): name, t("experts.domain_tokens"): int(n)}
            | by_expert(shares)
            for name, n, shares in zip(names, found.domain_tokens, share_DE, strict=True)
        ],
        "experts-domains",
        t("routing_statistics.domains_table", layer=layer),
        whose(model, "layer", layer),
    )


def by_expert(shares: NDArray[np.floating]) -> dict[str, object]:
    """Table cells, one column per expert; None for NaN."""
    return {
        t("experts.expert_n", expert=e): None if np.isnan(share) else round(float(share), 4)
        for e, share in enumerate(shares)
    }


def percents(shares: NDArray[np.floating]) -> str:
    """Shares as text: "12%, 30%"."""
    return ", ".join(f"{share:.0%}" for share in shares)


def floors(model: str) -> statistics.Chance:
    """The chance levels of random scores in this model's gates."""
    config = models.config(model)
    names = ("n_routed_experts", "num_experts_per_tok", "n_group", "topk_group")
    return statistics.chance(*(int(config[name]) for name in names))


def coactivation(found: RoutingCounts, model: str, layer: int, at: int) -> None:
    """Draw which experts are co-activated."""
    st.subheader(t("routing_statistics.coactivation_title"))
    share_EE = found.coactivation[at]
    experts, chosen = len(share_EE), found.ids.shape[2]
    i, j = np.unravel_index(np.nanargmax(share_EE), share_EE.shape)
    random = floors(model)
    st.markdown(
        t(
            "routing_statistics.coactivation_sentence",
            layer=layer,
            i=i,
            j=j,
            share=f"{share_EE[i, j]:.0%}",
            back=f"{share_EE[j, i]:.0%}",
        )
    )
    even = (chosen - 1) / (experts - 1)
    labels = {
        "with": t("routing_statistics.with"),
        "of": t("routing_statistics.of"),
        "share": t("routing_statistics.coactivation_share"),
        "hover": t("routing_statistics.coactivation_hover"),
    }
    groups = int(models.config(model)["n_group"])
    chart(
        drawn_once(figures.coactivation, share_EE, groups, even, labels),
        key="e_coactivation",
        alt=t(
            "routing_statistics.coactivation_alt",
            layer=layer,
            i=i,
            j=j,
            share=f"{share_EE[i, j]:.0%}",
        ),
    )
    reference = models.published_routing()["coactivation"]
    their_even = (reference["chosen"] - 1) / (reference["experts"] - 1)
    st.caption(
        t(
            "routing_statistics.coactivation_reading",
            even=f"{even:.0%}",
            inside=f"{random.inside:.0%}",
            across=f"{random.across:.0%}",
            model=reference["model"],
            source=sources.translated(reference["source"]),
            theirs=f"{their_even:.0%}",
        )
    )
    folded_table(
        lambda: [
            {t("routing_statistics.of"): e} | by_expert(shares) for e, shares in enumerate(share_EE)
        ],
        "experts-coactivation",
        t("routing_statistics.coactivation_table", layer=layer),
        whose(model, "layer", layer),
    )


def favourite_share(found: RoutingCounts, model: str, layers: list[int]) -> None:
    """Draw how consistently tokens are routed to the same expert."""
    st.subheader(t("routing_statistics.favourite_share_title"))
    own, shuffled = found.favourite_share, found.favourite_share_shuffled
    chart(
        drawn_once(
            figures.lines,
            [
                figures.StatisticLine(
                    t("routing_statistics.favourite_share_own"), layers, own.tolist()
                ),
                figures.StatisticLine(
                    t("routing_statistics.favourite_share_shuffled"), layers, shuffled.tolist()
                ),
            ],
            [],
            {"x": t("experts.layer"), "y": t("routing_statistics.favourite_share_axis")},
            layers,
        ),
        key="e_favourite_share",
        alt=t(
            "routing_statistics.favourite_share_alt", own=percents(own), shuffled=percents(shuffled)
        ),
    )
    st.caption(t("routing_statistics.favourite_share_reading", least=statistics.LEAST))
    folded_table(
        lambda: [
            {
                t("experts.layer"): layer,
                t("routing_statistics.favourite_share_own"): round(float(a), 4),
                t("routing_statistics.favourite_share_shuffled"): round(float(b), 4),
            }
            for layer, a, b in zip(layers, own, shuffled, strict=True)
        ],
        "experts-favourite-share",
        t("routing_statistics.favourite_share_table"),
        model,
    )


def repetition(found: RoutingCounts, model: str, layers: list[int]) -> None:
    """Draw how often adjacent tokens share an expert, compared with Mixtral's figures."""
    st.subheader(t("routing_statistics.repetition_title"))
    own, loads, random = found.repetition, found.repetition_shuffled, floors(model)
    lines = {
        "first": own.first,
        "any": own.any,
        "first_loads": loads.first,
        "any_loads": loads.any,
    }
    chart(
        drawn_once(
            figures.lines,
            [
                figures.StatisticLine(
                    t(f"routing_statistics.repetition_{name}"), layers, shares.tolist()
                )
                for name, shares in lines.items()
            ],
            [
                (t("routing_statistics.chance", share=f"{chance:.1%}"), chance)
                for chance in (random.first, random.any)
            ],
            {"x": t("experts.layer"), "y": t("routing_statistics.repetition_axis")},
            layers,
        ),
        key="e_repetition",
        alt=t(
            "routing_statistics.repetition_alt",
            first=percents(own.first),
            any=percents(own.any),
            chance_first=f"{random.first:.0%}",
            chance_any=f"{random.any:.0%}",
        ),
    )
    st.caption(t("routing_statistics.repetition_reading"))
    folded_table(
        lambda: repetition_rows(found, layers),
        "experts-repetition",
        t("routing_statistics.repetition_table"),
        model,
    )
    published_repetition()


def repetition_rows(found: RoutingCounts, layers: Sequence[int]) -> list[dict[str, object]]:
    """All text, then domain by domain, for the table."""
    by_domain = {
        t(f"experts.domain_{domain}"): routing.repetition(
            found.ids, found.follows & (found.domain == place)
        )
        for place, domain in enumerate(held_out.DOMAINS)
    }
    return [
        repetition_row(domain, layers, each.first.tolist(), each.any.tolist())
        for domain, each in ({t("routing_statistics.all"): found.repetition} | by_domain).items()
    ]


def published_repetition() -> None:
    """What the paper on Mixtral found, and what chance would give there."""
    published = models.published_routing()["repetition"]
    chance = routing.even_repetition(published["experts"], published["chosen"])
    st.markdown(
        t(
            "routing_statistics.repetition_published",
            model=published["model"],
            source=sources.translated(published["source"]),
            first=f"{chance[0]:.1%}",
            any=f"{chance[1]:.1%}",
        )
    )
    small(
        [
            repetition_row(domain, published["layers"], first, published["any"][domain])
            for domain, first in published["first"].items()
        ],
        "experts-repetition-mixtral",
    )


def repetition_row(
    domain: str, layers: Sequence[int], first: Sequence[float], again: Sequence[float]
) -> dict[str, object]:
    """A table row with the shares for the first choice and for any, layer by layer."""
    row: dict[str, object] = {t("experts.column_domain"): domain}
    for layer, f, a in zip(layers, first, again, strict=True):
        row[t("experts.layer_n", layer=layer)] = f"{f:.1%} · {a:.1%}"
    return row
