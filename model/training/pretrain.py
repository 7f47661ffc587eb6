"""Pre-training: next-token prediction with auxiliary-loss-free load balancing, on one CPU thread.

One step is one optimizer update. Data, order and initial weights follow from the seed, so that the
twins differ in attention only, and a run that was killed still ends with the same weights.
Departures from the V3 report (section 4.2), for a small model on a CPU: Muon together with AdamW,
no sequence-wise auxiliary loss, no multi-token prediction, and a bias update speed that decays with
the learning rate instead of dropping to zero near the end. As in the report (section 4.3), the
context is extended late: the first rows are half as long as the last.
Suffixes of tensor names are those of `network`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from model.nn import checkpoints, config, tokenizer
from model.nn.config import ModelConfig
from model.nn.files import write_json
from model.nn.network import Gate, Transformer
from model.nn.shipped import About, seeded
from model.training.loop import TrainingRun
from model.training.optim import Muon, split_parameters
from model.training.state import digest

STEPS, TWIN_STEPS, PAIR_STEPS = 2000, 300, 730
SEEDS = (0, 1, 2)
#: the attention kinds compared, each with all seeds and on the same number of tokens; "mla32"
#: caches as many numbers as MQA
TWINS: dict[str, Callable[[int], ModelConfig]] = {
    "base-mla": config.base,
    "base-mla32": config.small_latent,
    "base-mha": lambda vocab: config.twin(vocab, num_key_value_heads=8),
    "base-gqa": lambda vocab: config.twin(vocab, num_key_value_heads=4),
    "base-mqa": lambda vocab: config.twin(vocab, num_key_value_heads=1),
}
#: seed by seed, so that every kind is available early
TWIN_RUNS = {seeded(name, seed): (name, seed) for seed in SEEDS for name in TWINS}
#: two small models, each with a corpus of its own name: the same picks, with verdicts written out
#: digit by digit or as one word
PAIR = ("verdict-digits", "verdict-word")
#: name → the config of the model, given the vocabulary size
MODELS: dict[str, Callable[[int], ModelConfig]] = {
    "base": config.base,
    "student-base": config.student,
    **dict.fromkeys(PAIR, config.student),
    **{run: TWINS[name] for run, (name, _) in TWIN_RUNS.items()},
    "balance-bias": config.base,
    "balance-loss": config.base,
    "balance-none": config.base,
}
#: name → the checkpoint's family
FAMILIES = {
    "base": "base",
    "student-base": "student",
    **dict.fromkeys(PAIR, "verdict"),
    **dict.fromkeys(TWIN_RUNS, "twin"),
    "balance-bias": "balance",
    "balance-loss": "balance",
    "balance-none": "balance",
}


@dataclass(frozen=True)
class PretrainConfig:
    """The settings of a run. Learning rates are peak values; shares are of `steps`."""

    name: str
    seed: int
    steps: int
    rows_per_step: int = 20  # 20 x 384 = 7,680 tokens, later half as many rows of twice the length
    rows_per_pass: int = 10  # per gradient accumulation pass: what fits in the processor's cache
    short: float = 1.0  # share of steps with short rows
    corpus: str = "corpus"  # folder
    muon_lr: float = 0.02
    adamw_lr: float = 3e-3
    bias_update_speed: float = 0.002  # gamma of the V3 report, section 2.1.2; 0: no bias
    aux_loss_alpha: float = 0.0  # weight of the classical auxiliary loss, which V3 does without
    warmup: float = 0.01
    decay: float = 0.6  # linear decay to zero over the last 60 %
    snapshots: tuple[float, ...] = ()  # shares of training after which a checkpoint is kept
    save_every: int = 100
    log_load: bool = False  # whether to log the load and bias of every expert


def schedule(config: PretrainConfig, step: int) -> float:
    """The factor on the learning rates at a step: warm-up, plateau, linear decay."""
    done = step / config.steps
    return min(1.0, (step + 1) / max(1.0, config.warmup * config.steps), (1 - done) / config.decay)


class LoadTap:
    """Counts expert load: `load[layer]` is the number of tokens per expert, [E]."""

    def __init__(self) -> None:
        self.load: dict[int, Tensor] = {}

    def gate(
        self, layer: int, ids_Nk: Tensor, weights_Nk: Tensor, scores_NE: Tensor, bias_E: Tensor
    ) -> None:
        counts = ids_Nk.flatten().bincount(minlength=len(bias_E)).float()
        self.load[layer] = self.load.get(layer, torch.zeros_like(counts)) + counts


class AuxiliaryLossTap(LoadTap):
    """Also sums the auxiliary balance loss of a pass: f · P (arXiv 2401.06066, equations 12 to 14).

    f is an expert's load relative to an even share, P its mean score, where each token's scores are
    normalised, since they are sigmoids (V3 report, equation 19). An even load gives 1 per layer.
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
        """Return the loss of the last pass and reset it to zero."""
        loss, self.loss = self.loss, torch.zeros(())
        return loss


