"""The fields for how tokens are drawn, bound to the URL."""

from __future__ import annotations

import streamlit as st

from app.core.texts import t

MAX_SEED = 2**31 - 1
MAX_TEMPERATURE = 2.0


def temperature_and_seed(temperature: float, seed: int, keys: tuple[str, str]) -> None:
    """Two fields that begin with the given values; `keys` are theirs, in the URL too."""
    st.number_input(
        t("common.temperature"),
        0.0,
        MAX_TEMPERATURE,
        value=temperature,
        step=0.1,
        key=keys[0],
        bind="query-params",
        help=t("common.temperature_help"),
    )
    st.number_input(t("common.seed"), 0, MAX_SEED, value=seed, key=keys[1], bind="query-params")
