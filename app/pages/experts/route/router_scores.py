"""Router scores of a run: its own tokens are read again with all scores recorded."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from app.core.assets import models
from app.core.running.need_slot import NeedSlot
from model.analysis.routing_decision import Decision, decide
from model.nn.weights import read_tensors
from model.nn.workspace import Keep, Run
from model.record.card import ModelCard
from model.record.trace import Trace
from model.runtime.batch import Request

SCORES = NeedSlot("router_scores")


def request(trace: Trace) -> Request:
    """The request to read the run's tokens with its own model and record all scores."""
    return Request(trace.card.name, tuple(trace.token_ids.tolist()), keep=Keep(scores=True))


@functools.lru_cache(maxsize=32)
def bias(model: str) -> NDArray[np.float32]:
    """The selection bias of a model's gates: [L, E], L counting only layers with experts."""
    tensors = read_tensors(models.folder(model) / "model.safetensors")
    layers = models.card(model).moe_layers
    stem = "model.layers.{}.mlp.gate.e_score_correction_bias"
    return np.array([tensors[stem.format(layer)] for layer in layers])


def decision(
    run: Run, card: ModelCard, token: int, layer: int, with_bias: bool = True
) -> Decision | None:
    """The router's decision on a token in `layer` (counting only layers with experts).

    None if the model's card lacks the routing settings.
    """
    kept_groups, scale, normalise = card.topk_group, card.routed_scaling_factor, card.norm_topk_prob
    if kept_groups is None or scale is None or normalise is None:
        return None
    own = bias(card.name)[layer]
    return decide(
        run.scores[token, layer],
        own if with_bias else 0 * own,
        chosen=card.num_experts_per_tok,
        groups=card.groups,
        kept_groups=kept_groups,
        scale=scale,
        normalise=normalise,
    )
