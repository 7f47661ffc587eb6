"""The recorded load-balancing runs, and the bias rule applied to a real gate step by step."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.assets import models
from app.core.assets.files import reporting_damage
from app.core.running.need_slot import NeedSlot
from app.pages.experts import held_out
from model import ASSETS
from model.analysis import expert_load
from model.analysis.estimators import Interval, paired_difference
from model.analysis.routing_decision import choose
from model.nn.layout import Floats
from model.nn.workspace import Keep
from model.runtime.batch import Request

RUNS = ("balance-bias", "balance-loss", "balance-none")
IDLE = 0.1  # of an even share: experts with less are counted as idle
BY_HAND = "balance-none"  # its gates have no bias, and are the least balanced
ROWS = len(held_out.DOMAINS)  # held-out rows for the rule by hand, one per domain
Float64s = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BalanceRun:
    """One load-balancing run: W windows of steps, L layers with experts, E experts."""

    name: str
    steps: list[int]  # [W], the last of each window
    load: Float64s  # [W, L, E], relative to an even share
    bias: Float64s  # [W, L, E], after the window
    max_vio: Float64s  # [W], of single batches, mean over the window and the layers
    loss: float  # held out, nats per token
    interval: Interval
    minutes: float

    def idle(self) -> int:
        """The number of experts over all layers with less than `IDLE` of an even share at the
        end."""
        return int((self.load[-1] < IDLE).sum())


@functools.lru_cache(maxsize=3)
def run(name: str) -> BalanceRun:
    """Read a run from assets/runs/NAME/heldout.json."""
    found = models.heldout_results(name)
    low, high = found["heldout"]["interval"]
    # not all results have these parts
    with reporting_damage(ASSETS / "runs" / name / "heldout.json"):
        balance, max_vio = found["balance"], found["max_vio"]
    return BalanceRun(
        name,
        balance["step"],
        np.array(balance["load"]),
        np.array(balance["bias"]),
        np.array(max_vio["per_layer"]).mean(axis=1),
        found["heldout"]["loss"],
        (low, high),
        found["minutes"],
    )


def difference(name: str, other: str) -> tuple[float, Interval]:
    """Held-out loss of one run minus another's on the same rows, in nats per token."""
    a, b = (models.heldout_results(one)["heldout"] for one in (name, other))
    return paired_difference(a["row_nats"], b["row_nats"], b["row_tokens"])


class GateScores(NamedTuple):
    """Gate scores of N held-out tokens before any bias."""

    scores: Floats  # [N, L, E]
    date: str | None  # ISO, of the recording; None if they were computed live


def scores(slot: NeedSlot) -> GateScores | None:
    """What the gates score held-out tokens; None until they are read.

    A gate's bias changes neither the tokens nor the layers below it, so one forward pass is enough.
    """
    keep = Keep(scores=True)
    requests = [Request(BY_HAND, row.ids, keep=keep) for row in held_out.rows(BY_HAND)[:ROWS]]
    runs = [run for run in slot.have(BY_HAND, requests) if run is not None]
    if len(runs) < ROWS:
        return None
    return GateScores(np.concatenate([run.scores for run in runs]), runs[0].date)


@dataclass(frozen=True, eq=False)
class BiasSteps:
    """The result of the bias rule: the latest bias [E], and MaxVio from the start up to it."""

    bias: Floats
    load: Float64s  # [E] with that bias, relative to an even share
    max_vio: list[float]

    @property
    def steps(self) -> int:
        return len(self.max_vio) - 1


def by_hand(scores_NE: Floats, taken: Sequence[tuple[float, int]]) -> BiasSteps:
    """Apply the trainer's rule to the same tokens, the given number of times at each speed.

    `scores_NE` are the gate's scores of N tokens; the bias starts at 0.
    """
    bias_E = np.zeros(scores_NE.shape[1], np.float32)
    load_E = load(scores_NE + bias_E)
    max_vio = [float(load_E.max() - 1)]
    for speed, times in taken:
        for _ in range(times):
            bias_E = expert_load.next_bias(bias_E, load_E, speed)
            load_E = load(scores_NE + bias_E)
            max_vio.append(float(load_E.max() - 1))
    return BiasSteps(bias_E, load_E, max_vio)


def load(choice_NE: Floats) -> Float64s:
    """Loads [E] of a layer's experts on the held-out tokens, relative to an even share."""
    config = models.config(BY_HAND)
    ids = choose(
        choice_NE,
        chosen=config["num_experts_per_tok"],
        groups=config["n_group"],
        kept_groups=config["topk_group"],
    )
    counts = np.bincount(ids.ravel(), minlength=choice_NE.shape[1])
    return counts / counts.mean()
