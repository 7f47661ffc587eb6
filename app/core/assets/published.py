"""Published figures: the papers' tables, curves and stages with their sources; none are our own."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from app.core.assets.files import reference
from app.core.assets.sources import translated
from model import ASSETS

TABLES = ("zero", "others", "stages", "distilled", "against")


@dataclass(frozen=True)
class PublishedTable:
    """A published table; the first column names the row, None is a figure not given."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]
    sources: tuple[str, ...]

    def records(self) -> list[dict[str, object]]:
        """The rows by column, for a table and CSV."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@functools.cache
def _file() -> dict[str, Any]:
    found: dict[str, Any] = reference(ASSETS / "reference" / "published.json")
    return found


def source(name: str) -> str:
    """The full source of a figure."""
    return translated(_file()["sources"][name])


def table(name: str) -> PublishedTable:
    """One of `TABLES`."""
    raw = _file()["tables"][name]
    sources = tuple(source(one) for one in raw["source"])
    return PublishedTable(tuple(raw["columns"]), tuple(map(tuple, raw["rows"])), sources)


def curve(name: str) -> tuple[list[float], list[float]]:
    """Steps and values of R1-Zero's "pass@1", "cons@16" or "length", read off published figures."""
    raw = _file()["curves"][name]
    return raw["step"], raw["value"]


def curves_source() -> str:
    """The source of the curves, and how accurately they were read off."""
    return translated(_file()["curves_source"])


@dataclass(frozen=True)
class Rung:
    """o1's share on AIME 2024 for one way of using samples; `name` is the key of its text."""

    name: str
    share: float


@dataclass(frozen=True)
class O1:
    """The figures in the text of OpenAI's page on o1."""

    ladder: tuple[Rung, ...]
    source: str


def o1() -> O1:
    raw = _file()["o1"]
    return O1(tuple(Rung(name, share) for name, share in raw["ladder"]), translated(raw["source"]))


def stage(name: str) -> dict[str, float]:
    """The published figures for the stage that one of our models corresponds to; {} if none."""
    return _file()["stages"].get(name, {})


def stages_source() -> str:
    return translated(_file()["stages_source"])


@dataclass(frozen=True)
class Ablated:
    """A model that DeepSeek trained to compare kinds of attention, all else being equal.

    `elements` are cached per token; None if the table does not give them. `scores` are in percent,
    by test.
    """

    table: int
    model: str
    attention: str
    elements: int | None
    scores: dict[str, float]


@functools.cache
def ablation() -> tuple[Ablated, ...]:
    """DeepSeek-V2's comparison of kinds of attention, with MHA first for each model."""
    raw = _file()["ablation"]
    return tuple(
        Ablated(
            run["table"],
            run["model"],
            run["attention"],
            run.get("elements"),
            dict(zip(raw["tests"], run["scores"], strict=True)),
        )
        for run in raw["runs"]
    )


def ablation_source() -> str:
    return translated(_file()["ablation"]["source"])
