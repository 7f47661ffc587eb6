"""The kernel's Python interface: a model, and a workspace in which its rows are computed.

`KernelModel` is read-only and may be shared by threads; a `Workspace` belongs to one thread at a
time. Sampling takes one uniform number per token, which the caller draws from (seed, row number).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.nn import weights as loading
from model.nn.config import ModelConfig, read_config, student
from model.nn.decoding import LENGTH, RUNNING, STOPPED, Rows, advance
from model.nn.layout import (
    Floats,
    Gates,
    LatentCodec,
    RecordBuffers,
    Scratch,
    Sizes,
    TokenBatch,
    Weights,
)
from model.nn.simd import LANES, ROWS
from model.nn.weights import aligned, whole

WHOLE_LATENT = LatentCodec(projected=False, bits=0, group=1)


@dataclass(frozen=True, eq=False)
class KernelModel:
    """A model in the kernel's layout."""

    config: ModelConfig
    sizes: Sizes
    weights: Weights
    gates: Gates
    codec: LatentCodec = WHOLE_LATENT
    latent_bytes: int | None = None  # cache bytes per token, if a codec compresses the latent

    @classmethod
    def load(cls, folder: Path) -> KernelModel:
        """Load the model in a checkpoint folder.

        Raises:
            CheckpointError: if the folder cannot be used, or has weights that are not finite.
        """
        return cls.pack(read_config(folder), loading.read_tensors(folder / "model.safetensors"))

    @classmethod
    def pack(cls, config: ModelConfig, state: dict[str, Floats]) -> KernelModel:
        """Build the model from a state dict under transformers' names on disk."""
        return cls(config, loading.sizes(config), *loading.pack(config, state))

    def workspace(self, rows: int, keep: Keep) -> Workspace:
        """A workspace for this many sequences."""
        return Workspace(self, rows, keep)

    @property
    def token_bytes(self) -> int:
        """The cache bytes of one token over all layers, in float32 unless a codec is set."""
        return self.latent_bytes or 4 * self.sizes.cached * self.sizes.L


@dataclass(frozen=True)
class Keep:
    """What is recorded of every token."""

    experts: bool = True
    scores: bool = False
    attention: bool = False
    cache: bool = False  # the KV cache at the end of the run


@dataclass(frozen=True, eq=False)
class Run:
    """A sequence of T tokens, F of them fed; M layers with E experts each, k chosen per token."""

    n_given: int
    token_ids: NDArray[np.int32]  # [T]
    logprobs: Floats  # [T], in nats; NaN for the first, and for given ones unless requested
    entropies: Floats  # [T], nats
    expert_ids: NDArray[np.int16]  # [F, M, k], strongest first
    expert_weights: Floats  # [F, M, k]
    scores: Floats  # [F, M, E] if kept, else of length 0
    attention: NDArray[np.floating]  # [L, H, F, F] if kept, else of length 0
    cached: Floats  # [L, F, features] if kept: MLA c_kv, then k_pe; others all heads' k, then v
    cache_bytes: NDArray[np.int64]  # [T] size of the cache after each token
    seconds: Floats  # [T] compute time up to each token
    finish_reason: str  # "stop" or "length"
    date: str | None = None  # ISO, of the recording; None if it was computed live


