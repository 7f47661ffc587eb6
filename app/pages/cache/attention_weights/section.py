"""Latent cache: which tokens the heads of each twin attend to from the pinned token."""

from __future__ import annotations

import streamlit as st

from app.core.assets import models
from app.core.errors import in_words
from app.core.running.need_slot import RUNS
from app.core.texts import t
from app.pages.cache.attention_weights import figures
from app.pages.cache.latent import state as session
from app.pages.cache.latent import study as latents
from app.ui import units
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table, whose

MOST = 5  # tokens per head in the table


def section() -> None:
    """Draw small multiples of one layer: a row per twin, a column per head."""
    st.header(t("attention_weights.attention_title"))
    st.markdown(t("attention_weights.attention_lead"))
    trace = session.trace()
    runs = latents.twin_runs(RUNS.get(latents.twin_requests(trace)))
    if runs is None:
        st.caption(t("cache.wait"))
        return
    token = session.pin(trace)
    st.fragment(in_words()(_patterns))(runs, token, trace.texts)


def _patterns(runs: latents.TwinRuns, token: int, texts: tuple[str, ...]) -> None:
    layer = session.layer_choice(list(range(len(runs.c_kv))), "c_attention_layer")
    rows = [
        figures.HeadWeights(kind, runs.attention[name][layer, :, token, : token + 1])
        for name, kind in models.twins().items()
    ]
    st.text(t("attention_weights.attention_token", token=token, text=units.token(texts[token])))
    chart(
        drawn_once(
            figures.patterns,
            rows,
            # a word at each number would touch the next one on a phone
            [
                t("attention_weights.head_n", head=0),
                *map(str, range(1, max(len(row.weights) for row in rows))),
            ],
            {
                "token": t("cache.axis_token"),
                "weight": t("attention_weights.axis_weight"),
                "hover": t("attention_weights.hover_weight"),
            },
        ),
        key="c_attention",
        alt=t("attention_weights.attention_alt", token=token, layer=layer, most=_most(rows)),
    )
    st.caption(t("attention_weights.attention_reading"))
    folded_table(
        lambda: [
            {
                t("cache.column_kind"): row.kind,
                t("attention_weights.column_head"): head,
                t("attention_weights.column_place"): int(place),
                t("attention_weights.column_token"): texts[place],
                t("attention_weights.axis_weight"): round(float(weights[place]), 3),
            }
            for row in rows
            for head, weights in enumerate(row.weights)
            for place in weights.argsort()[::-1][:MOST]
        ],
        "cache-attention",
        t("attention_weights.of_attention"),
        whose(*models.twins(), "layer", layer, "token", token),
    )


def _most(rows: list[figures.HeadWeights]) -> str:
    """The token with the largest weight in each head, in words."""
    return "; ".join(
        t(
            "attention_weights.attention_most",
            kind=row.kind,
            head=head,
            place=int(weights.argmax()),
            share=f"{weights.max():.0%}",
        )
        for row in rows
        for head, weights in enumerate(row.weights)
    )
