"""Many replies at a time to one or several questions: sampled by the scheduler, and judged.

SLOT = ReplySlot("r_samples")
SLOT.draw([ask, ...])       # a click; `growing` has the replies so far
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from app.core.asking.contestants import Contestant
from app.core.assets import models
from app.core.running.run_slot import RunSlot
from app.core.running.store import Store
from model.nn.tokenizer import BOS, decode, encode
from model.nn.workspace import Keep, Run
from model.runtime.batch import Request
from model.runtime.thinking import ANSWER_TOKENS, ENDED_BY_FORCE, forced_end, limit, over
from model.tasks.check import judge
from model.tasks.problem import TEMPLATE, Problem

NOTHING = Keep(experts=False)


@dataclass(frozen=True)
class ReplyRequest:
    """A request for `n` replies of a contestant to a problem, which continue from `ids`."""

    contestant: str
    model: str
    problem: Problem
    ids: tuple[int, ...]
    head: str  # the part of the reply that is already in `ids`
    n: int
    temperature: float
    seed: int
    max_new_tokens: int
    budget: int | None = None  # of thinking tokens, see `runtime.thinking`

    def request(self, row: int) -> Request:
        """The request for one reply, limited to its budget plus an answer."""
        most = limit(self.max_new_tokens, self.budget)
        return Request(self.model, self.ids, most, self.temperature, self.seed, row, keep=NOTHING)


def fresh(
    one: Contestant,
    problem: Problem,
    n: int,
    temperature: float,
    seed: int,
    max_new_tokens: int,
    budget: int | None = None,
) -> ReplyRequest:
    """A request for replies from their beginning."""
    begin = one.begin(problem)
    prompt = TEMPLATE.format(question=problem.question) + begin
    ids = (BOS, *encode(models.tokenizer(one.model), prompt))
    limits = (n, temperature, seed, max_new_tokens, budget)
    return ReplyRequest(one.id, one.model, problem, ids, begin, *limits)


@dataclass(frozen=True)
class SampledReply:
    """A judged reply. `seed` and `row` determine it, whatever else is in the batch."""

    ask: int
    seed: int
    row: int
    text: str
    tokens: int
    finish_reason: str
    answer: str | None
    correct: bool


@dataclass(frozen=True, eq=False)
class Replies:
    """The replies to several requests so far."""

    asks: tuple[ReplyRequest, ...]
    replies: tuple[SampledReply, ...]

    @property
    def id(self) -> str:
        """A hash of the requests and the number of replies."""
        content = json.dumps([len(self.replies), *map(asdict, self.asks)])
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def total(self) -> int:
        return sum(ask.n for ask in self.asks)

    def of(self, ask: int) -> list[SampledReply]:
        """The replies to the request at an index."""
        return [reply for reply in self.replies if reply.ask == ask]

    def rows(self) -> list[dict[str, object]]:
        """Every reply with its request, as rows for a table, CSV and JSON."""
        return [
            {
                "contestant": (ask := self.asks[reply.ask]).contestant,
                "question": ask.problem.question,
                "right_answer": ask.problem.answer,
                "head": ask.head,
                "budget": ask.budget,
                "max_new_tokens": ask.max_new_tokens,
                "temperature": ask.temperature,
                **asdict(reply),
            }
            for reply in self.replies
        ]


class ReplySampling:
    """Collects the replies to some requests as their runs finish; each is judged once."""

    def __init__(self, asks: Sequence[ReplyRequest]) -> None:
        self.asks = tuple(asks)
        self.wanted = [(place, row) for place, ask in enumerate(asks) for row in range(ask.n)]
        self.cut: list[int] = []  # indices of the replies whose thoughts were cut by the budget
        self._judged: dict[int, SampledReply] = {}

    def requests(self) -> list[Request]:
        return [self.asks[place].request(row) for place, row in self.wanted]

    def forced(self, runs: Sequence[Run | None]) -> list[Request]:
        """The requests that continue thoughts cut by their budget: a forced end, an answer."""
        found = []
        for number, run in enumerate(runs):
            place, row = self.wanted[number]
            ask = self.asks[place]
            if run is None or ask.budget is None or not _over(run, ask):
                continue
            closing = forced_end(models.tokenizer(ask.model))
            ids = (*run.token_ids[: len(ask.ids) + ask.budget].tolist(), *closing)
            seed = ask.seed + ENDED_BY_FORCE
            found.append(
                Request(ask.model, ids, ANSWER_TOKENS, ask.temperature, seed, row, keep=NOTHING)
            )
            self.cut.append(number)
        return found

    def make(self, runs: Sequence[Run | None]) -> Replies | None:
        """The judged replies of finished runs, without those cut short by Stop."""
        whole = [run if run and run.finish_reason != "stopped" else None for run in runs]
        first, after = whole[: len(self.wanted)], whole[len(self.wanted) :]
        over = {number for number in range(len(first)) if self._is_over(number, first[number])}
        ended = {n: run for n, run in enumerate(first) if run is not None and n not in over}
        ended |= {
            number: run for number, run in zip(self.cut, after, strict=False) if run is not None
        }
        for number, run in ended.items():
            if number not in self._judged:
                self._judged[number] = self._reply(number, run)
        found = tuple(self._judged[number] for number in sorted(self._judged))
        return Replies(self.asks, found) if found else None

    def _is_over(self, number: int, run: Run | None) -> bool:
        return run is not None and _over(run, self.asks[self.wanted[number][0]])

    def _reply(self, number: int, run: Run) -> SampledReply:
        place, row = self.wanted[number]
        ask = self.asks[place]
        written = run.token_ids[len(ask.ids) :].tolist()
        ended = run.finish_reason == "stop"
        body = decode(models.tokenizer(ask.model), written[:-1] if ended else written)
        judged = judge(ask.problem, ask.head + body)
        return SampledReply(
            place,
            ask.seed,
            row,
            ask.head + body,
            len(written),
            run.finish_reason,
            judged.vote,
            judged.correct,
        )


def _over(run: Run, ask: ReplyRequest) -> bool:
    """Whether a reply was still thinking when its budget was used up."""
    written = run.token_ids[len(ask.ids) :].tolist()
    return ask.budget is not None and over(models.tokenizer(ask.model), written, ask.budget)


STORE: Store[Replies] = Store(64)


class ReplySlot(RunSlot[Replies]):
    """A slot for replies to several requests."""

    def __init__(self, name: str) -> None:
        super().__init__(name, STORE)

    def draw(self, asks: Sequence[ReplyRequest]) -> None:
        """Start sampling the replies; see `RunSlot.start`."""
        sampling = ReplySampling(asks)
        self.start(sampling.requests(), sampling.make, sampling.forced)
