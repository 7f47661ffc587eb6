"""A running batch of one model, which sequences join and leave at step boundaries.

This is continuous batching (Orca, OSDI 2022, section 3.1): a row that has ended is free at once for
the next sequence, while the others continue.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from model.nn.config import CheckpointError
from model.nn.decoding import RUNNING, Rows
from model.nn.workspace import Keep, KernelModel, Run, Workspace, uniforms

TOGETHER = 16  # rows: more would not share weights much better, and their caches would leave L3
TURN = 256  # tokens per turn: about 20 ms, so that a single reply takes one or two
PROMPT_STEPS = 4  # minimum steps per turn during prefill, of up to 64 tokens each


@dataclass(frozen=True)
class Request:
    """A requested sequence: a prompt to complete, or a text to score."""

    engine: Hashable  # key that its model is loaded by: a name, or a name and an intervention
    ids: tuple[int, ...]
    max_new_tokens: int = 0  # 0: the text is scored, and nothing is sampled
    temperature: float = 0.0  # 0 is greedy
    seed: int = 0
    row: int = 0  # sampling uses (seed, row), so the text does not depend on the rest of the batch
    read: bool = False  # whether given tokens get log-probabilities, too
    keep: Keep = field(default_factory=Keep)


@dataclass
class _Row:
    """A sequence in its row, with token counts and compute times after each turn."""

    request: Request
    tokens: list[int]
    seconds: list[float]

    def times(self, tokens: int) -> NDArray[np.float32]:
        """Compute time in seconds up to each token, interpolated within a turn."""
        at = np.arange(1, tokens + 1)
        return np.interp(at, self.tokens, self.seconds).astype(np.float32)


class WorkspaceLike(Protocol):
    """The workspace interface that a batch needs: `nn.workspace.Workspace`, or the reference's."""

    rows: Rows

    @property
    def outdated(self) -> bool: ...
    def put(
        self,
        row: int,
        ids: Sequence[int],
        new: int,
        temperature: float,
        uniform: NDArray[np.float64] | None,
        read: bool,
    ) -> None: ...
    def copy(self, source: int, target: int, tokens: int) -> None: ...
    def advance(self, slots: NDArray[np.int64], steps: int) -> int: ...
    def take(self, row: int, seconds: NDArray[np.float32]) -> Run: ...


class ModelLike(Protocol):
    """A model that opens workspaces."""

    def workspace(self, rows: int, keep: Keep) -> WorkspaceLike: ...


SequenceKey = TypeVar("SequenceKey", bound=Hashable)


