"""Inside MLA's latent: a run read once more by all twins, and what it costs to keep less of it.

All of it is computed from runs of given texts (`NeedSlot`), which all viewers share.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.core import generation, models
from app.core.need_slot import NeedSlot
from app.core.prompt_runs import PromptRun
from app.core.run_slot import RunSlot
from app.core.store import Store
from model.analysis import kept_latent
from model.analysis.estimators import Interval, paired_difference
from model.data.held_out import Rows, mixture_rows
from model.nn.layout import Floats
from model.nn.room import Keep, Run
from model.record.trace import Trace
from model.runtime.batch import Request

MODEL = "base"
FITTED_ROWS, FITTED_SEED = 16, 3  # held-out rows that the directions are fitted on
ROWS, SEED = 24, 1  # the first of the held-out rows behind the losses of README and page
ERROR_ROWS = 4  # the first of them, on which what a codec loses is measured
PRECISIONS = {"bf16": 16, "int8": 8, "int4": 4}
FULL = "float32"
LATENTS = Keep(experts=False, cache=True)
LOSSES = Keep(experts=False)

READING, STUDY = NeedSlot("c_reading"), NeedSlot("c_study")


# --- A run as all twins read it ------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Reading:
    """One text of T tokens as all twins read it.

    c_kv [L, T, R], k_pe [L, T, p] of the MLA model; attention [L, H, T, T] by model, rows queries.
    """

    c_kv: Floats
    k_pe: Floats
    attention: dict[str, Floats]


def reading_requests(trace: Trace) -> list[Request]:
    """A run's fed tokens to each twin."""
    ids = tuple(trace.token_ids[: trace.fed].tolist())
    return [
        Request(name, ids, keep=Keep(experts=False, attention=True, cache=name == MODEL))
        for name in models.TWINS
    ]


def reading_of(runs: Sequence[Run | None]) -> Reading | None:
    """What the twins' runs say; None until all are there."""
    found = {name: run for name, run in zip(models.TWINS, runs, strict=True) if run is not None}
    if len(found) < len(models.TWINS):
        return None
    rank = int(models.config(MODEL)["kv_lora_rank"])
    cached = found[MODEL].cached
    attention = {name: run.attention for name, run in found.items()}
    return Reading(cached[..., :rank], cached[..., rank:], attention)


# --- What keeping less costs ---------------------------------------------------------------------


