"""Inside MLA's latent: the run on screen read once more, and what keeping less of it costs.

A `Reading` is of one text and all twins; a `Study` is of one model's held-out text and grows as it
is measured. Both are made by the server's one worker and shared by all viewers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.core import models
from app.core.jobs import Job, Request, Run, generate
from app.core.store import Store
from model.analysis.estimators import Interval, paired_difference
from model.record.trace import Trace

if TYPE_CHECKING:
    from model.analysis.latent_codecs import Codec
    from model.runtime.engine import Engine

MODEL = "base"
FITTED_ROWS, FITTED_SEED = 16, 3  # held-out rows that the directions are fitted on
ROWS, SEED = 24, 1  # the first of the held-out rows behind the losses of README and page
CHUNK = 4  # rows read in one turn of the worker
PRECISIONS = ("bf16", "int8", "int4")
FULL = "float32"


@dataclass(frozen=True, eq=False)
class Reading:
    """One text of T tokens as all twins read it, in float16; `id` is its trace's.

    c_kv [L, T, R], k_pe [L, T, p] of the MLA model; attention [L, H, T, T] by model, rows queries.
    """

    id: str
    c_kv: NDArray[np.float16]
    k_pe: NDArray[np.float16]
    attention: dict[str, NDArray[np.float16]]


class ReadingJob(Job):
    """Reads a run's tokens, a model a turn, and keeps the reading."""

    def __init__(self, trace: Trace) -> None:
        super().__init__([])
        self.id, self.ids = trace.id, trace.token_ids[: trace.fed].tolist()

    def parts(self, load: Callable[[str], Engine]) -> list[Iterator[None]]:
        return [self._read(load)]

    def _read(self, load: Callable[[str], Engine]) -> Iterator[None]:
        import torch  # here, not above: the first picture does not wait for it

        from model.analysis.attention_weights import attention_weights
        from model.analysis.latent_codecs import read_latents

        attention = {}
        for name in models.TWINS:
            attention[name] = attention_weights(load(name).model, self.ids).half().numpy()
            yield
        c_kv, k_pe = read_latents(load(MODEL).model, torch.tensor([self.ids]))
        readings().put(
            Reading(self.id, c_kv[:, 0].half().numpy(), k_pe[:, 0].half().numpy(), attention)
        )


@st.cache_resource(show_spinner=False)
def readings() -> Store[Reading]:
    """The last texts that were read; one of 384 tokens takes 24 MB."""
    return Store(4)


