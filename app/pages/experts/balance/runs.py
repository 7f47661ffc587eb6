"""The runs on balance as they were recorded, and the bias rule on a real gate, step by step."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.core import models
from app.pages.experts import held_out
from model.analysis.estimators import Interval, paired_difference

if TYPE_CHECKING:
    from torch import Tensor

RUNS = ("balance-bias", "balance-loss", "balance-none")
IDLE = 0.1  # of an even share: below it an expert hardly works
BY_HAND = "balance-none"  # its gates have no bias, and need one most
ROWS = len(held_out.DOMAINS)  # of held-out text behind the rule by hand, one of each domain
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Run:
    """One run on balance: W windows of steps, L layers with experts, E experts."""

    name: str
    steps: list[int]  # [W], the last of each window
    load: Floats  # [W, L, E], an even share being 1
    bias: Floats  # [W, L, E], after the window
    max_vio: Floats  # [W], of single batches, mean over the window and the layers
    loss: float  # held out, nats per token
    interval: Interval
    minutes: float

    def idle(self) -> int:
        """Experts of all layers that took less than `IDLE` of an even share at the end."""
        return int((self.load[-1] < IDLE).sum())


@st.cache_resource(max_entries=3, show_spinner=False)
def run(name: str) -> Run:
    """A run as assets/runs/NAME/results.json has it."""
    found = models.run_results(name)
    low, high = found["heldout"]["interval"]
    return Run(
        name,
        found["balance"]["step"],
        np.array(found["balance"]["load"]),
        np.array(found["balance"]["bias"]),
        np.array(found["max_vio"]["per_layer"]).mean(axis=1),
        found["heldout"]["loss"],
        (low, high),
        found["minutes"],
    )


def difference(name: str, other: str) -> tuple[float, Interval]:
    """Held-out loss of one run less another's on the same rows, in nats per token."""
    a, b = (models.run_results(one)["heldout"] for one in (name, other))
    return paired_difference(a["row_nats"], b["row_nats"], b["row_tokens"])


@st.cache_resource(max_entries=8, show_spinner=False)
def scores(layer: int) -> Tensor:
    """What a layer's gate thinks of held-out tokens, before any bias: [N, E].

    A gate's bias changes neither these tokens nor what lies below it, so one reading serves all.
    """
    import torch  # here, not above: a page's first picture does not wait for it

    from model.analysis.teacher_forcing import teacher_force

    model = models.engine(BY_HAND).model
    at = sorted(model.gates()).index(layer)
    rows = (held_out.row(BY_HAND, place).ids for place in range(ROWS))
    found = [teacher_force(model, ids).scores[:, at] for ids in rows]
    return torch.from_numpy(np.concatenate(found))


@dataclass(eq=False)
class Hand:
    """The bias rule by hand: biases [E] and MaxVio after each step, the start included."""

    layer: int
    biases: list[NDArray[np.float32]]
    max_vio: list[float]
    load: Floats  # [E] with the newest bias, an even share being 1

    @property
    def steps(self) -> int:
        return len(self.biases) - 1


def begin(layer: int) -> Hand:
    """No bias yet."""
    bias = np.zeros(scores(layer).shape[1], np.float32)
    load_E = load(layer, bias)
    return Hand(layer, [bias], [float(load_E.max() - 1)], load_E)


def step(hand: Hand, speed: float, times: int) -> None:
    """Apply the trainer's own rule to the same tokens so many times."""
    import torch

    from model.training.pretrain import update_bias

    gate = copy.deepcopy(models.engine(BY_HAND).model.gates()[hand.layer])
    for _ in range(times):
        gate.e_score_correction_bias = torch.from_numpy(hand.biases[-1].copy())
        update_bias(gate, torch.from_numpy(hand.load), speed)
        hand.biases.append(gate.e_score_correction_bias.numpy())
        hand.load = load(hand.layer, hand.biases[-1])
        hand.max_vio.append(float(hand.load.max() - 1))


def load(layer: int, bias: NDArray[np.float32]) -> Floats:
    """Loads [E] of a layer's experts on the held-out tokens under a bias, an even share being 1."""
    import torch

    gate = models.engine(BY_HAND).model.gates()[layer]
    ids = gate.choose(scores(layer) + torch.from_numpy(bias))
    counts = ids.flatten().bincount(minlength=len(bias)).numpy()
    return counts / counts.mean()
