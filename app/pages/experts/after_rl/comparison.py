"""One text through base and what came of it: where do their routers choose other experts?

R1-Zero writes a reply to a question, then every model reads question and reply, so that between
them only the weights differ.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.asking import prompts
from app.core.assets import models
from app.core.running.need_slot import NeedSlot
from app.core.running.prompt_runs import PromptRun
from model.analysis import routing_statistics as routing
from model.analysis.estimators import Interval, bootstrap_ratio
from model.record.trace import Trace
from model.runtime.batch import Request
from model.tasks import chain, problems
from model.tasks.problem import TEMPLATE, Problem

BASE, WRITER = "base", "r1-zero"
AFTER = (WRITER, "r1")
YARDSTICK = "base-50pct"  # base on its way: what the rest of pre-training changed
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

    trace: Trace
    ids: dict[str, NDArray[np.int16]]

    def changed(self, model: str) -> routing.Shares:
        """Share of each token's choices that are not base's: [T, L]."""
        return routing.changed(self.ids[model], self.ids[BASE])


def replies(slot: NeedSlot, wanted: Sequence[str], at_once: bool) -> list[Trace] | None:
    """What the writer answers to prompts; None while a slot has not all of it."""
    asked = [PromptRun(WRITER, prompt, MAX_TOKENS) for prompt in wanted]
    runs = slot.have(tuple(wanted), [prompt.request() for prompt in asked], at_once=at_once)
    found = [prompt.trace(run) for prompt, run in zip(asked, runs, strict=True) if run is not None]
    return found if len(found) == len(wanted) else None


def read(slot: NeedSlot, wanted: Sequence[str], traces: Sequence[Trace]) -> list[ReadText] | None:
    """Their replies to prompts, read by all models; None while a slot has not all of it."""
    models_of = (BASE, *COMPARED)
    requests = [
        Request(model, tuple(trace.token_ids.tolist())) for trace in traces for model in models_of
    ]
    runs = slot.have(tuple(wanted), requests)
    ids = [run.expert_ids for run in runs if run is not None]
    if len(ids) < len(requests):
        return None
    n = len(models_of)
    return [
        ReadText(trace, dict(zip(models_of, ids[n * at : n * at + n], strict=True)))
        for at, trace in enumerate(traces)
    ]


class ChangedShare(NamedTuple):
    """A share with its 95 % interval."""

    mean: float
    interval: Interval


def by_layer(texts: Sequence[ReadText], model: str) -> list[ChangedShare]:
    """Share of choices that are not base's in each layer.

    The interval is over the tokens of a single text, or over texts.
    """
    shares = [text.changed(model) for text in texts]
    units_UL = shares[0] if len(shares) == 1 else np.array([each.sum(axis=0) for each in shares])
    tokens_U = np.ones(len(units_UL)) if len(shares) == 1 else np.array([*map(len, shares)])
    return [
        ChangedShare(float(units_U.sum() / tokens_U.sum()), bootstrap_ratio(units_U, tokens_U))
        for units_U in units_UL.T
    ]


class TokenShares(NamedTuple):
    """A share over all tokens, over the prompts' and over the replies'."""

    whole: float
    prompt: float
    reply: float


def overall(texts: Sequence[ReadText], model: str) -> TokenShares:
    """Share of choices that are not base's, of all layers."""
    split = [np.split(text.changed(model), [text.trace.n_prompt]) for text in texts]
    prompt, reply = (np.concatenate(part) for part in zip(*split, strict=True))
    means = (part.mean() for part in (np.concatenate([prompt, reply]), prompt, reply))
    return TokenShares(*map(float, means))


def even() -> float:
    """k / E: an expert's even share of tokens, and, groups or not, the chance that a random choice
    has a given one of base's."""
    config = models.config(BASE)
    return config["num_experts_per_tok"] / config["n_routed_experts"]


def loads(texts: Sequence[ReadText], model: str, experts: int) -> routing.Shares:
    """Share of the tokens that each expert took: [L, E]."""
    ids = np.concatenate([text.ids[model] for text in texts])
    return routing.load_by(ids, np.zeros(len(ids), dtype=int), 1, experts)[0] / len(ids)