class RecordedRows:
    """The rows of a batch and what is recorded of each; subclasses compute them."""

    def __init__(self, config: ModelConfig, rows: int, k: int, keep: Keep) -> None:
        """`k` is the number of experts per token."""
        self.keep = keep
        C, L, H = (
            config.max_position_embeddings,
            config.num_hidden_layers,
            config.num_attention_heads,
        )
        E, M = config.n_routed_experts or 0, len(config.moe_layers)
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
        self.record = RecordBuffers(
            expert_ids=np.zeros((with_experts, C, M, k), np.int16),
            expert_weights=np.zeros((with_experts, C, M, k), np.float32),
            scores=np.zeros((rows if keep.scores else 0, C, M, E), np.float32),
            attention=np.zeros((rows if keep.attention else 0, L, H, C, C), np.float32),
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
        """Put a sequence into a row; it may grow by `new` tokens, or to the end of the context.

        With `new` 0 the text is only scored. `read` requests log-probabilities of given tokens.
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
            drawn = uniform[: r.uniform.shape[1]]  # more than the context is never drawn
            r.uniform[row, : len(drawn)] = drawn
        r.logprobs[row] = r.entropies[row] = np.nan

    def copy_record(self, source: int, target: int, tokens: int) -> None:
        """Copy the record of a row's first tokens to another row."""
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

    @property
    def outdated(self) -> bool:
        """Whether a faster workspace is available, so that nothing new should start in this one."""
        return False

    def cached(self, row: int) -> Floats:
        """The KV cache of a row's F fed tokens: [L, F, features]."""
        raise NotImplementedError

    def taken(self, row: int, token_bytes: int, seconds: Floats) -> Run:
        """A copy of a row as a run; a token takes `token_bytes` in the cache."""
        r, record = self.rows, self.record
        T, F = int(r.length[row]), int(r.fed[row])

        def of_fed(values: NDArray[Any]) -> NDArray[Any]:
            return values[row, :F].copy() if len(values) else values.copy()

        attention = record.attention
        return Run(
            n_given=int(r.given[row]),
            token_ids=r.tokens[row, :T].copy(),
            logprobs=r.logprobs[row, :T].copy(),
            entropies=r.entropies[row, :T].copy(),
            expert_ids=of_fed(record.expert_ids),
            expert_weights=of_fed(record.expert_weights),
            scores=of_fed(record.scores),
            attention=attention[row, :, :, :F, :F].copy() if len(attention) else attention.copy(),
            cached=self.cached(row) if self.keep.cache else np.zeros((0, 0, 0), np.float32),
            cache_bytes=np.minimum(np.arange(1, T + 1), F) * token_bytes,
            seconds=seconds,
            finish_reason="stop" if r.state[row] == STOPPED else "length",
        )


class Workspace(RecordedRows):
    """A preallocated cache and scratch arrays for a number of rows of a model."""

    def __init__(
        self, model: KernelModel, rows: int, keep: Keep | None = None, chunk: int = 64
    ) -> None:
        """A batch has at most `chunk` tokens, or as many as there are rows if that is more."""
        s, C, N = model.sizes, model.config.max_position_embeddings, max(chunk, rows)
        k, E, H = model.gates.k, s.E, s.H
        super().__init__(model.config, rows, k, keep or Keep())
        self.model = model
        self.cache = aligned(rows, s.L, whole(C) // LANES, s.cached, LANES)
        self.batch = TokenBatch(*(np.zeros(N, np.int64) for _ in TokenBatch._fields))

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

    def cached(self, row: int) -> Floats:
        """See `RecordedRows.cached`."""
        held = self.cache[row].transpose(0, 1, 3, 2)  # [L, blocks, LANES, features]
        return held.reshape(len(held), -1, held.shape[-1])[:, : int(self.rows.fed[row])].copy()

    def take(self, row: int, seconds: Floats) -> Run:
        """A copy of a row as a run; the caller supplies `seconds` [T], its compute time."""
        return self.taken(row, self.model.token_bytes, seconds)

    def copy(self, source: int, target: int, tokens: int) -> None:
        """Copy the cache and record of a row's first tokens to another row with the same prefix."""
        blocks = -(-tokens // LANES)
        self.cache[target, :, :blocks] = self.cache[source, :, :blocks]
        self.copy_record(source, target, tokens)

    def advance(self, slots: NDArray[np.int64], steps: int) -> int:
        """Advance rows as `decoding.advance` does; releases the interpreter lock."""
        m = self.model
        return advance(
            m.sizes, m.weights, m.gates, m.codec, self.cache, self.rows, self.record, self.batch,
            self.scratch, slots, steps,
        )  # fmt: skip


def uniforms(seed: int, number: int, n: int) -> NDArray[np.float64]:
    """n uniform numbers in [0, 1), determined by the seed and the row number."""
    return np.random.default_rng((seed, number)).random(n)


def warm_up() -> None:
    """Run a tiny model once, so that all of the kernel is compiled or loaded from its folder; the
    code is the same for every model."""
    c = student(vocab_size=LANES)
    c = replace(c, num_hidden_layers=1, max_position_embeddings=LANES)
    workspace = Workspace(KernelModel.pack(c, loading.zeros(c)), rows=1)
    workspace.put(0, [0], new=1)
    workspace.advance(np.zeros(1, np.int64), 1)
