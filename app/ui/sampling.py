"""How tokens are drawn: the fields for it, bound to the URL, and what stands in them."""

from __future__ import annotations

import random
from typing import Literal

import streamlit as st

from app.core import numbers
from app.core.errors import InputError
from app.core.texts import t

MAX_SEED = 2**31 - 1
MAX_TEMPERATURE = 2.0
DRAWN_SEEDS = 1_000_000  # below which a seed is drawn: short enough to be read out


def temperature_and_seed(
    temperature: float,
    seed: int,
    keys: tuple[str, str],
    *,
    width: int | Literal["stretch"] = "stretch",
    seed_help: str | None = None,
) -> None:
    """Two fields that begin with the given values, cut to their limits; `keys` are theirs, in the
    URL too."""
    st.number_input(
        t("common.temperature"),
        0.0,
        MAX_TEMPERATURE,
        value=float(numbers.within(temperature, 0.0, MAX_TEMPERATURE, 1.0)),
        step=0.1,
        key=keys[0],
        bind="query-params",
        help=t("common.temperature_help"),
        width=width,
    )
    seed_field(seed, keys[1], width=width, help=seed_help)


def seed_field(
    seed: int, key: str, *, width: int | Literal["stretch"] = "stretch", help: str | None = None
) -> None:
    """The seed alone, where the temperature is given."""
    st.number_input(
        t("common.seed"),
        0,
        MAX_SEED,
        value=numbers.whole(seed, 0, MAX_SEED, 0),
        key=key,
        bind="query-params",
        help=help,
        width=width,
    )


def drawn_seed() -> int:
    """A seed that nobody has chosen; not 0, with which pages open."""
    return random.randrange(1, DRAWN_SEEDS)


def chosen(keys: tuple[str, str]) -> tuple[float, int]:
    """Temperature and seed in the fields of these keys, within limits: widgets' own limits are the
    browser's.

    Raises:
        InputError: if a field is empty.
    """
    temperature, seed = (st.session_state.get(key) for key in keys)
    if temperature is None or seed is None:
        raise InputError(t("common.sampling_missing"))
    return numbers.within(temperature, 0.0, MAX_TEMPERATURE, 1.0), chosen_seed(keys[1])


def chosen_seed(key: str) -> int:
    """The seed in the field of this key, within its limits; 0 if there is none."""
    return numbers.whole(st.session_state.get(key), 0, MAX_SEED, 0)
