"""From what was computed to the record of it."""

from __future__ import annotations

import numpy as np
from tokenizers import Tokenizer

from model.nn.room import Run
from model.nn.tokenizer import PieceReader
from model.record.card import ModelCard
from model.record.trace import RunInfo, Trace


def record(run: Run, card: ModelCard, info: RunInfo, tokenizer: Tokenizer) -> Trace:
    """The record of a run of T tokens, with all that was kept of it."""
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
