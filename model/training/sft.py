"""Supervised fine-tuning on traces: cold start, rejection sampling, distillation.

The same next-token loss as pre-training, on completions only; AdamW with a cosine down to a tenth,
as the R1 paper's settings for all its SFT stages (Nature 2025, Methods).
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from model.data.corpus import Document, tokenise
from model.nn.network import Transformer
from model.nn.tokenizer import PAD
from model.training.pretrain import masked_loss
from model.training.state import digest, load_state, save_state, truncate_log


@dataclass(frozen=True)
class SFTConfig:
    """One run: `epochs` over the documents, `rows_per_step` packed rows an update."""

    name: str
    seed: int
    epochs: int
    lr: float = 1e-3
    rows_per_step: int = 16
    context: int = 384


def pack_documents(
    tokenizer: Tokenizer, documents: Sequence[Document], context: int
) -> tuple[Tensor, Tensor]:
    """Whole documents in rows [n, context + 1], padded; longer documents are left out."""
    rows: list[tuple[list[int], list[bool]]] = []
    ids: list[int] = []
    learnt: list[bool] = []
    size = context + 1
    for document in documents:
        new, flags = tokenise(tokenizer, document)
        if len(new) > size:
            continue
        if len(ids) + len(new) > size:
            rows.append((ids, learnt))
            ids, learnt = [], []
        ids, learnt = ids + new, learnt + flags
    if ids:
        rows.append((ids, learnt))
    padded = [(i + [PAD] * (size - len(i)), f + [False] * (size - len(f))) for i, f in rows]
    return torch.tensor([i for i, _ in padded]), torch.tensor([f for _, f in padded])


def train(
    config: SFTConfig,
    model: Transformer,
    tokenizer: Tokenizer,
    documents: Sequence[Document],
    work: Path,
    run_folder: Path,
) -> tuple[float, int]:
    """Fine-tune the model in place, resuming from `work`; return seconds and tokens seen."""
    ids, learnt = pack_documents(tokenizer, documents, config.context)
    per_epoch = math.ceil(len(ids) / config.rows_per_step)
    steps = config.epochs * per_epoch
    model.train().requires_grad_(True)
    optimizer = torch.optim.AdamW(
        model.parameters(), config.lr, betas=(0.9, 0.95), weight_decay=0.0
    )
    state_file, log_file = work / config.name / "state.pt", run_folder / "log.jsonl"
    run_folder.mkdir(parents=True, exist_ok=True)
    step, seconds, tokens = 0, 0.0, 0
    settings = asdict(config) | {
        "start": digest(model.parameters()),
        "documents": digest((ids, learnt)),
    }
    if state := load_state(state_file, settings):
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, seconds, tokens = state["step"], state["seconds"], state["tokens"]
    truncate_log(log_file, step)
    while step < steps:
        started = time.perf_counter()
        epoch, place = divmod(step, per_epoch)
        order = list(range(len(ids)))
        random.Random(f"sft/{config.seed}/{epoch}").shuffle(order)
        rows = order[place * config.rows_per_step : (place + 1) * config.rows_per_step]
        for group in optimizer.param_groups:
            group["lr"] = config.lr * (0.55 + 0.45 * math.cos(math.pi * step / steps))
        count = int(learnt[rows][:, 1:].sum())
        total = 0.0
        for part in torch.tensor(rows).split(8):
            loss, _ = masked_loss(model, ids[part], learnt[part])
            (loss / count).backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        tokens += int((ids[rows] != PAD).sum())
        seconds += time.perf_counter() - started
        with log_file.open("a") as log:
            entry = {
                "step": step,
                "loss": round(total / count, 4),
                "tokens": tokens,
                "seconds": round(seconds, 1),
            }
            log.write(json.dumps(entry) + "\n")
        if step % 20 == 0 or step == steps:
            left = (steps - step) * seconds / step / 60
            print(
                f"{config.name}: step {step}/{steps}  loss {total / count:.3f}  "
                f"{tokens / seconds:,.0f} tokens/s  {left:.0f} min left",
                flush=True,
            )
            save_state(
                state_file,
                settings,
                {
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "step": step,
                    "seconds": seconds,
                    "tokens": tokens,
                },
            )
    model.eval().requires_grad_(False)
    return seconds, tokens
