"""Pre-training: next-token prediction with auxiliary-loss-free balance, on one CPU thread.

One step is one optimizer update. Data, order and initial weights follow from the seed, so that the
twins differ in attention only, and a run that was killed goes on to the same weights.

Departures from the V3 report (section 4.2), for a small model on a CPU: Muon beside AdamW, no
sequence-wise auxiliary loss, no multi-token prediction, and a balance speed that decays with the
learning rate instead of dropping to zero near the end.
"""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from model.nn import checkpoints, config, tokenizer
from model.nn.config import ModelConfig
from model.nn.network import Gate, Transformer
from model.training.optim import Muon, split_parameters
from model.training.state import digest, load_state, save_state, truncate_log

#: name → the shape of the model, given the size of the vocabulary
MODELS: dict[str, Callable[[int], ModelConfig]] = {
    "base": config.base,
    "base-mha": lambda vocab: config.twin(vocab, num_key_value_heads=4),
    "base-gqa": lambda vocab: config.twin(vocab, num_key_value_heads=2),
    "base-mqa": lambda vocab: config.twin(vocab, num_key_value_heads=1),
    "student-base": config.student,
    "balance-bias": config.base,
    "balance-loss": config.base,
    "balance-none": config.base,
}
#: name → its family among the checkpoints
FAMILIES = {
    "base": "base",
    "base-mha": "twin",
    "base-gqa": "twin",
    "base-mqa": "twin",
    "student-base": "student",
    "balance-bias": "balance",
    "balance-loss": "balance",
    "balance-none": "balance",
}


@dataclass(frozen=True)
class PretrainConfig:
    """One run. Learning rates are peaks; shares are of `steps`."""

    name: str
    seed: int
    steps: int
    rows_per_step: int = 21  # 21 x 384 = 8,064 tokens
    rows_per_pass: int = 7  # gradient accumulation: what fits in the processor's cache
    muon_lr: float = 0.02
    adamw_lr: float = 3e-3
    bias_update_speed: float = 0.002  # gamma of the V3 report, section 2.1.2; 0: no bias
    aux_loss_alpha: float = 0.0  # weight of the classical loss for balance; V3 does without
    warmup: float = 0.01
    decay: float = 0.6  # the last 60 % go down to zero in a line
    snapshots: tuple[float, ...] = ()  # shares of training after which weights are kept
    save_every: int = 100
    log_load: bool = False  # whether the log has every expert's tokens and bias


def schedule(run: PretrainConfig, step: int) -> float:
    """Factor on the learning rates at a step: warm-up, plateau, linear decay."""
    done = step / run.steps
    return min(1.0, (step + 1) / max(1.0, run.warmup * run.steps), (1 - done) / run.decay)


class LoadTap:
    """Counts how many tokens each expert takes: `load[layer]` is a tensor [E]."""

    def __init__(self) -> None:
        self.load: dict[int, Tensor] = {}

    def gate(
        self, layer: int, ids_Nk: Tensor, weights_Nk: Tensor, scores_NE: Tensor, bias_E: Tensor
    ) -> None:
        counts = ids_Nk.flatten().bincount(minlength=len(bias_E)).float()
        self.load[layer] = self.load.get(layer, torch.zeros_like(counts)) + counts


