"""Turns runs into records."""

from __future__ import annotations

import datetime

import numpy as np
from tokenizers import Tokenizer

from model.nn import compiled
from model.nn.card import card as card_of
from model.nn.tokenizer import PieceReader
from model.nn.workspace import Run
from model.record.card import ModelCard
from model.record.trace import RunInfo, Trace
from model.runtime import batch
from model.runtime.sampler import Sampler


def recorded(
    sampler: Sampler, prompt: str, max_new_tokens: int, temperature: float = 0.0, seed: int = 0
) -> Trace:
    """Complete a prompt and return the record of the run; greedy at temperature 0.

    Raises:
        PromptError: see `Sampler.encode`.
    """
    ids = sampler.encode(prompt)
    compiled.compile_all()  # else the first token's time would include compilation
    run = batch.run(sampler.model, ids, max_new_tokens, temperature, seed)
    today = datetime.date.today().isoformat()
    info = RunInfo(prompt, temperature, seed, max_new_tokens, today)
    return record(run, card_of(sampler.config, sampler.name), info, sampler.tokenizer)


def record(run: Run, card: ModelCard, info: RunInfo, tokenizer: Tokenizer) -> Trace:
    """The record of a run, with everything that was kept of it."""
    reader = PieceReader(tokenizer)
    texts = [reader.push(int(token)) for token in run.token_ids]
    texts[-1] += reader.flush()
    return Trace(
        card=card,
        info=info,
        n_prompt=run.n_given,
        texts=tuple(texts),
        token_ids=run.token_ids,
        expert_ids=run.expert_ids,
        expert_weights=run.expert_weights.astype(np.float16),
        logprobs=run.logprobs,
        entropies=run.entropies,
        cache_bytes=run.cache_bytes,
        seconds=run.seconds,
        finish_reason=run.finish_reason,
    )