def ranks(full: int) -> list[int]:
    """The numbers of directions that are measured: powers of two, what lies halfway, and all."""
    powers = [2**n for n in range(full.bit_length()) if 2**n <= full]
    halfway = [3 * n // 4 for n in powers if n >= 16]
    return sorted({*powers, *halfway, full})


@dataclass(eq=False)
class Study:
    """What a model's latents are like on held-out text, and what keeping less of them costs.

    Codecs go by name: a number of directions ("8"), or a precision. Lists grow by the same rows.
    """

    id: str
    model: str
    values: NDArray[np.float64] | None = None  # [L, R] singular values, largest first
    codecs: dict[str, Codec] = field(default_factory=dict)
    per_token: dict[str, int] = field(default_factory=dict)  # bytes, measured
    error: dict[str, float] = field(default_factory=dict)  # relative, on the first rows
    nats: dict[str, list[float]] = field(default_factory=dict)  # by codec; FULL is untouched
    learnt: list[int] = field(default_factory=list)
    fitted_tokens: int = 0

    @property
    def rows(self) -> int:
        """Rows that every codec has read."""
        return len(self.learnt)

    def loss(self) -> float:
        """Of the untouched model on these rows, in nats per learnt token."""
        return sum(self.nats[FULL][: self.rows]) / sum(self.learnt)

    def cost(self, name: str) -> tuple[float, Interval]:
        """Loss with a codec less that without, same rows, with its 95 % interval."""
        n = self.rows
        return paired_difference(self.nats[name][:n], self.nats[FULL][:n], self.learnt[:n])


@st.cache_resource(show_spinner=False)
def studies() -> Store[Study]:
    """The server's studies, by the content of the models."""
    return Store(8)


def study(model: str) -> Study:
    """The one study of a model's weights, as far as it has got."""
    files = ("config.json", "model.safetensors", "tokenizer.json")
    content = "/".join(models.digest(model, file) for file in files)
    kept = studies().get(content)
    if kept is None:
        kept = Study(content, model)
        studies().put(kept)
    return kept


class StudyJob(Job):
    """Measures on from where a study stands, until it has all its rows."""

    def __init__(self, study: Study) -> None:
        super().__init__([])
        self.study = study
        self.progress = 0.0

    def parts(self, load: Callable[[str], Engine]) -> list[Iterator[None]]:
        return [self._measure(load)]

    def _measure(self, load: Callable[[str], Engine]) -> Iterator[None]:
        import torch  # here, not above

        from model.analysis import latent_codecs
        from model.data.held_out import mixture_rows

        study, engine = self.study, load(self.study.model)
        config = engine.config
        if study.values is None:
            yield from _fit(study, engine)
        rows = mixture_rows(engine.tokenizer, config.max_position_embeddings, ROWS, SEED)
        drawn = tuple(map(torch.from_numpy, rows))
        yield
        if not study.error:
            c_LBTR, _ = latent_codecs.read_latents(engine.model, drawn[0][:CHUNK, :-1])
            for name, codec in study.codecs.items():
                study.error[name] = latent_codecs.relative_error(codec, c_LBTR)
                study.per_token[name] = latent_codecs.bytes_per_token(config, codec)
            yield
        while (start := study.rows) < ROWS:  # another viewer's job may measure in turn with this
            ids, learnt = (part[start : start + CHUNK] for part in drawn)
            for done, name in enumerate((FULL, *study.codecs)):
                read = latent_codecs.row_nats(engine.model, ids, learnt, study.codecs.get(name))
                study.nats[name] = [*study.nats.get(name, [])[:start], *read]
                self.progress = (start + CHUNK * done / (len(study.codecs) + 1)) / ROWS
                yield
            if study.rows == start:
                study.learnt += learnt[:, 1:].sum(-1).tolist()


def _fit(study: Study, engine: Engine) -> Iterator[None]:
    """Each layer's principal directions on held-out text, and the codecs made of them."""
    import torch

    from model.analysis import latent_codecs
    from model.data.held_out import mixture_rows

    config = engine.config
    drawn, _ = mixture_rows(
        engine.tokenizer, config.max_position_embeddings, FITTED_ROWS, FITTED_SEED
    )
    grams = []
    ids = torch.from_numpy(drawn)
    for rows in ids[:, :-1].split(CHUNK):
        grams.append(latent_codecs.gram(engine.model, rows))
        yield
    values, basis = latent_codecs.principal(sum(grams[1:], grams[0]))
    for r in ranks(basis.shape[-1]):
        study.codecs[str(r)] = latent_codecs.Directions(basis[:, :, :r].contiguous())
    study.codecs |= {
        "bf16": latent_codecs.BFloat16(),
        "int8": latent_codecs.Integers(8),
        "int4": latent_codecs.Integers(4),
    }
    study.fitted_tokens = ids[:, :-1].numel()
    study.values = values.numpy()


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


@st.cache_resource(show_spinner=False)
def pairs() -> Store[Pair]:
    """Pairs that have ended."""
    return Store(64)


class PairJob(Job):
    """One prompt twice: with all of the latent, and with what a codec keeps of it."""

    def __init__(self, request: Request, study: Study, codec: str) -> None:
        super().__init__([request, request])
        self.study, self.codec = study, codec

    def parts(self, load: Callable[[str], Engine]) -> list[Iterator[None]]:
        return [generate(self.runs[0], load), self._coded(self.runs[1], load)]

    def _coded(self, run: Run, load: Callable[[str], Engine]) -> Iterator[None]:
        from model.analysis.latent_codecs import CodedEngine  # here, not above: it imports torch

        if self.study.values is None:
            yield from _fit(self.study, load(self.study.model))
        yield from generate(
            run, lambda name: CodedEngine(load(name), self.study.codecs[self.codec])
        )

    def pair(self) -> Pair | None:
        """What both have written so far; None before each has a first token."""
        plain, coded = self.traces()
        return Pair(self.codec, plain, coded) if plain is not None and coded is not None else None
