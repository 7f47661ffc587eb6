"""Rows of held-out text, packed like the training rows; equal for all models with one tokenizer.

No torch; `model.training.heldout` evaluates models on them, and the app's pages read them live.
"""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from model.data import lookup, texts
from model.data.corpus import (
    CorpusConfig,
    Document,
    pack,
    random_problem_document,
    text_document,
    tokenise,
)
from model.tasks import TASKS

#: What the app's models read: equally many rows of every domain, in turn, so that any prefix is
#: balanced.
#: `SEED` draws them; 1 draws those of the tables in assets/RESULTS.md.
DOMAINS = (*TASKS, lookup.DOMAIN, *texts.DOMAINS)
EACH, SEED = 16, 2

HeldOutRows = tuple[NDArray[np.int64], NDArray[np.bool_]]
"""Token ids and loss masks, [n, context + 1] each, as in training."""


def mixture_rows(tokenizer: Tokenizer, context: int, n: int, seed: int) -> HeldOutRows:
    """n held-out rows of the training mixture."""
    config = CorpusConfig(seed, n, context, tokenizer.get_vocab_size())
    rows = pack(tokenizer, config, random.Random(f"heldout/{seed}"), "heldout")
    drawn = [next(rows) for _ in range(n)]
    return np.array([row[0] for row in drawn]), np.array([row[1] for row in drawn])


def rows_in_turn(
    tokenizer: Tokenizer, context: int
) -> list[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """`EACH` rows of every domain; row i is of domain i % len(DOMAINS)."""
    drawn = [domain_rows(tokenizer, domain, context, EACH, SEED) for domain in DOMAINS]
    return [(ids[at], learnt[at]) for at in range(EACH) for ids, learnt in drawn]


def domain_rows(tokenizer: Tokenizer, domain: str, context: int, n: int, seed: int) -> HeldOutRows:
    """n held-out rows of one domain: a task's name, "lookup" or one of `texts.DOMAINS`."""
    rng = random.Random(f"heldout/{domain}/{seed}")

    def draw() -> Document:
        if domain in texts.DOMAINS:
            return text_document(rng, "heldout", domain)
        if domain == lookup.DOMAIN:
            return Document(domain, lookup.document(rng, "heldout"))
        return random_problem_document(rng, "heldout", domain)

    ids, learnt = [], []
    for _ in range(n):
        row_ids: list[int] = []
        row_learnt: list[bool] = []
        while len(row_ids) <= context:
            new, flags = tokenise(tokenizer, draw())
            row_ids += new
            row_learnt += flags
        ids.append(row_ids[: context + 1])
        learnt.append(row_learnt[: context + 1])
    return np.array(ids), np.array(learnt)
