"""Statistics of MLA's latents on held-out text, and the cost in loss of compressing them.

    runs = scheduler.run(fit_requests(model, ids))
    fitted = fit(name, runs, rank)
    found = study(fitted, runs, scheduler.run(cost_requests(engines, ids)), learnt)

A codec says how a latent is compressed: a number of directions ("8"), or a precision ("int8").
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.analysis import latent_codec
from model.analysis.estimators import Interval, paired_difference
from model.nn.layout import Floats
from model.nn.workspace import Keep, KernelModel, Run
from model.runtime.batch import Request

FITTED_ROWS, FITTED_SEED = 16, 3  # held-out rows that the directions are fitted on
ROWS, SEED = 24, 1  # held-out rows for losses: the first of those that evaluations use
ERROR_ROWS = 4  # of the fitted rows, on which a codec's error is measured
PRECISIONS = {"bf16": 16, "int8": 8, "int4": 4}
FULL = "float32"
FILES = ("config.json", "model.safetensors", "tokenizer.json")  # files that a study depends on


def ranks(full: int) -> list[int]:
    """The numbers of directions to measure: powers of two, halfway between from 12 on, and all."""
    powers = [2**n for n in range(full.bit_length()) if 2**n <= full]
    halfway = [3 * n // 4 for n in powers if n >= 16]
    return sorted({*powers, *halfway, full})


def codecs(full: int) -> list[str]:
    """The names of all codecs to measure for a latent of width `full`."""
    return [*map(str, ranks(full)), *PRECISIONS]


def content(digests: Sequence[str]) -> str:
    """An id for a study, from the hashes of the model's `FILES` and the numbers of rows."""
    told = f"{'/'.join(digests)}/{FITTED_ROWS}/{ROWS}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class LatentFit:
    """The directions of a model's latents on held-out text; `id` is that of `content`."""

    id: str
    tokens: int
    values: NDArray[np.float64]  # [L, R] singular values, largest first
    basis: Floats  # [L, R, R]

    @property
    def rank(self) -> int:
        """The width of a latent."""
        return self.values.shape[1]

    def derive(self, codec: str) -> Callable[[KernelModel], KernelModel]:
        """A function that applies a codec to a model."""
        if codec in PRECISIONS:
            return partial(latent_codec.with_bits, bits=PRECISIONS[codec])
        return partial(latent_codec.with_directions, basis=self.basis[:, :, : int(codec)])


def fit_requests(model: Hashable, ids: NDArray[np.int64]) -> list[Request]:
    """Requests to read rows [n, T] and keep the latents."""
    keep = Keep(experts=False, cache=True)
    return [Request(model, tuple(row.tolist()), keep=keep) for row in ids]


def fit(name: str, runs: Sequence[Run], rank: int) -> LatentFit:
    """Fit the directions to the latents of the runs."""
    values, basis = latent_codec.principal([run.cached[..., :rank] for run in runs])
    return LatentFit(name, sum(len(run.token_ids) for run in runs), values, basis)


def cost_requests(engines: Sequence[Hashable], ids: NDArray[np.int64]) -> list[Request]:
    """Requests to score rows [n, T] with each engine: the original model, then one per codec.

    They go row by row, so that partial results are comparable.
    """
    keep = Keep(experts=False)
    return [
        Request(engine, tuple(row.tolist()), read=True, keep=keep)
        for row in ids
        for engine in engines
    ]


@dataclass(frozen=True, eq=False)
class Study:
    """The results, on all rows or on those that every codec has scored so far."""

    tokens: int  # that the directions are fitted on
    values: NDArray[np.float64]  # [L, R] singular values, largest first
    per_token: dict[str, int]  # measured cache bytes, by codec; FULL is the original model
    error: dict[str, float]  # relative error of the latents, by codec
    nats: dict[str, list[float]]  # loss of each row, by codec
    learnt: list[int]  # number of learnt tokens of each row

    @property
    def rows(self) -> int:
        """The number of rows that every codec has scored."""
        return len(self.learnt)

    def loss(self) -> float:
        """The loss of the original model on these rows, in nats per learnt token."""
        return sum(self.nats[FULL]) / sum(self.learnt)

    def cost(self, name: str) -> tuple[float, Interval]:
        """The loss with a codec minus that without, on the same rows, with its 95 % interval."""
        return paired_difference(self.nats[name], self.nats[FULL], self.learnt)

    def to_json(self) -> dict[str, Any]:
        """The study as JSON, rounded to the precision of its figures."""
        nats = {name: [round(x, 4) for x in rows] for name, rows in self.nats.items()}
        error = {name: round(x, 6) for name, x in self.error.items()}
        values = np.round(self.values, 4).tolist()
        return asdict(self) | {"values": values, "nats": nats, "error": error}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Study:
        """The inverse of `to_json`, up to rounding."""
        return cls(**{**raw, "values": np.array(raw["values"])})


def study(
    fitted: LatentFit,
    fit_runs: Sequence[Run],
    runs: Sequence[Run | None],
    learnt: NDArray[np.bool_],
) -> Study:
    """The results of the runs of `cost_requests` so far; `learnt` [n, T] are the loss masks."""
    names = [FULL, *codecs(fitted.rank)]
    nats: dict[str, list[float]] = {name: [] for name in names}
    tokens: list[int] = []
    per_token: dict[str, int] = {}
    for place in range(0, len(runs), len(names)):
        of_row = runs[place : place + len(names)]
        if None in of_row:
            continue
        wanted = learnt[place // len(names)][1:]
        for name, run in zip(names, of_row, strict=True):
            assert run is not None
            nats[name].append(-float(run.logprobs[1:][wanted].sum(dtype=np.float64)))
            per_token[name] = int(run.cache_bytes[0])
        tokens.append(int(wanted.sum()))
    error = _errors(fitted, fit_runs)
    return Study(fitted.tokens, fitted.values, per_token, error, nats, tokens)


def _errors(fitted: LatentFit, runs: Sequence[Run]) -> dict[str, float]:
    c_LTR = np.concatenate([run.cached[..., : fitted.rank] for run in runs[:ERROR_ROWS]], axis=1)
    found = {}
    for name in codecs(fitted.rank):
        if name in PRECISIONS:
            seen = latent_codec.rounded(c_LTR, PRECISIONS[name])
        else:
            basis = fitted.basis[:, :, : int(name)]
            seen = c_LTR @ basis @ basis.swapaxes(1, 2)
        found[name] = latent_codec.lost(c_LTR, seen)
    return found
