"""The fields for sampling settings, bound to the URL, and their values."""

from __future__ import annotations

import random
from typing import Literal

from app.core.errors import Faults
from app.core.texts import t
from app.ui.number_field import NumberField

SEED = NumberField("common.seed", 0, 2**31 - 1)
TEMPERATURE = NumberField("common.temperature", 0.0, 2.0)
DRAWN_SEEDS = 1_000_000  # random seeds are below this, short enough to be read aloud


def temperature_and_seed(
    temperature: float,
    seed: int,
    keys: tuple[str, str],
    *,
    width: int | Literal["stretch"] = "stretch",
    seed_help: str | None = None,
) -> None:
    """Draw the two fields with initial values; `keys` are also their URL keys."""
    TEMPERATURE.draw(keys[0], temperature, step=0.1, width=width, help=t("common.temperature_help"))
    SEED.draw(keys[1], seed, width=width, help=seed_help)


def drawn_seed() -> int:
    """A random seed; never 0, with which pages open."""
    return random.randrange(1, DRAWN_SEEDS)


def chosen(keys: tuple[str, str]) -> tuple[float, int]:
    """The temperature and seed in the fields with these keys.

    Raises:
        InputError: if one is empty or beyond its limits, or both are.
    """
    faults = Faults()
    with faults:
        temperature = TEMPERATURE.checked(keys[0])
    with faults:
        seed = SEED.checked(keys[1])
    faults.tell()
    return temperature, seed
