"""Inside MLA's latent: a run read by all twins, and what compressing the latent costs.

Everything is computed from runs on given texts (`NeedSlot`), which all viewers share.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.core.assets import models
from app.core.assets.files import count, grid, read_json, reporting_damage
from app.core.running import generation
from app.core.running.need_slot import NeedSlot
from app.core.running.prompt_runs import PromptRun
from app.core.running.run_slot import RunSlot
from app.core.running.store import Store
from app.pages.cache import state as session
from model import ASSETS
from model.analysis import latent_study
from model.analysis.latent_study import LatentFit, Study
from model.data.held_out import HeldOutRows, mixture_rows
from model.nn.layout import Floats
from model.nn.workspace import Keep, Run
from model.record.trace import Trace
from model.runtime.batch import Request

TWIN_RUNS, STUDY = NeedSlot("c_twin_runs"), NeedSlot("c_study")


def model() -> str:
    """The name of the MLA model among the twins."""
    return session.named("MLA")


# --- A run as all twins read it ------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class TwinRuns:
    """One text of T tokens as read by all twins.

    c_kv [L, T, R], k_pe [L, T, p] of the MLA model; attention [L, H, T, T] by model, rows queries.
    """

    c_kv: Floats
    k_pe: Floats
    attention: dict[str, NDArray[np.floating]]


def twin_requests(trace: Trace) -> list[Request]:
    """Requests that feed a run's fed tokens to each twin."""
    ids = tuple(trace.token_ids[: trace.fed].tolist())
    return [
        Request(name, ids, keep=Keep(experts=False, attention=True, cache=name == model()))
        for name in models.twins()
    ]


def twin_runs(runs: Sequence[Run | None]) -> TwinRuns | None:
    """Combine the twins' runs; None until all are there."""
    found = {name: run for name, run in zip(models.twins(), runs, strict=True) if run is not None}
    if len(found) < len(models.twins()):
        return None
    cached = found[model()].cached
    attention = {name: run.attention for name, run in found.items()}
    return TwinRuns(cached[..., : full()], cached[..., full() :], attention)


# --- What keeping less costs ---------------------------------------------------------------------


def full() -> int:
    """The width of the model's latent."""
    return int(models.config(model())["kv_lora_rank"])


def content() -> str:
    """A hash of the model's weights and of the texts it reads."""
    return latent_study.content([models.digest(model(), file) for file in latent_study.FILES])


@functools.lru_cache(maxsize=4)
def _rows(tokenizer: str, n: int, seed: int) -> HeldOutRows:
    """Held-out rows that fit the model's context; `tokenizer` is the digest of its tokenizer."""
    context = int(models.config(model())["max_position_embeddings"])
    return mixture_rows(models.tokenizer(model()), context - 1, n, seed)


def rows(n: int, seed: int) -> HeldOutRows:
    """Token ids and loss mask [n, T] of held-out rows."""
    return _rows(models.digest(model(), "tokenizer.json"), n, seed)


def fit_requests() -> list[Request]:
    """Requests for the texts that the directions are fitted on."""
    ids, _ = rows(latent_study.FITTED_ROWS, latent_study.FITTED_SEED)
    return latent_study.fit_requests(model(), ids)


_FITS: Store[LatentFit] = Store(4)
_fitting = threading.Lock()


def fit(runs: Sequence[Run]) -> LatentFit:
    """Fit the latents' directions on the texts that were read, once per model."""
    with _fitting:  # a second caller waits and finds the first one's result
        known = _FITS.get(content())
        if known is None:
            known = latent_study.fit(content(), runs, full())
            _FITS.put(known)
    return known


def engine(fitted: LatentFit, codec: str) -> generation.Derived:
    """The model with its latent compressed by a codec."""
    return generation.Derived(model(), ("latent", fitted.id, codec), fitted.derive(codec))


def cost_requests(fitted: LatentFit) -> list[Request]:
    """Requests for all rows with the full latent, then with each codec."""
    ids, _ = rows(latent_study.ROWS, latent_study.SEED)
    engines = [model(), *(engine(fitted, name) for name in latent_study.codecs(full()))]
    return latent_study.cost_requests(engines, ids)


def study(fitted: LatentFit, fit_runs: Sequence[Run], runs: Sequence[Run | None]) -> Study:
    """The study from those runs of `cost_requests` that are complete."""
    _, learnt = rows(latent_study.ROWS, latent_study.SEED)
    return latent_study.study(fitted, fit_runs, runs, learnt)


@dataclass(frozen=True, eq=False)
class RecordedStudy:
    """A study measured when the models were recorded, and its date."""

    study: Study
    date: str


_STUDY = {
    "tokens": count, "values": grid(2), "per_token": {str: count}, "error": {str: float},
    "nats": {str: [float]}, "learnt": [count],
}  # fmt: skip


@functools.lru_cache(maxsize=4)
def _recorded(of: str) -> RecordedStudy | None:
    path = ASSETS / "samples" / "latent-study.json"
    raw = read_json(path, {"date": str, "of": str, "study": _STUDY})
    if raw["of"] != of:
        return None
    with reporting_damage(path):
        study = Study.from_json(raw["study"])
        names = {latent_study.FULL, *latent_study.codecs(study.values.shape[1])}
        rows = {len(nats) for nats in study.nats.values()}
        if not names == {*study.nats} == {*study.per_token} or rows != {len(study.learnt)}:
            raise ValueError("rows or codecs are missing")
        if names - {latent_study.FULL} - {*study.error}:
            raise ValueError("an error is missing")
    return RecordedStudy(study, raw["date"])


def recorded() -> RecordedStudy | None:
    """The recorded study; None if it is of another model or other texts."""
    return _recorded(content())


# --- A text with less of the latent --------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LatentComparison:
    """Runs of the same prompt, settings and seed with the full latent and with a codec."""

    codec: str
    plain: Trace
    coded: Trace

    @property
    def id(self) -> str:
        return f"{self.codec}/{self.plain.id}/{self.coded.id}"

    @property
    def alike(self) -> int:
        """The number of generated tokens before the two diverge."""
        a, b = (run.token_ids[run.n_prompt :] for run in (self.plain, self.coded))
        pairs = enumerate(zip(a, b, strict=False))
        return next((n for n, (x, y) in pairs if x != y), min(len(a), len(b)))

    @property
    def parted(self) -> bool:
        """Whether the two diverge before the shorter one ends."""
        return self.alike < min(len(run) - run.n_prompt for run in (self.plain, self.coded))


class LatentComparisonSlot(RunSlot[LatentComparison]):
    """A slot that completes a prompt twice; the directions are fitted first, if not done yet."""

    def __init__(self) -> None:
        super().__init__("c_pair", Store(64))

    def write(self, trace: Trace, codec: str) -> None:
        """Repeat a run with the full latent and with a codec."""
        info = trace.info
        prompt = PromptRun(model(), info.prompt, info.max_new_tokens, info.temperature, info.seed)
        asked = fit_requests()

        def then(runs: Sequence[Run]) -> list[Request]:
            plain = prompt.request()
            return [plain, replace(plain, engine=engine(fit(runs), codec))]

        def make(runs: Sequence[Run | None]) -> LatentComparison | None:
            written = [run for run in runs[len(asked) :] if run is not None]
            if len(written) < 2:
                return None
            return LatentComparison(codec, prompt.trace(written[0]), prompt.trace(written[1]))

        self.start(asked, make, then)


PAIR = LatentComparisonSlot()