class Batch(Generic[SequenceKey]):
    """Rows of one model, each with the sequence that is being computed in it.

    The caller chooses the keys of sequences. A batch belongs to one thread at a time.
    """

    def __init__(self, workspace: WorkspaceLike) -> None:
        self._workspace = workspace
        self._free = list(range(len(workspace.rows.length)))[::-1]
        self._rows: dict[int, _Row] = {}
        self._of: dict[SequenceKey, int] = {}

    def __len__(self) -> int:
        """The number of sequences being computed."""
        return len(self._rows)

    @property
    def free(self) -> int:
        """The number of free rows."""
        return len(self._free)

    @property
    def outdated(self) -> bool:
        """Whether its workspace is outdated: what runs in it may finish, but nothing new starts."""
        return self._workspace.outdated

    def admit(self, key: SequenceKey, request: Request) -> bool:
        """Give a sequence a row; returns False if it has to wait.

        It waits if no row is free, or while another sequence computes the same prompt: that row's
        cache is then copied, so that equal prompts are computed once.

        Raises:
            ValueError: if there are no tokens, or more than fit the model's context.
        """
        context = self._workspace.rows.tokens.shape[1]
        if not 0 < len(request.ids) <= context:
            raise ValueError(f"{len(request.ids)} tokens do not fit the model's context")
        if not self._free:
            return False
        known, source = 0, None
        for row, other in self._rows.items():
            if other.request.ids == request.ids and other.request.read == request.read:
                prompt = len(request.ids) - 1  # each row feeds the last token itself
                known = min(int(self._workspace.rows.fed[row]), prompt)
                if known < prompt:
                    return False
                source = row
                break
        row = self._free[-1]  # popped only once all is well, so that an error does not leak a row
        drawn = uniforms(request.seed, request.row, min(request.max_new_tokens, context))
        self._workspace.put(
            row, request.ids, request.max_new_tokens, request.temperature, drawn, request.read
        )
        if source is not None and known > 0:
            self._workspace.copy(source, row, known)
        self._free.pop()
        self._rows[row] = _Row(request, [known], [0.0])
        self._of[key] = row
        return True

    def turn(self, keys: Collection[SequenceKey] | None = None) -> list[tuple[SequenceKey, Run]]:
        """Advance the sequences of these keys (default: all); returns those that have ended.

        Prompts are read in the order in which they were admitted.
        """
        wanted = self._of.keys() if keys is None else set(keys)
        chosen = {key: row for key, row in self._of.items() if key in wanted}
        rows, slots = self._workspace.rows, np.array([*chosen.values()], np.int64)
        started = time.perf_counter()
        self._workspace.advance(slots, self._steps(slots))
        elapsed = time.perf_counter() - started
        ended = []
        for key, row in chosen.items():
            held = self._rows[row]
            drawing = rows.length[row] > rows.given[row]
            held.tokens.append(int(rows.length[row] if drawing else rows.fed[row]))
            held.seconds.append(held.seconds[-1] + elapsed)
            if rows.state[row] != RUNNING:
                ended.append((key, self.leave(key)))
        return ended

    def _steps(self, slots: NDArray[np.int64]) -> int:
        """The number of steps in a turn, so that it computes about `TURN` tokens in all."""
        rows = self._workspace.rows
        prompts = int(np.maximum(rows.given[slots] - 1 - rows.fed[slots], 0).sum())
        least = PROMPT_STEPS if prompts else 1
        return max(least, (TURN - prompts) // max(len(slots), 1))

    def reading(self, key: SequenceKey) -> bool:
        """Whether a sequence is still reading what it was given: its run so far has nothing new."""
        row, rows = self._of[key], self._workspace.rows
        return bool(rows.fed[row] < rows.given[row] - 1)

    def leave(self, key: SequenceKey) -> Run:
        """Remove a sequence from the batch and return its run so far.

        Raises:
            CheckpointError: if a sampled token's log-probability is not finite.
        """
        row = self._of.pop(key)
        held = self._rows.pop(row)
        self._free.append(row)
        times = held.times(int(self._workspace.rows.length[row]))
        run = self._workspace.take(row, times)
        if not np.isfinite(run.logprobs[run.n_given :]).all():
            raise CheckpointError("the model's weights are too large: its logits are not finite.")
        going = self._workspace.rows.state[row] == RUNNING
        return replace(run, finish_reason="stopped") if going else run


def complete(
    model: KernelModel,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    temperature: float,
    seed: int,
    threads: int = 1,
) -> list[Run]:
    """Complete many prompts, `TOGETHER` at a time in each thread, with continuous batching.

    Prompt i samples from (seed, i). Equal prompts are computed once.
    """
    requests = [
        Request("", tuple(ids), max_new_tokens, temperature, seed, row)
        for row, ids in enumerate(prompts)
    ]
    size = -(-len(requests) // threads) or 1
    parts = [requests[first : first + size] for first in range(0, len(requests), size)]

    def some(part: Sequence[Request]) -> list[Run]:
        return finish(Workspace(model, min(TOGETHER, len(part)), Keep(experts=False)), part)

    if len(parts) == 1:
        return some(parts[0])
    with ThreadPoolExecutor(threads) as pool:
        return [run for runs in pool.map(some, parts) for run in runs]


def finish(workspace: WorkspaceLike, requests: Sequence[Request]) -> list[Run]:
    """Compute all requests in a workspace that nobody else is using."""
    batch: Batch[int] = Batch(workspace)
    waiting, done = list(range(len(requests)))[::-1], dict[int, Run]()
    while len(done) < len(requests):
        while waiting and batch.admit(waiting[-1], requests[waiting[-1]]):
            waiting.pop()
        done.update(batch.turn())
    return [done[i] for i in range(len(requests))]


def run(
    model: KernelModel,
    ids: Sequence[int],
    max_new_tokens: int,
    temperature: float = 0.0,
    seed: int = 0,
) -> Run:
    """Complete one prompt, with the experts and log-probabilities of every token."""
    request = Request("", tuple(ids), max_new_tokens, temperature, seed, read=True)
    return finish(Workspace(model, 1), [request])[0]
