"""What a pre-trained model is worth: held-out loss with intervals, balance, bytes per token.

Rows are packed like the training rows, from the held-out split, and are the same for every model,
so that the twins are compared on equal text.
"""

from __future__ import annotations

import datetime
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from model.analysis.estimators import bootstrap_ratio
from model.data import texts
from model.data.corpus import (
    CorpusConfig,
    Document,
    pack,
    random_problem_document,
    text_document,
    tokenise,
)
from model.nn.cache import Cache
from model.nn.files import write_json
from model.runtime.engine import Engine
from model.tasks import TASKS
from model.training.pretrain import masked_loss

ROWS = 300  # of the training mixture
DOMAIN_ROWS = 40  # of each domain alone


def mixture_rows(tokenizer: Tokenizer, context: int, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Ids and learnt flags [n, context + 1] of the training mixture, held out."""
    config = CorpusConfig(seed, n, context, tokenizer.get_vocab_size())
    rows = pack(tokenizer, config, random.Random(f"heldout/{seed}"), "heldout")
    drawn = [next(rows) for _ in range(n)]
    return torch.tensor([r[0] for r in drawn]), torch.tensor([r[1] for r in drawn])


def domain_rows(
    tokenizer: Tokenizer, domain: str, context: int, n: int, seed: int
) -> tuple[Tensor, Tensor]:
    """The same of one domain: a task's name or one of `texts.DOMAINS`."""
    rng = random.Random(f"heldout/{domain}/{seed}")

    def draw() -> Document:
        if domain in texts.DOMAINS:
            return text_document(rng, "heldout", domain)
        while True:
            document = random_problem_document(rng, "heldout")
            if document.domain.split("/")[0] == domain:
                return document

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
    return torch.tensor(ids), torch.tensor(learnt)


@torch.inference_mode()
def loss(engine: Engine, ids: Tensor, learnt: Tensor) -> dict[str, Any]:
    """Mean loss in nats per learnt token, with its 95 % bootstrap interval over rows.

    The rows' own sums are kept, so that two models can be compared row by row: rows differ among
    each other far more than models do.
    """
    sums, counts = [], []
    for row, flags in zip(ids.split(1), learnt.split(1), strict=True):
        total, count = masked_loss(engine.model, row, flags)
        sums.append(float(total))
        counts.append(count)
    low, high = bootstrap_ratio(sums, counts)
    return {
        "loss": round(sum(sums) / sum(counts), 4),
        "interval": [round(low, 4), round(high, 4)],
        "rows": len(ids),
        "tokens": sum(counts),
        "row_nats": [round(x, 2) for x in sums],
        "row_tokens": counts,
    }


@torch.inference_mode()
def bytes_per_token(engine: Engine) -> int:
    """Measured: what one more token adds to a real cache, in the engine's own dtype."""
    cache = Cache(engine.config)
    sizes = []
    for _ in range(2):
        engine.model(torch.tensor([[0]]), cache)
        sizes.append(cache.nbytes)
    return sizes[1] - sizes[0]


def results(engine: Engine, run_folder: Path, seed: int = 1) -> dict[str, Any]:
    """Measure a pre-trained model; write results.json into its run folder and return it."""
    name, context = engine.about.name, engine.config.max_position_embeddings
    log = [json.loads(line) for line in (run_folder / "log.jsonl").read_text().splitlines()]
    run = json.loads((run_folder / "run.json").read_text())
    every = max(1, len(log) // 110)
    windows = [log[i : i + every] for i in range(0, len(log), every)]
    found = {
        "name": name,
        "attention": engine.config.attention,
        "tokens": run["tokens"],
        "minutes": run["minutes"],
        "bytes_per_token": bytes_per_token(engine),
        "heldout": loss(engine, *mixture_rows(engine.tokenizer, context, ROWS, seed))
        | {"method": "nats per learnt token; 95 % bootstrap over rows of the training mixture"},
        "domains": {
            domain: loss(engine, *domain_rows(engine.tokenizer, domain, context, DOMAIN_ROWS, seed))
            for domain in (*TASKS, *texts.DOMAINS)
        },
        "train_loss": {
            "tokens": [w[-1]["tokens"] for w in windows],
            "loss": [round(float(np.mean([e["loss"] for e in w])), 4) for w in windows],
        },
        "seed": seed,
        "date": datetime.date.today().isoformat(),
        "command": f"python -m model train heldout {name}",
    }
    if engine.config.moe_layers:
        found["max_vio"] = {
            "step": [w[-1]["step"] for w in windows],
            "per_layer": [
                [round(float(x), 3) for x in np.mean([e["max_vio"] for e in w], axis=0)]
                for w in windows
            ],
            "method": f"per step (one batch), mean over {every} steps",
        }
    if "load" in log[0]:
        found["balance"] = {
            "step": [w[-1]["step"] for w in windows],
            "load": [
                np.round(load_LE / load_LE.mean(1, keepdims=True), 3).tolist()
                for load_LE in (np.sum([e["load"] for e in w], axis=0) for w in windows)
            ],
            "bias": [w[-1]["bias"] for w in windows],
            "method": f"tokens of {every} steps by expert, an even share being 1; bias after them",
        }
    write_json(run_folder / "results.json", found, indent=1)
    return found
