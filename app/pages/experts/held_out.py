"""Models, unchanged or under interventions, on held-out text of every domain.

Rows alternate between domains, so that any prefix is balanced, and are the same for all models
with the same tokenizer.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.assets import models
from app.core.running.generation import Intervened
from app.core.running.need_slot import PATIENCE, NeedSlot
from app.core.texts import t
from model.analysis.estimators import Interval, bootstrap_ratio, paired_difference
from model.data import lookup, texts
from model.data.held_out import domain_rows
from model.nn.workspace import Run
from model.runtime.batch import Request
from model.tasks import TASKS

DOMAINS = (*TASKS, lookup.DOMAIN, *texts.DOMAINS)
EACH = 16  # rows per domain
ROWS = EACH * len(DOMAINS)  # maximum per reader; row i is of domain i % len(DOMAINS)
SEED = 2  # of the rows; 1 draws those of the tables in assets/RESULTS.md

ReadingModel = str | Intervened
"""A model by its name, or one under an intervention"""


class Row(NamedTuple):
    """One row of held-out text."""

    ids: tuple[int, ...]
    learnt: NDArray[np.bool_]  # predicted with a loss, as in training


@functools.lru_cache(maxsize=64)
def rows(model: str) -> tuple[Row, ...]:
    """All rows that a model reads; models with the same tokenizer and context share them."""

    def size(name: str) -> tuple[str, int]:
        context = int(models.config(name)["max_position_embeddings"])
        return models.digest(name, "tokenizer.json"), context

    own = size(model)
    first = min(name for name in models.shipped() if size(name) == own)
    return _drawn(first, own[1] - 1) if first == model else rows(first)


def _drawn(model: str, context: int) -> tuple[Row, ...]:
    of_domains = [
        domain_rows(models.tokenizer(model), domain, context, EACH, SEED) for domain in DOMAINS
    ]
    return tuple(
        Row(tuple(ids[at].tolist()), learnt[at]) for at in range(EACH) for ids, learnt in of_domains
    )


def model_of(reader: ReadingModel) -> str:
    """The name of the reading model."""
    return reader.model if isinstance(reader, Intervened) else reader


@dataclass(frozen=True, eq=False)
class HeldOutRuns:
    """A model's losses and routing on the first R rows."""

    model: str
    nats: list[float]  # [R], summed over the learnt tokens
    learnt: list[int]  # [R]
    ids: list[NDArray[np.int16]]  # [R][T, L, k]

    def __len__(self) -> int:
        return len(self.nats)

    def loss(self, rows: int, domain: int | None = None) -> tuple[float, Interval]:
        """Mean loss of the first rows, in nats per learnt token, with its 95 % interval."""
        chosen = slice(domain, rows, 1 if domain is None else len(DOMAINS))
        nats, learnt = self.nats[chosen], self.learnt[chosen]
        return sum(nats) / sum(learnt), bootstrap_ratio(nats, learnt)


def difference(
    changed: HeldOutRuns, plain: HeldOutRuns, rows: int, domain: int | None = None
) -> tuple[float, Interval]:
    """Loss under an intervention minus the unchanged model's on the same first rows, paired."""
    chosen = slice(domain, rows, 1 if domain is None else len(DOMAINS))
    return paired_difference(changed.nats[chosen], plain.nats[chosen], plain.learnt[chosen])


def requests(readers: Sequence[ReadingModel], n: int) -> list[Request]:
    """Requests for the first n rows, each by all readers, so that partial results are
    comparable."""
    return [
        Request(reader, rows(model_of(reader))[place].ids, read=True)
        for place in range(n)
        for reader in readers
    ]


def read_so_far(readers: Sequence[ReadingModel], runs: Sequence[Run | None]) -> list[HeldOutRuns]:
    """What has been read of `requests` so far: the same number of rows for every reader."""
    n = len(readers)
    missing = next((i for i, run in enumerate(runs) if run is None), len(runs))
    found = []
    for at, reader in enumerate(readers):
        own = [run for run in runs[at : missing // n * n : n] if run is not None]
        learnt = [row.learnt for row in rows(model_of(reader))[: len(own)]]
        pairs = zip(own, learnt, strict=True)
        found.append(
            HeldOutRuns(
                model_of(reader),
                [-float(run.logprobs[flags].sum(dtype=np.float64)) for run, flags in pairs],
                [int(flags.sum()) for flags in learnt],
                [run.expert_ids for run in own],
            )
        )
    return found


def read(
    slot: NeedSlot,
    readers: Sequence[ReadingModel],
    n: int,
    *,
    at_once: bool = False,
    patience: float = PATIENCE,
) -> list[HeldOutRuns]:
    """The readers' results on n rows, as far as the slot has got; see `NeedSlot.have`."""
    key = (tuple(readers), n)
    runs = slot.have(key, requests(readers, n), at_once=at_once, patience=patience)
    return read_so_far(readers, runs)


def ask(slot: NeedSlot, button: str) -> None:
    """Draw the slot's progress with Stop, or a button that starts the reading."""
    slot.ask(button, t("held_out.progress", share=slot.share))
