"""What MLA's latents are like on held-out text, and what it costs to keep less of them.

    runs = scheduler.run(fit_requests(model, ids))
    fitted = fit(name, runs, rank)
    found = study(fitted, runs, scheduler.run(cost_requests(engines, ids)), learnt)

A codec is what is kept of a latent: a number of directions ("8"), or a precision ("int8").
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
ROWS, SEED = 24, 1  # the first of the held-out rows that all losses are of
ERROR_ROWS = 4  # of those that the directions are fitted on: what a codec loses is measured on them
PRECISIONS = {"bf16": 16, "int8": 8, "int4": 4}
FULL = "float32"
FILES = ("config.json", "model.safetensors", "tokenizer.json")  # that a study depends on


def ranks(full: int) -> list[int]:
    """The numbers of directions that are measured: powers of two, what lies halfway, and all."""
    powers = [2**n for n in range(full.bit_length()) if 2**n <= full]
    halfway = [3 * n // 4 for n in powers if n >= 16]
    return sorted({*powers, *halfway, full})


def codecs(full: int) -> list[str]:
    """All that is measured of a latent that is `full` wide, by name."""
    return [*map(str, ranks(full)), *PRECISIONS]


def content(digests: Sequence[str]) -> str:
    """Names what a study is of: the model, by the hashes of its `FILES`, and what it reads."""
    told = f"{'/'.join(digests)}/{FITTED_ROWS}/{ROWS}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class LatentFit:
    """The directions of a model's latents on held-out text; `id` names what was read."""

    id: str
    tokens: int
    values: NDArray[np.float64]  # [L, R] singular values, largest first
    basis: Floats  # [L, R, R]

    @property
    def rank(self) -> int:
        """How wide a latent is."""
        return self.values.shape[1]

    def derive(self, codec: str) -> Callable[[KernelModel], KernelModel]:
        """Makes the model that keeps less."""
        if codec in PRECISIONS:
            return partial(latent_codec.with_bits, bits=PRECISIONS[codec])
        return partial(latent_codec.with_directions, basis=self.basis[:, :, : int(codec)])


def fit_requests(model: Hashable, ids: NDArray[np.int64]) -> list[Request]:
    """Rows [n, T] for the model to read, its latents kept."""
    keep = Keep(experts=False, cache=True)
    return [Request(model, tuple(row.tolist()), keep=keep) for row in ids]


def fit(name: str, runs: Sequence[Run], rank: int) -> LatentFit:
    """The directions of the latents of what was read."""
    values, basis = latent_codec.principal([run.cached[..., :rank] for run in runs])
    return LatentFit(name, sum(len(run.token_ids) for run in runs), values, basis)


def cost_requests(engines: Sequence[Hashable], ids: NDArray[np.int64]) -> list[Request]:
    """Rows [n, T] for each engine: the whole model, then one that keeps less for each codec.

    Row by row, so that what grows is comparable.
    """
    keep = Keep(experts=False)
    return [
        Request(engine, tuple(row.tolist()), read=True, keep=keep)
        for row in ids
        for engine in engines
    ]


@dataclass(frozen=True, eq=False)
class Study:
    """What was found, on all rows or on those that every codec has read so far."""

    tokens: int  # that the directions are fitted on
    values: NDArray[np.float64]  # [L, R] singular values, largest first
    per_token: dict[str, int]  # bytes, measured, by codec; FULL is untouched
    error: dict[str, float]  # relative, of the latents themselves, by codec
    nats: dict[str, list[float]]  # of each row, by codec
    learnt: list[int]  # tokens of each row that are predicted with a loss

    @property
    def rows(self) -> int:
        """Rows that every codec has read."""
        return len(self.learnt)

    def loss(self) -> float:
        """Of the untouched model on these rows, in nats per learnt token."""
        return sum(self.nats[FULL]) / sum(self.learnt)

    def cost(self, name: str) -> tuple[float, Interval]:
        """Loss with a codec less that without, same rows, with its 95 % interval."""
        return paired_difference(self.nats[name], self.nats[FULL], self.learnt)

    def to_json(self) -> dict[str, Any]:
        """All of it, rounded to what a picture shows."""
        nats = {name: [round(x, 4) for x in rows] for name, rows in self.nats.items()}
        error = {name: round(x, 6) for name, x in self.error.items()}
        values = np.round(self.values, 4).tolist()
        return asdict(self) | {"values": values, "nats": nats, "error": error}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Study:
        """What `to_json` gave."""
        return cls(**{**raw, "values": np.array(raw["values"])})


def study(
    fitted: LatentFit,
    fit_runs: Sequence[Run],
    runs: Sequence[Run | None],
    learnt: NDArray[np.bool_],
) -> Study:
    """What the runs of `cost_requests` say so far; `learnt` [n, T] are the flags of their rows."""
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
