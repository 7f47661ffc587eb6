"""Evaluation of pre-trained models: held-out loss with intervals, balance, cache bytes per token.

The rows of `model.data.held_out` are the same for every model, so that the twins are compared on
equal text.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model.analysis.estimators import bootstrap_ratio
from model.data import lookup, texts
from model.data.held_out import HeldOutRows, domain_rows, mixture_rows
from model.nn.cache import Cache
from model.nn.files import write_json
from model.runtime.engine import Engine
from model.tasks import TASKS
from model.training.pretrain import masked_loss

ROWS = 300  # of the training mixture
DOMAIN_ROWS = 40  # of each domain alone


@torch.inference_mode()
def loss(engine: Engine, rows: HeldOutRows) -> dict[str, Any]:
    """Mean loss in nats per learnt token, with its 95 % bootstrap interval over rows.

    The sums of each row are kept for paired comparisons of two models, since rows differ far more
    than models do.
    """
    sums, counts = [], []
    ids, learnt = map(torch.from_numpy, rows)
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
    """The bytes that one more token adds to a real KV cache, measured in the engine's dtype."""
    cache = Cache(engine.config)
    sizes = []
    for _ in range(2):
        engine.model(torch.tensor([[0]]), cache)
        sizes.append(cache.nbytes)
    return sizes[1] - sizes[0]


def results(engine: Engine, run_folder: Path, seed: int = 1) -> dict[str, Any]:
    """Evaluate a pre-trained model; writes heldout.json to its run folder and returns it."""
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
        "heldout": loss(engine, mixture_rows(engine.tokenizer, context, ROWS, seed))
        | {"method": "nats per learnt token; 95 % bootstrap over rows of the training mixture"},
        "domains": {
            domain: loss(engine, domain_rows(engine.tokenizer, domain, context, DOMAIN_ROWS, seed))
            for domain in (*TASKS, lookup.DOMAIN, *texts.DOMAINS)
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
    write_json(run_folder / "heldout.json", found, indent=1)
    return found