def ranks(full: int) -> list[int]:
    """The numbers of directions that are measured: powers of two, what lies halfway, and all."""
    powers = [2**n for n in range(full.bit_length()) if 2**n <= full]
    halfway = [3 * n // 4 for n in powers if n >= 16]
    return sorted({*powers, *halfway, full})


@dataclass(frozen=True, eq=False)
class Fit:
    """The directions of a model's latents on held-out text; `id` names what was read."""

    id: str
    tokens: int
    values: NDArray[np.float64]  # [L, R] singular values, largest first
    basis: Floats  # [L, R, R]

    def engine(self, codec: str) -> generation.Derived:
        """The model that keeps less: a number of directions ("8"), or a precision ("int8")."""
        if codec in PRECISIONS:
            derive = partial(kept_latent.with_bits, bits=PRECISIONS[codec])
        else:
            derive = partial(kept_latent.with_directions, basis=self.basis[:, :, : int(codec)])
        return generation.Derived(MODEL, ("latent", self.id, codec), derive)


def codecs() -> list[str]:
    """All that is measured, by name."""
    return [*map(str, ranks(int(models.config(MODEL)["kv_lora_rank"]))), *PRECISIONS]


def content() -> str:
    """Names the model's weights and what it reads."""
    files = ("config.json", "model.safetensors", "tokenizer.json")
    told = "/".join(models.digest(MODEL, file) for file in files)
    return hashlib.sha256(f"{told}/{FITTED_ROWS}/{ROWS}".encode()).hexdigest()[:16]


@functools.lru_cache(maxsize=4)
def _rows(tokenizer: str, n: int, seed: int) -> Rows:
    """Held-out rows that fit the model's context; `tokenizer` is the digest of the model's."""
    context = int(models.config(MODEL)["max_position_embeddings"])
    return mixture_rows(models.tokenizer(MODEL), context - 1, n, seed)


def rows(n: int, seed: int) -> Rows:
    """Ids and learnt flags [n, T] of held-out rows."""
    return _rows(models.digest(MODEL, "tokenizer.json"), n, seed)


def fit_requests() -> list[Request]:
    """The texts that the directions are fitted on."""
    ids, _ = rows(FITTED_ROWS, FITTED_SEED)
    return [Request(MODEL, tuple(row.tolist()), keep=LATENTS) for row in ids]


def _latents(run: Run) -> Floats:
    return run.cached[..., : int(models.config(MODEL)["kv_lora_rank"])]


_FITS: Store[Fit] = Store(4)


def fit(runs: Sequence[Run]) -> Fit:
    """The directions of the latents of the read texts, computed once for a model."""
    known = _FITS.get(content())
    if known is None:
        values, basis = kept_latent.principal([_latents(run) for run in runs])
        known = Fit(content(), sum(len(run.token_ids) for run in runs), values, basis)
        _FITS.put(known)
    return known


def cost_requests(fitted: Fit) -> list[Request]:
    """All rows with all of the latent, then with each codec; row by row, so that what grows is
    comparable."""
    ids, _ = rows(ROWS, SEED)
    engines = [MODEL, *(fitted.engine(name) for name in codecs())]
    return [
        Request(engine, tuple(row.tolist()), read=True, keep=LOSSES)
        for row in ids
        for engine in engines
    ]


@dataclass(frozen=True, eq=False)
class Study:
    """What the latents are like on held-out text, and what keeping less of them costs."""

    fit: Fit
    per_token: dict[str, int]  # bytes, measured
    error: dict[str, float]  # relative, of the latents themselves
    nats: dict[str, list[float]]  # of each row, by codec; FULL is untouched
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


def study(fitted: Fit, fit_runs: Sequence[Run], runs: Sequence[Run | None]) -> Study:
    """What the runs of `cost_requests` say so far."""
    names = [FULL, *codecs()]
    _, learnt = rows(ROWS, SEED)
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
    return Study(fitted, per_token, _errors(fitted, fit_runs), nats, tokens)


def _errors(fitted: Fit, runs: Sequence[Run]) -> dict[str, float]:
    c_LTR = np.concatenate([_latents(run) for run in runs[:ERROR_ROWS]], axis=1)
    found = {}
    for name in codecs():
        if name in PRECISIONS:
            seen = kept_latent.rounded(c_LTR, PRECISIONS[name])
        else:
            basis = fitted.basis[:, :, : int(name)]
            seen = c_LTR @ basis @ basis.swapaxes(1, 2)
        found[name] = kept_latent.lost(c_LTR, seen)
    return found


# --- A text with less of the latent --------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Pair:
    """The same prompt, settings and seed with all of the latent and with a codec's part of it."""

    codec: str
    plain: Trace
    coded: Trace

    @property
    def id(self) -> str:
        return f"{self.codec}/{self.plain.id}/{self.coded.id}"

    @property
    def alike(self) -> int:
        """New tokens that both wrote before they parted."""
        a, b = (run.token_ids[run.n_prompt :] for run in (self.plain, self.coded))
        pairs = enumerate(zip(a, b, strict=False))
        return next((n for n, (x, y) in pairs if x != y), min(len(a), len(b)))

    @property
    def parted(self) -> bool:
        """Whether one wrote another token than the other where both have one."""
        return self.alike < min(len(run) - run.n_prompt for run in (self.plain, self.coded))


class PairSlot(RunSlot[Pair]):
    """A slot that writes a prompt twice; the directions are fitted first, if nobody has."""

    def __init__(self) -> None:
        super().__init__("c_pair", Store(64))

    def write(self, trace: Trace, codec: str) -> None:
        """Write a run once more, with all of the latent and with a codec."""
        info = trace.info
        prompt = PromptRun(MODEL, info.prompt, info.max_new_tokens, info.temperature, info.seed)
        asked = fit_requests()

        def then(runs: Sequence[Run]) -> list[Request]:
            plain = prompt.request()
            return [plain, replace(plain, engine=fit(runs).engine(codec))]

        def make(runs: Sequence[Run | None]) -> Pair | None:
            written = [run for run in runs[len(asked) :] if run is not None]
            if len(written) < 2:
                return None
            return Pair(codec, prompt.trace(written[0]), prompt.trace(written[1]))

        self.start(asked, make, then)


PAIR = PairSlot()
