"""How tokens are drawn: the fields for it, bound to the URL, and what stands in them."""

from __future__ import annotations

import random
from typing import Literal

from app.core.texts import t
from app.ui.number_field import NumberField

SEED = NumberField("common.seed", 0, 2**31 - 1)
TEMPERATURE = NumberField("common.temperature", 0.0, 2.0)
DRAWN_SEEDS = 1_000_000  # below which a seed is drawn: short enough to be read out


def temperature_and_seed(
    temperature: float,
    seed: int,
    keys: tuple[str, str],
    *,
    width: int | Literal["stretch"] = "stretch",
    seed_help: str | None = None,
) -> None:
    """Two fields that begin with the given values; `keys` are theirs, in the URL too."""
    TEMPERATURE.draw(keys[0], temperature, step=0.1, width=width, help=t("common.temperature_help"))
    SEED.draw(keys[1], seed, width=width, help=seed_help)


def drawn_seed() -> int:
    """A seed that nobody has chosen; not 0, with which pages open."""
    return random.randrange(1, DRAWN_SEEDS)


def chosen(keys: tuple[str, str]) -> tuple[float, int]:
    """Temperature and seed in the fields of these keys.

    Raises:
        InputError: if one is empty or beyond its limits.
    """
    return TEMPERATURE.checked(keys[0]), SEED.checked(keys[1])
