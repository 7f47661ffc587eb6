"""Models, unchanged or under interventions, on held-out text of every domain.

The rows are the same for all models with the same tokenizer. What rooms open on is recorded: base's
losses and routing, and its losses under some interventions; all else is read live.
"""

from __future__ import annotations

import base64
import datetime
import functools
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.assets import models
from app.core.assets.files import filled, read_json, reporting_damage
from app.core.running.need_slot import PATIENCE, NeedSlot
from app.core.texts import t
from app.pages.experts import recording
from model import ASSETS
from model.analysis.estimators import Interval, bootstrap_ratio, paired_difference
from model.analysis.interventions import Intervened
from model.data.held_out import DOMAINS, EACH, rows_in_turn
from model.nn.workspace import Run
from model.runtime.batch import Request

ROWS = EACH * len(DOMAINS)  # maximum per reader

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
    drawn = rows_in_turn(models.tokenizer(model), context)
    return tuple(Row(tuple(ids.tolist()), learnt) for ids, learnt in drawn)


def model_of(reader: ReadingModel) -> str:
    """The name of the reading model."""
    return reader.model if isinstance(reader, Intervened) else reader


@dataclass(frozen=True, eq=False)
class HeldOutRuns:
    """A model's losses and routing on the first R rows."""

    model: str
    nats: list[float]  # [R], summed over the learnt tokens
    learnt: list[int]  # [R]
    ids: list[NDArray[np.integer]]  # [R][T, L, k]; none if recorded under an intervention
    date: str | None = None  # ISO, of the recording; None if read live

    def __len__(self) -> int:
        return len(self.nats)

    def first(self, rows: int) -> HeldOutRuns:
        """The same of fewer rows."""
        return replace(self, nats=self.nats[:rows], learnt=self.learnt[:rows], ids=self.ids[:rows])

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


def when(*found: HeldOutRuns) -> str:
    """When results were recorded, as a sentence; empty if they were read live."""
    return recording.told(*(each.date for each in found))


def requests(readers: Sequence[ReadingModel], n: int) -> list[Request]:
    """Requests for the first n rows, each by all readers, so that partial results are
    comparable."""
    return [
        Request(reader, rows(model_of(reader))[place].ids, read=True)
        for place in range(n)
        for reader in readers
    ]


_RECORD = {"date": filled, "of": filled, "nats": {str: [float]}, "experts": filled}


@functools.lru_cache(maxsize=8)
def readings(model: str) -> dict[str, HeldOutRuns]:
    """What is recorded of a model on the first rows, by the names of the readers: by itself with
    its routing, else the losses alone. Nothing if it was recorded with other weights.

    Raises:
        DamagedFileError: if the record is damaged.
    """
    path = ASSETS / "samples" / f"held-out-{model}.json"
    if not path.exists():
        return {}
    found = read_json(path, _RECORD)
    if found["of"] != models.digest(model, "model.safetensors"):
        return {}
    learnt = [int(row.learnt.sum()) for row in rows(model)]
    with reporting_damage(path):
        date, nats = found["date"], found["nats"]
        datetime.date.fromisoformat(date)
        if max(map(len, nats.values())) > len(learnt):
            raise ValueError("more rows than there are")
        ids = {model: _routing(model, len(nats[model]), found["experts"])}
    return {
        reader: HeldOutRuns(model, each, learnt[: len(each)], ids.get(reader, []), date)
        for reader, each in nats.items()
    }


def _routing(model: str, rows_read: int, experts: str) -> list[NDArray[np.integer]]:
    """The recorded routing of the first rows: [R][T, L, k]."""
    card = models.card(model)
    shape = (rows_read, len(rows(model)[0].ids), len(card.moe_layers), card.num_experts_per_tok)
    packed = zlib.decompressobj().decompress(
        base64.b64decode(experts, validate=True), math.prod(shape) + 1
    )
    ids = np.frombuffer(packed, np.uint8).reshape(shape)
    if ids.max() >= card.n_routed_experts:
        raise ValueError("no such expert")
    return list(ids)


def recorded(reader: ReadingModel) -> HeldOutRuns | None:
    """A reader's results on the first rows, if they are recorded; see `readings`."""
    return readings(model_of(reader)).get(str(reader))


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
    """The readers' results on n rows, or on as many as all have read so far; see `NeedSlot.have`.

    The slot reads what is not recorded.
    """
    kept = {
        reader: found
        for reader in readers
        if (found := recorded(reader)) is not None and n <= len(found)
    }
    others = [reader for reader in dict.fromkeys(readers) if reader not in kept]
    key = (tuple(readers), n)
    runs = slot.have(key, requests(others, n), at_once=at_once, patience=patience)
    found_by = kept | dict(zip(others, read_so_far(others, runs), strict=True))
    done = min(n, *map(len, found_by.values()))
    return [found_by[reader].first(done) for reader in readers]


def ask(slot: NeedSlot, button: str) -> None:
    """Draw the slot's progress with Stop, or a button that starts the reading."""
    slot.ask(button, t("held_out.progress", share=slot.share))
