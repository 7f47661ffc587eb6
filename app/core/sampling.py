"""Many replies at a time: sampled in batches by the same worker that streams, and judged.

A batch takes the worker for as long as its rows are written, so it is kept small: whoever streams
beside it pauses for a second or so. Asks of one model, under the same limits, are written together;
what they draw does not depend on it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import streamlit as st

from app.core import contestants, models
from app.core.jobs import Job
from app.core.store import Store
from model.nn.tokenizer import BOS, encode
from model.tasks.check import judge
from model.tasks.problem import TEMPLATE, Problem

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from model.nn.cache import Prefix
    from model.nn.config import ModelConfig
    from model.runtime.engine import Engine
    from model.runtime.sampler import Completion

ROWS = 8  # replies to one ask that are written at once
TOGETHER = 16  # replies to all asks that are


@dataclass(frozen=True)
class Ask:
    """`n` replies of one contestant to one problem, going on from `head` (ids: all before it)."""

    contestant: str
    model: str
    problem: Problem
    ids: tuple[int, ...]
    head: str  # the part of the reply that stands already
    n: int
    temperature: float
    seed: int
    max_new_tokens: int
    budget: int | None = None  # of thinking tokens; then the thought is ended by force


@dataclass(frozen=True)
class Sample:
    """One judged reply. `seed` and `row` are what the engine draws from, whoever is beside it."""

    ask: int
    seed: int
    row: int
    text: str
    tokens: int
    finish_reason: str
    answer: str | None
    correct: bool


def fresh(
    one: contestants.Contestant,
    problem: Problem,
    n: int,
    temperature: float,
    seed: int,
    max_new_tokens: int,
    budget: int | None = None,
) -> Ask:
    """Replies from their beginning."""
    begin = one.begin(problem)
    prompt = TEMPLATE.format(question=problem.question) + begin
    ids = (BOS, *encode(models.tokenizer(one.model), prompt))
    limits = (n, temperature, seed, max_new_tokens, budget)
    return Ask(one.id, one.model, problem, ids, begin, *limits)


@dataclass(frozen=True)
class _GoingOn:
    """An engine that begins from what attention keeps of a run."""

    engine: Engine
    prefix: Prefix | None

    @property
    def config(self) -> ModelConfig:
        return self.engine.config

    @property
    def tokenizer(self) -> Tokenizer:
        return self.engine.tokenizer

    def complete(
        self,
        prompts: Sequence[Sequence[int]],
        max_new_tokens: int,
        temperature: float,
        seed: int,
        *,
        draws: Sequence[int] | None = None,
    ) -> list[Completion]:
        return self.engine.complete(prompts, max_new_tokens, temperature, seed, self.prefix, draws)


class Batch(Job):
    """Replies to several asks, some rows a turn; `samples` only ever grows."""

    def __init__(self, view: str, asks: Sequence[Ask], prefix: Prefix | None = None) -> None:
        """`prefix`: what attention keeps of a run that the asks, all of its model, go on from."""
        super().__init__([])
        self.view = view
        self.asks = tuple(asks)
        self.prefix = prefix
        self.kept = prefix.shared(self.asks[0].ids) if prefix else 0  # tokens not computed again
        self.samples: list[Sample] = []

    @property
    def id(self) -> str:
        content = json.dumps([self.view, *map(asdict, self.asks)])
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def total(self) -> int:
        return sum(ask.n for ask in self.asks)

    def of(self, ask: int) -> list[Sample]:
        """The samples so far of one ask, by its place."""
        return [sample for sample in list(self.samples) if sample.ask == ask]

    def parts(self, load: Callable[[str], Engine]) -> list[Iterator[None]]:
        return [self._sample(load)]

    def _sample(self, load: Callable[[str], Engine]) -> Iterator[None]:
        from model.runtime.thinking import think  # here, not above: it imports torch

        for start in range(0, max(ask.n for ask in self.asks), ROWS):
            for rows in self._together(start):
                ask = self.asks[rows[0][0]]  # the others have its model and limits
                engine, seed = load(ask.model), ask.seed + start
                if self.prefix is None and len(self.asks) == 1:
                    self.prefix = engine.read(ask.ids)  # once for all turns
                done = think(
                    _GoingOn(engine, self.prefix),
                    [self.asks[place].ids for place, _ in rows],
                    ask.temperature,
                    seed,
                    ask.max_new_tokens,
                    ask.budget,
                    draws=[row for _, row in rows],
                )
                for (place, row), completion in zip(rows, done, strict=True):
                    self.samples.append(self._judged(place, seed, row, completion))
                yield
        self.prefix = None  # a batch is kept for long, and a cache is large

    def _together(self, start: int) -> Iterator[list[tuple[int, int]]]:
        """Which replies are written next: the place of each one's ask, and its row."""
        alike: dict[tuple[object, ...], list[tuple[int, int]]] = {}
        for place, ask in enumerate(self.asks):
            key = (ask.model, ask.temperature, ask.seed, ask.max_new_tokens, ask.budget)
            asked = range(min(ROWS, ask.n - start))
            alike.setdefault(key, []).extend((place, row) for row in asked)
        for rows in alike.values():
            for i in range(0, len(rows), TOGETHER):
                yield rows[i : i + TOGETHER]

    def _judged(self, place: int, seed: int, row: int, completion: Completion) -> Sample:
        ask = self.asks[place]
        text = ask.head + completion.text
        judged = judge(ask.problem, text)
        return Sample(
            place,
            seed,
            row,
            text,
            len(completion.token_ids),
            completion.finish_reason,
            same_answer(judged.reply.answer),
            judged.correct,
        )

    def rows(self) -> list[dict[str, object]]:
        """Every sample with what it was drawn from, for a table, CSV and JSON."""
        return [
            {
                "contestant": (ask := self.asks[sample.ask]).contestant,
                "question": ask.problem.question,
                "right_answer": ask.problem.answer,
                "head": ask.head,
                "budget": ask.budget,
                "max_new_tokens": ask.max_new_tokens,
                "temperature": ask.temperature,
                **asdict(sample),
            }
            for sample in list(self.samples)
        ]


def same_answer(answer: str | None) -> str | None:
    """An answer with its numbers in order: those of a pick may come in any."""
    return None if answer is None else ",".join(sorted(answer.split(","), key=int))


@st.cache_resource(show_spinner=False)
def store() -> Store[Batch]:
    """Batches that have ended."""
    return Store()
