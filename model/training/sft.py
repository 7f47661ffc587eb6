"""Supervised fine-tuning on traces: cold start, rejection sampling, distillation.

The same next-token loss as in pre-training, on completions only; AdamW with cosine decay to a
tenth, as in all SFT stages of the R1 paper (Nature 2025, Methods).
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from model.data.corpus import Document, tokenise
from model.nn.network import Transformer
from model.nn.tokenizer import PAD
from model.training.loop import TrainingRun
from model.training.pretrain import masked_loss
from model.training.state import digest


@dataclass(frozen=True)
class SFTConfig:
    """The settings of a run, with `rows_per_step` packed rows per update."""

    name: str
    seed: int
    epochs: int
    lr: float = 1e-3
    rows_per_step: int = 8
    context: int = 768


def pack_documents(
    tokenizer: Tokenizer, documents: Sequence[Document], context: int
) -> tuple[Tensor, Tensor]:
    """Pack whole documents into padded rows [n, context + 1]: token ids and loss masks. Documents
    longer than a row are left out."""
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


class FineTuning(TrainingRun):
    """Fine-tunes a model in place on documents."""

    def __init__(
        self,
        config: SFTConfig,
        model: Transformer,
        tokenizer: Tokenizer,
        documents: Sequence[Document],
    ) -> None:
        """
        Raises:
            ValueError: if there are no documents that fit the context.
        """
        self.config = config
        self.ids, self.learnt = pack_documents(tokenizer, documents, config.context)
        self.steps_per_epoch = math.ceil(len(self.ids) / config.rows_per_step)
        if not self.steps_per_epoch:
            raise ValueError(f"{config.name} has no documents to learn from")
        model.train().requires_grad_(True)
        super().__init__(
            config.name,
            model,
            {
                "adamw": torch.optim.AdamW(
                    model.parameters(), config.lr, betas=(0.9, 0.95), weight_decay=0.0
                )
            },
            asdict(config)
            | {
                "start": digest(model.parameters()),
                "documents": digest((self.ids, self.learnt)),
            },
            steps=config.epochs * self.steps_per_epoch,
            save_every=20,
            report_every=20,
        )

    def update(self) -> dict[str, Any]:
        epoch, place = divmod(self.step, self.steps_per_epoch)
        order = list(range(len(self.ids)))
        random.Random(f"sft/{self.config.seed}/{epoch}").shuffle(order)
        size = self.config.rows_per_step
        rows = order[place * size : (place + 1) * size]
        cosine = math.cos(math.pi * self.step / self.steps)
        optimizer = self.optimizers["adamw"]
        for group in optimizer.param_groups:
            group["lr"] = self.config.lr * (0.55 + 0.45 * cosine)
        count = int(self.learnt[rows][:, 1:].sum())
        total = 0.0
        for part in torch.tensor(rows).split(8):
            loss, _ = masked_loss(self.model, self.ids[part], self.learnt[part])
            (loss / count).backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        self.tokens += int((self.ids[rows] != PAD).sum())
        return {"loss": round(total / count, 4)}

    def summary(self, entry: Mapping[str, Any]) -> str:
        return f"loss {entry['loss']:.3f}"
