"""What a model, as it is or changed, does with held-out text of every domain: read once, kept.

A survey grows row by row in the server's one worker and never changes what it has. It is kept by
the hash of its content: weights, tokenizer and change. Rows take turns between domains, so that
any beginning is balanced, and are equal for all models with one tokenizer.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.core import models
from app.core.jobs import Job
from app.core.store import Store
from model.analysis.estimators import Interval, bootstrap_ratio, paired_difference
from model.data import texts
from model.tasks import TASKS

if TYPE_CHECKING:
    from model.analysis.interventions import Intervention
    from model.runtime.engine import Engine

DOMAINS = (*TASKS, *texts.DOMAINS)
ROWS = 16 * len(DOMAINS)  # of a survey at most; row i is of domain i modulo their number
SEED = 2  # of the rows; 1 draws those of the README's tables


class Row(NamedTuple):
    """One row of held-out text."""

    ids: list[int]
    learnt: NDArray[np.bool_]  # predicted with a loss, as in training


@functools.lru_cache(maxsize=8)
def _domain_rows(tokenizer: str, model: str, domain: str) -> list[Row]:
    """All rows of a domain; `tokenizer` is the digest of the model's."""
    from model.training import heldout  # here, not above: it imports torch

    context = int(models.config(model)["max_position_embeddings"])
    n = ROWS // len(DOMAINS)
    drawn = heldout.domain_rows(models.tokenizer(model), domain, context - 1, n, SEED)
    return [Row(ids.tolist(), learnt.numpy()) for ids, learnt in zip(*drawn, strict=True)]


def row(model: str, place: int) -> Row:
    """Row `place` of all surveys of a model."""
    domain = DOMAINS[place % len(DOMAINS)]
    return _domain_rows(models.digest(model, "tokenizer.json"), model, domain)[
        place // len(DOMAINS)
    ]


@dataclass(eq=False)
class Survey:
    """R rows read so far; lists only ever grow, all of them together by one row."""

    id: str
    model: str
    nats: list[float] = field(default_factory=list)  # [R], summed over the learnt tokens
    learnt: list[int] = field(default_factory=list)  # [R]
    ids: list[NDArray[np.int16]] = field(default_factory=list)  # [R][T, L, k]

    def __len__(self) -> int:
        return len(self.ids)  # appended last

    def loss(self, rows: int, domain: int | None = None) -> tuple[float, Interval]:
        """Mean loss of the first rows, in nats per learnt token, with its 95 % interval."""
        chosen = slice(domain, rows, 1 if domain is None else len(DOMAINS))
        nats, learnt = self.nats[chosen], self.learnt[chosen]
        return sum(nats) / sum(learnt), bootstrap_ratio(nats, learnt)


def difference(
    changed: Survey, plain: Survey, rows: int, domain: int | None = None
) -> tuple[float, Interval]:
    """Loss of a changed model less the untouched one's on the same first rows, paired."""
    chosen = slice(domain, rows, 1 if domain is None else len(DOMAINS))
    return paired_difference(changed.nats[chosen], plain.nats[chosen], plain.learnt[chosen])


def survey(model: str, change: Intervention | None = None) -> Survey:
    """The one survey of this content, as far as it has been read."""
    content = "/".join(
        (
            *(models.digest(model, file) for file in ("config.json", "model.safetensors")),
            models.digest(model, "tokenizer.json"),
            "" if change is None else change.name,
        )
    )
    key = hashlib.sha256(content.encode()).hexdigest()[:16]
    kept = store().get(key)
    if kept is None:
        kept = Survey(key, model)
        store().put(kept)
    return kept


@st.cache_resource(show_spinner=False)
def store() -> Store[Survey]:
    """The server's surveys."""
    return Store(64)


def changed_engine(engine: Engine, change: Intervention) -> Engine:
    """An engine beside another, with a change of its routing.

    Raises:
        ValueError: if the model cannot be changed so.
    """
    from model.analysis.reference_interventions import intervened
    from model.runtime.engine import Engine as Made  # here, not above: it imports torch

    return Made(intervened(engine.model, change), engine.tokenizer, engine.about)


def extend(survey: Survey, engine: Engine, rows: int) -> Iterator[None]:
    """Read on until a survey has so many rows, a row a turn."""
    from model.analysis.teacher_forcing import teacher_force  # here, not above: it imports torch

    while len(survey) < rows:
        ids, learnt = row(survey.model, len(survey))
        reading = teacher_force(engine.model, ids)
        survey.nats.append(-float(reading.logprobs[learnt].sum()))
        survey.learnt.append(int(learnt.sum()))
        survey.ids.append(reading.expert_ids)
        yield


class Surveying(Job):
    """Reads on in several surveys in turn, until each has its rows."""

    def __init__(self, asks: Sequence[tuple[str, Intervention | None]], rows: int) -> None:
        super().__init__([])
        self.asks = list(asks)
        self.surveys = [survey(*ask) for ask in self.asks]
        self.rows = rows

    @property
    def progress(self) -> float:
        """Share of all rows that have been read."""
        read = sum(min(len(each), self.rows) for each in self.surveys)
        return read / (self.rows * len(self.surveys))

    def parts(self, load: Callable[[str], Engine]) -> list[Iterator[None]]:
        return [self._read(load)]

    def _read(self, load: Callable[[str], Engine]) -> Iterator[None]:
        """All surveys grow together, so that they can be compared on what there is."""
        engines = {}
        for (name, change), each in zip(self.asks, self.surveys, strict=True):
            engine = load(name)
            engines[each.id] = engine if change is None else changed_engine(engine, change)
        for rows in range(1, self.rows + 1):
            for each in self.surveys:
                yield from extend(each, engines[each.id], rows)


def common(surveys: Sequence[Survey]) -> int:
    """Rows that all of them have."""
    return min(map(len, surveys))