class AuxiliaryLossTap(LoadTap):
    """Also sums the loss for balance of a pass: f · P (arXiv 2401.06066, equations 12 to 14).

    f is an expert's load where 1 is an even share, P its mean score; each token's scores are
    normalised, since they are sigmoids (V3 report, equation 19). Even loads make 1 per layer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loss = torch.zeros(())

    def gate(
        self, layer: int, ids_Nk: Tensor, weights_Nk: Tensor, scores_NE: Tensor, bias_E: Tensor
    ) -> None:
        super().gate(layer, ids_Nk, weights_Nk, scores_NE, bias_E)
        load_E = ids_Nk.flatten().bincount(minlength=len(bias_E)) * len(bias_E) / ids_Nk.numel()
        share_E = (scores_NE / scores_NE.sum(-1, keepdim=True)).mean(0)
        self.loss = self.loss + (load_E * share_E).sum()

    def take(self) -> Tensor:
        """The loss of the pass that has ended; the next one begins at zero."""
        loss, self.loss = self.loss, torch.zeros(())
        return loss


def max_violation(load_E: Tensor) -> float:
    """MaxVio (arXiv 2408.15664, equation 4): how far the busiest expert exceeds the mean."""
    return float(load_E.max() / load_E.mean() - 1)


def update_bias(gate: Gate, load_E: Tensor, speed: float) -> None:
    """Raise the bias of idle experts, lower that of busy ones (2408.15664, Algorithm 1)."""
    gate.e_score_correction_bias += speed * torch.sign(load_E.mean() - load_E)


def masked_loss(
    model: Transformer, ids: Tensor, learnt: Tensor, tap: LoadTap | None = None
) -> tuple[Tensor, int]:
    """Summed cross-entropy in nats of the learnt next tokens of rows [B, T + 1], and their count.

    The head runs on learnt positions only: the others' logits are not needed.
    """
    hidden = model.hidden(ids[:, :-1], tap=tap)[learnt[:, 1:]]
    targets = ids[:, 1:][learnt[:, 1:]]
    return F.cross_entropy(model.lm_head(hidden), targets, reduction="sum"), len(targets)


class Rows:
    """The training rows of a corpus folder in the order of a seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        with np.load(folder / "train.npz") as data:
            self.ids, self.packed = data["ids"], data["learnt"]
        self.order = np.random.default_rng(seed).permutation(len(self.ids))

    def batch(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Ids and learnt flags [size, context + 1] of a step; beyond the last row, the first."""
        rows = self.order[np.arange(step * size, (step + 1) * size) % len(self.order)]
        learnt = np.unpackbits(self.packed[rows], axis=1, count=self.ids.shape[1]).astype(bool)
        return torch.from_numpy(self.ids[rows].astype(np.int64)), torch.from_numpy(learnt)


class Trainer:
    """A run with its whole state: `train()` goes on from wherever the last one was killed."""

    def __init__(self, run: PretrainConfig, corpus: Path, work: Path, out: Path) -> None:
        self.run, self.out = run, out
        self.tokenizer = tokenizer.load(corpus)
        torch.manual_seed(run.seed)
        self.model = Transformer(MODELS[run.name](self.tokenizer.get_vocab_size()))
        self.gates = self.model.gates()
        matrices, others = split_parameters(self.model)
        self.optimizers: dict[str, tuple[torch.optim.Optimizer, float]] = {
            "muon": (Muon(matrices, lr=run.muon_lr), run.muon_lr),
            "adamw": (
                torch.optim.AdamW(others, run.adamw_lr, betas=(0.9, 0.95), weight_decay=0.0),
                run.adamw_lr,
            ),
        }
        self.rows = Rows(corpus, run.seed)
        self.tokens_per_step = run.rows_per_step * (self.rows.ids.shape[1] - 1)
        self.settings = asdict(run) | {"corpus": digest([torch.from_numpy(self.rows.ids)])}
        self.step, self.seconds = 0, 0.0
        self.state_file = work / run.name / "state.pt"
        self.log_file = out / "runs" / run.name / "log.jsonl"
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        if state := load_state(self.state_file, self.settings):
            self._resume(state)
        truncate_log(self.log_file, self.step)

    def train(self) -> Path:
        """Run to the end; return the checkpoint folder."""
        keep = {round(share * self.run.steps): share for share in self.run.snapshots}
        while self.step < self.run.steps:
            started = time.perf_counter()
            entry = self._update()
            took = time.perf_counter() - started
            self.seconds += took
            entry |= {"seconds": round(self.seconds, 1)}
            with self.log_file.open("a") as log:
                log.write(json.dumps(entry) + "\n")
            done = self.step == self.run.steps
            if self.step % 20 == 0 or done:
                left = (self.run.steps - self.step) * self.seconds / self.step / 60
                print(
                    f"{self.run.name}: step {self.step:,}/{self.run.steps:,}  "
                    f"loss {entry['loss']:.3f}  {self.tokens_per_step / took:,.0f} tokens/s  "
                    f"{left:.0f} min left",
                    flush=True,
                )
            if self.step in keep:
                self._export(f"{self.run.name}-{keep[self.step] * 100:g}pct", "history")
            if self.step % self.run.save_every == 0 or done:
                self._save()
        return self._finish()

    def _update(self) -> dict[str, Any]:
        """One optimizer step; what the log says of it."""
        factor = schedule(self.run, self.step)
        ids, learnt = self.rows.batch(self.step, self.run.rows_per_step)
        count = int(learnt[:, 1:].sum())
        total = 0.0
        size, alpha = self.run.rows_per_pass, self.run.aux_loss_alpha
        tap = AuxiliaryLossTap() if alpha else LoadTap()
        for a, b in zip(ids.split(size), learnt.split(size), strict=True):
            loss, _ = masked_loss(self.model, a, b, tap)
            total += loss.item()
            loss = loss / count
            if isinstance(tap, AuxiliaryLossTap):
                loss = loss + alpha * tap.take() * len(a) / len(ids)
            loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer, peak in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = peak * factor
            optimizer.step()
            optimizer.zero_grad()
        for layer, gate in self.gates.items():
            update_bias(gate, tap.load[layer], self.run.bias_update_speed * factor)
        self.step += 1
        entry = {
            "step": self.step,
            "tokens": self.step * self.tokens_per_step,
            "loss": round(total / count, 4),
            "grad_norm": round(float(norm), 3),
            "max_vio": [round(max_violation(load_E), 3) for load_E in tap.load.values()],
        }
        if self.run.log_load:
            biases = [gate.e_score_correction_bias for gate in self.gates.values()]
            entry["load"] = [[int(n) for n in load_E] for load_E in tap.load.values()]
            entry["bias"] = [[round(float(b), 4) for b in bias_E] for bias_E in biases]
        return entry

    def _save(self) -> None:
        optimizers = {
            name: optimizer.state_dict() for name, (optimizer, _) in self.optimizers.items()
        }
        progress = {"step": self.step, "seconds": self.seconds}
        state = optimizers | {"model": self.model.state_dict()} | progress
        save_state(self.state_file, self.settings, state)

    def _resume(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        for name, (optimizer, _) in self.optimizers.items():
            optimizer.load_state_dict(state[name])
        self.step, self.seconds = state["step"], state["seconds"]
        print(f"{self.run.name}: going on from step {self.step:,}", flush=True)

    def _export(self, label: str, family: str) -> Path:
        about = checkpoints.About(
            name=label,
            family=family,
            tokens=self.step * self.tokens_per_step,
            steps=self.step,
            seed=self.run.seed,
            date=datetime.date.today().isoformat(),
        )
        folder = self.out / "checkpoints" / label
        checkpoints.save(folder, self.model, self.tokenizer, about)
        return folder

    def _finish(self) -> Path:
        summary = {
            "run": asdict(self.run),
            "tokens": self.step * self.tokens_per_step,
            "minutes": round(self.seconds / 60, 1),
        }
        text = json.dumps(summary, indent=1) + "\n"
        self.log_file.with_name("run.json").write_text(text)
        return self._export(self.run.name, FAMILIES[self.run.name])


def smoke(name: str) -> PretrainConfig:
    """A run of seconds, for tests."""
    return PretrainConfig(name, seed=0, steps=6, rows_per_step=4, rows_per_pass=2, save_every=2)


#: speed of the bias and weight of the auxiliary loss, all that the runs on balance differ in; the
#: weight is DeepSeekMoE 2B's (arXiv 2401.06066, section 4.1)
BALANCE = {"balance-bias": (0.002, 0.0), "balance-loss": (0.0, 0.01), "balance-none": (0.0, 0.0)}


def full(name: str) -> PretrainConfig:
    """The run behind a shipped checkpoint."""
    if name in BALANCE:
        speed, alpha = BALANCE[name]
        return PretrainConfig(
            name, 0, 300, bias_update_speed=speed, aux_loss_alpha=alpha, log_load=True
        )
    whole = PretrainConfig(name, seed=0, steps=2200)
    return replace(whole, snapshots=(0.01, 0.03, 0.1, 0.3)) if name == "base" else whole
