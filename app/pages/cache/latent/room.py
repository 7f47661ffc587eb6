"""Latent cache: inside the latent of the MLA model, token by token."""

from __future__ import annotations

import streamlit as st

from app.core.links import pinned, set_pin
from app.core.texts import t
from app.pages.cache import state as session_of_run
from app.pages.cache.attention_weights import section as attention_weights_section
from app.pages.cache.latent import costs, figures
from app.pages.cache.latent import state as session
from app.pages.cache.latent import study as latents
from app.pages.cache.run import room as run_room
from app.ui import units
from app.ui.chart import chart
from app.ui.components.trace_view import trace_view
from app.ui.drawn_once import drawn_once
from app.ui.table import folded_table, whose
from model.record.trace import Trace


def room() -> None:
    """Draw the run's latents token by token, the attention weights, and the cost of compression."""
    st.markdown(t("latent.lead"))
    with st.expander(t("latent.inputs"), expanded=session_of_run.RUN.error() is not None):
        run_room.inputs()
    latents.TWIN_RUNS.area(pictures)
    attention_weights_section.section()
    st.header(t("latent.rank_title"))
    latents.STUDY.area(costs.costs)


def pictures() -> None:
    """Draw the MLA run's tokens, the pinned one's latent in all layers, and one layer's latents."""
    trace = session.trace()
    _strip(trace)
    runs = session.twin_runs()
    if runs is None:
        latents.TWIN_RUNS.ask(t("latent.again"), t("cache.wait"))
        return
    token = session.pin(trace)
    limits = figures.limit(runs.c_kv), figures.limit(runs.k_pe)  # all pictures share their colours
    whole = figures.LatentParts(runs.c_kv, runs.k_pe, *limits)
    _one_token(trace, whole, token)
    _all_tokens(trace, whole, token)


def _strip(trace: Trace) -> None:
    """The tokens to choose from; a new pin is on the pictures at once."""
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


def _labels(hover: str) -> dict[str, str]:
    """The words of both pictures; what to say of a value differs."""
    return {
        "layer": t("latent.axis_layer"),
        "token": t("cache.axis_token"),
        "c_kv": t("latent.axis_c_kv"),
        "k_pe": t("latent.axis_k_pe"),
        "bar_c_kv": t("latent.bar_c_kv"),
        "bar_k_pe": t("latent.bar_k_pe"),
        "hover": hover,
    }


def _one_token(trace: Trace, whole: figures.LatentParts, token: int) -> None:
    """The pinned token's latent in every layer; `whole` is of all layers and tokens [L, T]."""
    one = whole.at(slice(None), token)
    text = units.token(trace.texts[token])
    st.text(t("latent.token_title", token=token, text=text))
    chart(
        drawn_once(figures.one_token, one, _labels(t("latent.hover_layer"))),
        key="c_one_token",
        alt=t("latent.token_alt", token=token, text=text, **_span(one)),
    )
    folded_table(
        lambda: [
            {
                t("latent.axis_layer"): row,
                t("latent.column_part"): name,
                t("latent.column_feature"): feature,
                t("latent.column_value"): round(float(value), 3),
            }
            for row in range(len(one.c_kv))
            for name, part in (("c_kv", one.c_kv), ("k_pe", one.k_pe))
            for feature, value in enumerate(part[row])
        ],
        "cache-latent-of-a-token",
        t("latent.of_latent", token=token),
        whose(trace.card.name, trace.info.date, "token", token),
    )


def _all_tokens(trace: Trace, whole: figures.LatentParts, token: int) -> None:
    """The latents of all tokens in one layer, which the viewer chooses; the pinned one is marked.

    `whole` is of all layers and tokens [L, T].
    """
    layer = session.layer_choice(list(range(len(whole.c_kv))), "c_layer")
    every = whole.at(layer, slice(None))
    chart(
        drawn_once(figures.tokens, every, token, _labels(t("latent.hover_token"))),
        key="c_all_tokens",
        alt=t("latent.tokens_alt", layer=layer, tokens=len(every.c_kv), **_span(every)),
    )
    st.caption(t("latent.pictures_reading", model=trace.card.name))
    folded_table(
        lambda: [
            {t("cache.axis_token"): place, t("latent.column_text"): trace.texts[place]}
            | {f"c_kv {f}": round(float(x), 3) for f, x in enumerate(every.c_kv[place])}
            | {f"k_pe {f}": round(float(x), 3) for f, x in enumerate(every.k_pe[place])}
            for place in range(len(every.c_kv))
        ],
        f"cache-latents-of-layer-{layer}",
        t("latent.of_latents", layer=layer),
        whose(trace.card.name, trace.info.date),
    )


def _span(parts: figures.LatentParts) -> dict[str, str]:
    """The smallest and largest values, for the text alternative to the colours."""
    return {
        "c_low": f"{parts.c_kv.min():.2f}",
        "c_high": f"{parts.c_kv.max():.2f}",
        "k_low": f"{parts.k_pe.min():.2f}",
        "k_high": f"{parts.k_pe.max():.2f}",
    }
