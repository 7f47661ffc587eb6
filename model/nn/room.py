"""The kernel's Python face: a model, room for its rows, and the two plain ways to use them.

`KernelModel` is read-only and may be shared by threads; a `Room` belongs to one thread at a time.
Sampling takes one uniform number per token, drawn outside from (seed, number of the row).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.config import ModelConfig, read_config, student
from model.nn import weights as loading
from model.nn.decoding import LENGTH, RUNNING, STOPPED, Rows, advance
from model.nn.layout import Batch, Codec, Floats, Gates, Record, Scratch, Sizes, Weights
from model.nn.simd import LANES, ROWS
from model.nn.weights import aligned, whole

AS_IT_IS = Codec(projected=False, bits=0, group=1)
STEPS = 16  # between two looks at who has ended
TOGETHER = 16  # rows: more would not share weights much better, and their caches would leave L3


@dataclass(frozen=True, eq=False)
class KernelModel:
    """A model in the kernel's layout."""

    config: ModelConfig
    sizes: Sizes
    weights: Weights
    gates: Gates
    codec: Codec = AS_IT_IS
    latent_bytes: int | None = None  # of one token, if a codec keeps it

    @classmethod
    def load(cls, folder: Path) -> KernelModel:
        """The model in a checkpoint folder.

        Raises:
            CheckpointError: if the folder cannot be used, or has weights that are not finite.
        """
        return cls.pack(read_config(folder), loading.read_tensors(folder / "model.safetensors"))

    @classmethod
    def pack(cls, config: ModelConfig, state: dict[str, Floats]) -> KernelModel:
        """The model of a state dict with the names that transformers has on disk."""
        return cls(config, loading.sizes(config), *loading.pack(config, state))

    @property
    def token_bytes(self) -> int:
        """What one token takes in the cache: float32, the features that are kept, all layers."""
        return self.latent_bytes or 4 * self.sizes.cached * self.sizes.L


@dataclass(frozen=True)
class Keep:
    """What a room's record keeps of every token."""

    experts: bool = True
    scores: bool = False
    attention: bool = False


@dataclass(frozen=True, eq=False)
class Run:
    """One sequence of T tokens, F of them fed; M layers with experts, E in each, k chosen."""

    n_given: int
    token_ids: NDArray[np.int32]  # [T]
    logprobs: Floats  # [T], natural; NaN for the first, and for given ones unless asked for
    entropies: Floats  # [T], nats
    expert_ids: NDArray[np.int16]  # [F, M, k], strongest first
    expert_weights: Floats  # [F, M, k]
    scores: Floats  # [F, M, E] if kept, else of length 0
    attention: Floats  # [L, H, F, F] if kept, else of length 0
    cache_bytes: NDArray[np.int64]  # [T] held once a token is fed
    seconds: float
    finish_reason: str  # "stop" or "length"


