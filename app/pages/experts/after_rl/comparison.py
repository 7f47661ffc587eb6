"""One text through base and the models trained from it: where do their routers differ?

R1-Zero answers a question, then every model reads question and answer, so that only the weights
differ between them.
"""

from __future__ import annotations

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
from model.analysis.routing_after_rl import BASE, MAX_TOKENS, READERS, WRITER
from model.record.trace import Trace
from model.runtime.batch import Request
from model.tasks.problem import TEMPLATE


def prompt_of(question: str) -> str:
    """The writer's prompt for a question.

    Raises:
        InputError: if the question is not usable.
    """
    return prompts.fitting(TEMPLATE.format(question=prompts.checked(question).strip()), WRITER)


@dataclass(frozen=True, eq=False)
class ReadText:
    """A prompt with its answer, T tokens, and the experts that each model chose: [T, L, k]."""

    trace: Trace
    ids: dict[str, NDArray[np.int16]]
    dates: tuple[str | None, ...]  # ISO, of each model's recording; None for what was read live

    def changed(self, model: str) -> routing.Shares:
        """The share of each token's experts that base did not choose: [T, L]."""
        return routing.changed(self.ids[model], self.ids[BASE])


def replies(slot: NeedSlot, wanted: Sequence[str], at_once: bool) -> list[Trace] | None:
    """The writer's answers to prompts; None until the slot has all of them."""
    asked = [PromptRun(WRITER, prompt, MAX_TOKENS) for prompt in wanted]
    runs = slot.have(tuple(wanted), [prompt.request() for prompt in asked], at_once=at_once)
    found = [prompt.trace(run) for prompt, run in zip(asked, runs, strict=True) if run is not None]
    return found if len(found) == len(wanted) else None


def read(slot: NeedSlot, wanted: Sequence[str], traces: Sequence[Trace]) -> list[ReadText] | None:
    """The prompts with their answers, read by all models; None until the slot has all of them."""
    requests = [
        Request(model, tuple(trace.token_ids.tolist())) for trace in traces for model in READERS
    ]
    runs = slot.have(tuple(wanted), requests)
    found = [run for run in runs if run is not None]
    if len(found) < len(requests):
        return None
    texts = []
    for at, trace in enumerate(traces):
        own = dict(zip(READERS, found[at * len(READERS) :], strict=False))
        ids = {model: run.expert_ids for model, run in own.items()}
        texts.append(ReadText(trace, ids, tuple(run.date for run in own.values())))
    return texts


class ChangedShare(NamedTuple):
    """A share with its 95 % interval."""

    mean: float
    interval: Interval


def by_layer(texts: Sequence[ReadText], model: str) -> list[ChangedShare]:
    """The share of experts in each layer that base did not choose.

    The interval is over tokens for a single text, else over texts.
    """
    shares = [text.changed(model) for text in texts]
    units_UL = shares[0] if len(shares) == 1 else np.array([each.sum(axis=0) for each in shares])
    tokens_U = np.ones(len(units_UL)) if len(shares) == 1 else np.array([*map(len, shares)])
    return [
        ChangedShare(float(units_U.sum() / tokens_U.sum()), bootstrap_ratio(units_U, tokens_U))
        for units_U in units_UL.T
    ]


class TokenShares(NamedTuple):
    """A share over all tokens, over those of the prompts and over those of the answers."""

    whole: float
    prompt: float
    reply: float


def overall(texts: Sequence[ReadText], model: str) -> TokenShares:
    """The share of experts over all layers that base did not choose."""
    split = [np.split(text.changed(model), [text.trace.n_prompt]) for text in texts]
    prompt, reply = (np.concatenate(part) for part in zip(*split, strict=True))
    means = (part.mean() for part in (np.concatenate([prompt, reply]), prompt, reply))
    return TokenShares(*map(float, means))


def even() -> float:
    """k / E: an expert's even share of tokens, and the chance that a random choice contains a given
    expert of base, with or without groups."""
    config = models.config(BASE)
    return config["num_experts_per_tok"] / config["n_routed_experts"]


def loads(texts: Sequence[ReadText], model: str, experts: int) -> routing.Shares:
    """The share of tokens that each expert processed: [L, E]."""
    ids = np.concatenate([text.ids[model] for text in texts])
    return routing.load_by(ids, np.zeros(len(ids), dtype=int), 1, experts)[0] / len(ids)
