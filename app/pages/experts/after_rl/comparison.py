"""One text through base and what came of it: where do their routers choose other experts?

R1-Zero writes a reply to a question, then every model reads question and reply, so that between
them only the weights differ.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.core import models, prompts
from app.core.jobs import Job, Request, generate
from app.core.store import Store
from model.analysis import routing_statistics as routing
from model.analysis.estimators import Interval, bootstrap_ratio
from model.record.trace import Trace
from model.tasks import chain, problems
from model.tasks.problem import TEMPLATE, Problem

if TYPE_CHECKING:
    from model.runtime.engine import Engine

BASE, WRITER = "base", "r1-zero"
AFTER = (WRITER, "r1")
YARDSTICK = "base-30pct"  # base on its way: what the rest of pre-training changed
COMPARED = (YARDSTICK, *AFTER)  # each with base
LEVEL = 3
MANY = 24  # problems
MAX_TOKENS = 300


def problem(place: int) -> Problem:
    """A held-out problem, English or Korean."""
    return next(itertools.islice(problems(chain.NAME, LEVEL, 0, "heldout"), place, None))


def prompt_of(question: str) -> str:
    """What the writer gets.

    Raises:
        InputError: if the question cannot be used.
    """
    return prompts.fitting(TEMPLATE.format(question=prompts.checked(question).strip()), WRITER)


@dataclass(frozen=True, eq=False)
class ReadText:
    """A prompt with its reply, T tokens, and the experts that each model chose: [T, L, k]."""

    id: str  # the prompt's
    trace: Trace
    ids: dict[str, NDArray[np.int16]]

    def changed(self, model: str) -> routing.Shares:
        """Share of each token's choices that are not base's: [T, L]."""
        return routing.changed(self.ids[model], self.ids[BASE])


def id_of(prompt: str) -> str:
    """The name under which the text that a prompt begins is kept."""
    return hashlib.sha256(prompt.encode()).hexdigest()[:16]


@st.cache_resource(show_spinner=False)
def store() -> Store[ReadText]:
    """The server's texts; one of 384 tokens takes 50 KB."""
    return Store(256)


def kept(wanted: Sequence[str]) -> list[ReadText] | None:
    """The texts of some prompts; None until there are all of them."""
    found = [store().get(id_of(prompt)) for prompt in wanted]
    whole = [text for text in found if text is not None]
    return whole if len(whole) == len(found) else None


class Rereading(Job):
    """Writes a reply to each prompt, then reads it with all models; what is kept is not redone."""

    def __init__(self, wanted: Sequence[str]) -> None:
        super().__init__([Request(WRITER, prompt, MAX_TOKENS) for prompt in wanted])
        self.wanted = list(wanted)
        self.done = 0

    def parts(self, load: Callable[[str], Engine]) -> list[Iterator[None]]:
        return [self._read(load)]

    def _read(self, load: Callable[[str], Engine]) -> Iterator[None]:
        from model.analysis.teacher_forcing import (
            teacher_force,  # here, not above: it imports torch
        )

        for run in self.runs:
            name = id_of(run.request.prompt)
            if store().get(name) is None:
                yield from generate(run, load)
                trace = self._trace(run)
                assert trace is not None
                ids = {}
                for model in (BASE, *COMPARED):
                    ids[model] = teacher_force(
                        load(model).model, trace.token_ids.tolist()
                    ).expert_ids
                    yield
                store().put(ReadText(name, trace, ids))
            self.done += 1


class Estimate(NamedTuple):
    """A share with its 95 % interval."""

    mean: float
    interval: Interval


def by_layer(texts: Sequence[ReadText], model: str) -> list[Estimate]:
    """Share of choices that are not base's in each layer.

    The interval is over the tokens of a single text, or over texts.
    """
    shares = [text.changed(model) for text in texts]
    units_UL = shares[0] if len(shares) == 1 else np.array([each.sum(axis=0) for each in shares])
    tokens_U = np.ones(len(units_UL)) if len(shares) == 1 else np.array([*map(len, shares)])
    return [
        Estimate(float(units_U.sum() / tokens_U.sum()), bootstrap_ratio(units_U, tokens_U))
        for units_U in units_UL.T
    ]


class Parts(NamedTuple):
    """A share over all tokens, over the prompts' and over the replies'."""

    whole: float
    prompt: float
    reply: float


def overall(texts: Sequence[ReadText], model: str) -> Parts:
    """Share of choices that are not base's, of all layers."""
    split = [np.split(text.changed(model), [text.trace.n_prompt]) for text in texts]
    prompt, reply = (np.concatenate(part) for part in zip(*split, strict=True))
    means = (part.mean() for part in (np.concatenate([prompt, reply]), prompt, reply))
    return Parts(*map(float, means))


def even() -> float:
    """k / E: an expert's even share of tokens, and, groups or not, the chance that a random choice
    has a given one of base's."""
    config = models.config(BASE)
    return config["num_experts_per_tok"] / config["n_routed_experts"]


def loads(texts: Sequence[ReadText], model: str, experts: int) -> routing.Shares:
    """Share of the tokens that each expert took: [L, E]."""
    ids = np.concatenate([text.ids[model] for text in texts])
    return routing.load_by(ids, np.zeros(len(ids), dtype=int), 1, experts)[0] / len(ids)