class Room:
    """Preallocated cache and arrays for some rows of a model, each with its own place in them."""

    def __init__(
        self, model: KernelModel, rows: int, keep: Keep | None = None, chunk: int = 64
    ) -> None:
        """`chunk` tokens at most are computed at once; no less than there are rows."""
        keep = keep or Keep()
        s, C, N = model.sizes, model.config.max_position_embeddings, max(chunk, rows)
        k, E, M, H = model.gates.k, s.E, s.L - s.dense_layers, s.H
        self.model = model
        self.cache = aligned(rows, s.L, whole(C) // LANES, s.cached, LANES)
        self.rows = Rows(
            tokens=np.zeros((rows, C), np.int32),
            length=np.zeros(rows, np.int64),
            fed=np.zeros(rows, np.int64),
            end=np.zeros(rows, np.int64),
            state=np.full(rows, LENGTH, np.int8),
            read=np.zeros(rows, np.bool_),
            temperature=np.zeros(rows),
            uniform=np.zeros((rows, C)),
            given=np.zeros(rows, np.int64),
            logprobs=np.full((rows, C), np.nan, np.float32),
            entropies=np.full((rows, C), np.nan, np.float32),
        )
        with_experts = rows if keep.experts else 0
        self.record = Record(
            expert_ids=np.zeros((with_experts, C, M, k), np.int16),
            expert_weights=np.zeros((with_experts, C, M, k), np.float32),
            scores=np.zeros((rows if keep.scores else 0, C, M, E), np.float32),
            attention=np.zeros((rows if keep.attention else 0, s.L, H, C, C), np.float32),
        )
        self.batch = Batch(*(np.zeros(N, np.int64) for _ in Batch._fields))

        def wide(rows: int, width: int) -> Floats:
            return aligned(rows, whole(width) + LANES)

        self.scratch = Scratch(
            x=wide(N, s.D),
            h=wide(N, s.D),
            low=wide(N, s.q_rank),
            q=wide(N, H * s.query),
            query=wide(N, H * s.key),
            kv=wide(N, s.cached),
            probability=wide(ROWS, C),
            o=wide(N, H * s.o_head),
            out=wide(N, H * s.head_out),
            inner=wide(N, 2 * whole(max(s.inner, s.shared_inner))),
            scores=wide(N, E),
            ids=np.zeros((N, k), np.int64),
            chosen=np.zeros((N, k), np.float32),
            choice=np.zeros(E, np.float32),
            works=np.zeros(E, np.float32),
            taken=np.zeros(E, np.bool_),
            group=np.zeros(s.groups, np.float32),
            start=np.zeros(E + 1, np.int64),
            slot=np.zeros((N, k), np.int64),
            expert_x=wide(N * k, s.D),
            expert_h=wide(N * k, 2 * whole(s.expert_inner)),
            logits=wide(N, s.V),
            exps=np.zeros(whole(s.V), np.float32),
        )

    def put(
        self,
        row: int,
        ids: Sequence[int],
        new: int,
        temperature: float = 0.0,
        uniform: NDArray[np.float64] | None = None,
        read: bool = False,
    ) -> None:
        """A sequence takes a row's place: it may grow by `new` tokens, or to the context's end.

        With `new` 0 the text is read. `read` asks for log-probabilities of the given tokens, too.
        """
        r, n = self.rows, len(ids)
        r.tokens[row, :n] = ids
        r.given[row] = r.length[row] = n
        r.fed[row] = 0
        r.end[row] = min(n + new, r.tokens.shape[1])
        r.state[row] = RUNNING
        r.read[row] = read
        r.temperature[row] = temperature
        if uniform is not None:
            r.uniform[row, : len(uniform)] = uniform
        r.logprobs[row] = r.entropies[row] = np.nan

    def copy(self, source: int, target: int, tokens: int) -> None:
        """What was computed of a row's first tokens becomes another row's, that begins alike."""
        blocks = -(-tokens // LANES)
        self.cache[target, :, :blocks] = self.cache[source, :, :blocks]
        for part in self.record[:3]:
            if len(part):
                part[target, :tokens] = part[source, :tokens]
        if len(self.record.attention):
            part = self.record.attention
            part[target, :, :, :tokens, :tokens] = part[source, :, :, :tokens, :tokens]
        r = self.rows
        known = tokens + (r.tokens[source, tokens] == r.tokens[target, tokens])
        r.logprobs[target, :known] = r.logprobs[source, :known]
        r.entropies[target, :known] = r.entropies[source, :known]
        r.fed[target] = tokens

    def advance(self, slots: NDArray[np.int64], steps: int) -> int:
        """Moves rows on, as `decoding.advance` says; releases the interpreter lock."""
        m = self.model
        return advance(
            m.sizes, m.weights, m.gates, m.codec, self.cache, self.rows, self.record, self.batch,
            self.scratch, slots, steps,
        )  # fmt: skip

    def take(self, row: int, seconds: float = 0.0) -> Run:
        """A copy of what a row holds."""
        r, record = self.rows, self.record
        T, F = int(r.length[row]), int(r.fed[row])

        def kept(values: NDArray[Any]) -> NDArray[Any]:
            return values[row, :F].copy() if len(values) else values.copy()

        attention = record.attention
        return Run(
            n_given=int(r.given[row]),
            token_ids=r.tokens[row, :T].copy(),
            logprobs=r.logprobs[row, :T].copy(),
            entropies=r.entropies[row, :T].copy(),
            expert_ids=kept(record.expert_ids),
            expert_weights=kept(record.expert_weights),
            scores=kept(record.scores),
            attention=attention[row, :, :, :F, :F].copy() if len(attention) else attention.copy(),
            cache_bytes=np.minimum(np.arange(1, T + 1), F) * self.model.token_bytes,
            seconds=seconds,
            finish_reason="stop" if r.state[row] == STOPPED else "length",
        )


def uniforms(seed: int, number: int, n: int) -> NDArray[np.float64]:
    """n numbers in [0, 1) that belong to one row of one seed."""
    return np.random.default_rng((seed, number)).random(n)


def run(
    model: KernelModel,
    ids: Sequence[int],
    new: int,
    temperature: float = 0.0,
    seed: int = 0,
    keep: Keep | None = None,
) -> Run:
    """One prompt and its answer, everything about every token; with `new` 0 a text is read."""
    started = time.perf_counter()
    room = Room(model, 1, keep)
    room.put(0, ids, new, temperature, uniforms(seed, 0, new), read=True)
    slots = np.zeros(1, np.int64)
    while room.rows.state[0] == RUNNING:
        room.advance(slots, STEPS)
    return room.take(0, time.perf_counter() - started)


def complete(
    model: KernelModel,
    prompts: Sequence[Sequence[int]],
    new: int,
    temperature: float,
    seed: int,
    draws: Sequence[int] | None = None,
    threads: int = 1,
    keep: Keep | None = None,
) -> list[Run]:
    """Finishes many prompts, `TOGETHER` at a time in each thread; ended rows make way for others.

    Prompt i draws from (seed, draws[i]), or (seed, i). What equal prompts share is computed once,
    as long as one of them is in the room.
    """
    numbers = list(range(len(prompts)) if draws is None else draws)
    size = -(-len(prompts) // threads) or 1
    parts = [slice(first, first + size) for first in range(0, len(prompts), size)]

    def some(part: slice) -> list[Run]:
        rows = min(TOGETHER, len(prompts[part]))
        room = Room(model, rows, keep or Keep(experts=False))
        return finish(room, prompts[part], new, temperature, seed, numbers[part])

    if len(parts) == 1:
        return some(parts[0])
    with ThreadPoolExecutor(threads) as pool:
        return [run for runs in pool.map(some, parts) for run in runs]


def finish(
    room: Room,
    prompts: Sequence[Sequence[int]],
    new: int,
    temperature: float,
    seed: int,
    numbers: Sequence[int],
) -> list[Run]:
    """`complete`, in a given room that nobody else uses meanwhile."""
    started = time.perf_counter()
    left = Counter(map(tuple, prompts))
    waiting = list(range(len(prompts)))[::-1]
    free = list(range(len(room.rows.length)))[::-1]
    working: dict[int, int] = {}  # row of the room: number of its prompt
    begun: dict[int, tuple[int, ...]] = {}  # row of the room: prompt that its cache begins with
    done: dict[int, Run] = {}
    while waiting or working:
        while waiting and free:
            i, row = waiting.pop(), free.pop()
            prompt = tuple(prompts[i])
            room.put(row, prompt, new, temperature, uniforms(seed, numbers[i], new))
            if prompt in begun.values():
                room.copy(next(r for r, p in begun.items() if p == prompt), row, len(prompt) - 1)
            working[row], begun[row] = i, prompt
            left[prompt] -= 1
            while left[prompt] and room.rows.fed[row] < len(prompt) - 1:
                room.advance(np.array([row]), 1)
        room.advance(np.array(sorted(working)), STEPS)
        for row in [row for row in working if room.rows.state[row] != RUNNING]:
            done[working.pop(row)] = room.take(row, time.perf_counter() - started)
            free.append(row)
    return [done[i] for i in range(len(prompts))]


def warm_up() -> None:
    """Runs the smallest model once, so that all of the kernel is compiled, or read from its folder:
    it is the same code for every model."""
    c = student(vocab_size=LANES)
    c = replace(c, num_hidden_layers=1, max_position_embeddings=LANES)
    run(KernelModel.pack(c, loading.zeros(c)), [0], new=1)