def max_violation(load_E: Tensor) -> float:
    """MaxVio (arXiv 2408.15664, equation 4): maximum load / mean load - 1."""
    return float(load_E.max() / load_E.mean() - 1)


def update_bias(gate: Gate, load_E: Tensor, speed: float) -> None:
    """Raise the bias of underloaded experts, lower that of overloaded ones (2408.15664, Alg. 1)."""
    gate.e_score_correction_bias += speed * torch.sign(load_E.mean() - load_E)


def masked_loss(
    model: Transformer, ids: Tensor, learnt: Tensor, tap: LoadTap | None = None
) -> tuple[Tensor, int]:
    """Summed cross-entropy in nats of the learnt next tokens of rows [B, T + 1], and their count.

    The head runs on learnt positions only.
    """
    hidden = model.hidden(ids[:, :-1], tap=tap)[learnt[:, 1:]]
    targets = ids[:, 1:][learnt[:, 1:]]
    return F.cross_entropy(model.lm_head(hidden), targets, reduction="sum"), len(targets)


class CorpusRows:
    """The training rows of a file, shuffled by a seed."""

    def __init__(self, file: Path, seed: int) -> None:
        with np.load(file) as data:
            self.ids, self.packed = data["ids"], data["learnt"]
        self.order = np.random.default_rng(seed).permutation(len(self.ids))

    def batch(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Token ids and loss masks [size, context + 1] of a step; wraps around at the end."""
        rows = self.order[np.arange(step * size, (step + 1) * size) % len(self.order)]
        learnt = np.unpackbits(self.packed[rows], axis=1, count=self.ids.shape[1]).astype(bool)
        return torch.from_numpy(self.ids[rows].astype(np.int64)), torch.from_numpy(learnt)


class Pretraining(TrainingRun):
    """Trains a model from random weights on one pass over its corpus."""

    def __init__(self, config: PretrainConfig, corpora: Path) -> None:
        """`config.corpus` names the folder in `corpora`."""
        self.config = config
        corpus = corpora / config.corpus
        self.tokenizer = tokenizer.load(corpus)
        self.rows = CorpusRows(corpus / "train.npz", config.seed)
        self.long_from = round(config.short * config.steps)
        self.long = CorpusRows(corpus / "long.npz", config.seed) if config.short < 1 else self.rows
        used = [torch.from_numpy(rows.ids) for rows in (self.rows, self.long)]
        torch.manual_seed(config.seed)
        shape = MODELS[config.name](self.tokenizer.get_vocab_size())
        context = self.long.ids.shape[1] - 1  # later positions are never trained
        model = Transformer(replace(shape, max_position_embeddings=context))
        self.gates = model.gates()
        matrices, others = split_parameters(model)
        self.peaks = {"muon": config.muon_lr, "adamw": config.adamw_lr}
        super().__init__(
            config.name,
            model,
            {
                "muon": Muon(matrices, lr=config.muon_lr),
                "adamw": torch.optim.AdamW(
                    others, config.adamw_lr, betas=(0.9, 0.95), weight_decay=0.0
                ),
            },
            asdict(config) | {"corpus": digest(used)},
            steps=config.steps,
            save_every=config.save_every,
            report_every=20,
        )

    def update(self) -> dict[str, Any]:
        factor = schedule(self.config, self.step)
        size, alpha = self.config.rows_per_pass, self.config.aux_loss_alpha
        rows = self.config.rows_per_step
        if self.step < self.long_from:
            ids, learnt = self.rows.batch(self.step, rows)
        else:
            ids, learnt = self.long.batch(self.step - self.long_from, rows // 2)
            size = max(1, size // 2)
        count = int(learnt[:, 1:].sum())
        total = 0.0
        tap = AuxiliaryLossTap() if alpha else LoadTap()
        for a, b in zip(ids.split(size), learnt.split(size), strict=True):
            loss, _ = masked_loss(self.model, a, b, tap)
            total += loss.item()
            loss = loss / count
            if isinstance(tap, AuxiliaryLossTap):
                loss = loss + alpha * tap.take() * len(a) / len(ids)
            loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for name, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = self.peaks[name] * factor
            optimizer.step()
            optimizer.zero_grad()
        for layer, gate in self.gates.items():
            update_bias(gate, tap.load[layer], self.config.bias_update_speed * factor)
        self.tokens += ids[:, 1:].numel()
        entry = {
            "loss": round(total / count, 4),
            "grad_norm": round(float(norm), 3),
            "max_vio": [round(max_violation(load_E), 3) for load_E in tap.load.values()],
        }
        if self.config.log_load:
            biases = [gate.e_score_correction_bias for gate in self.gates.values()]
            entry["load"] = [[int(n) for n in load_E] for load_E in tap.load.values()]
            entry["bias"] = [[round(float(b), 4) for b in bias_E] for bias_E in biases]
        return entry

    def summary(self, entry: Mapping[str, Any]) -> str:
        return f"loss {entry['loss']:.3f}"


def pretrain(config: PretrainConfig, corpora: Path, work: Path, assets: Path) -> Path:
    """Train a model and ship it with its snapshots; returns its checkpoint folder."""
    run = Pretraining(config, corpora)
    log_folder = assets / "runs" / config.name
    snapshots = {round(share * config.steps): share for share in config.snapshots}

    def export(name: str, family: str) -> Path:
        today = datetime.date.today().isoformat()
        about = About(name, family, run.tokens, run.step, config.seed, today)
        folder = assets / "checkpoints" / name
        checkpoints.save(folder, run.model, run.tokenizer, about)
        return folder

    def keep_snapshot() -> None:
        if run.step in snapshots:
            export(f"{config.name}-{snapshots[run.step] * 100:g}pct", "history")

    run.train(work, log_folder, keep_snapshot)
    minutes = round(run.seconds / 60, 1)
    summary = {"run": asdict(config), "tokens": run.tokens, "minutes": minutes}
    write_json(log_folder / "run.json", summary, indent=1)
    return export(config.name, FAMILIES[config.name])


#: bias update speed and weight of the auxiliary loss, the only differences between the balance
#: runs; the weight is DeepSeekMoE 2B's (arXiv 2401.06066, section 4.1)
BALANCE = {"balance-bias": (0.002, 0.0), "balance-loss": (0.0, 0.01), "balance-none": (0.0, 0.0)}


def full(name: str) -> PretrainConfig:
    """The settings of the run behind a shipped checkpoint."""
    if name in BALANCE:
        speed, alpha = BALANCE[name]
        return PretrainConfig(
            name, 0, 300, bias_update_speed=speed, aux_loss_alpha=alpha, log_load=True
        )
    if name in PAIR:
        return PretrainConfig(name, 0, PAIR_STEPS, corpus=name)
    if name in TWIN_RUNS:
        return PretrainConfig(name, TWIN_RUNS[name][1], steps=TWIN_STEPS)
    whole = PretrainConfig(name, seed=0, steps=STEPS, short=0.6)
    if name == "base":
        return replace(whole, snapshots=(0.01, 0.03, 0.1, 0.25, 0.5))
    return whole
