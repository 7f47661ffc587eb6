"""Interventions in the PyTorch network, the reference for testing `interventions`."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from model.analysis.interventions import FAR, Intervention
from model.nn.config import ModelConfig
from model.nn.network import Gate, MixtureOfExperts, Transformer


class IntervenedGate(Gate):
    """A gate that shares another gate's weight and routes under an intervention."""

    def __init__(
        self, gate: Gate, config: ModelConfig, layer: int, intervention: Intervention
    ) -> None:
        experts = len(gate.weight)
        chosen = intervention.top_k or gate.chosen
        needed_groups = math.ceil(chosen / (experts // gate.groups))
        super().__init__(
            replace(
                config,
                num_experts_per_tok=chosen,
                topk_group=max(gate.kept_groups, needed_groups),
            )
        )
        self.weight = gate.weight
        own_E = gate.e_score_correction_bias
        bias_E = own_E.clone() if intervention.bias else torch.zeros_like(own_E)
        off = [expert for at, expert in sorted(intervention.off) if at == layer]
        bias_E[off] = -FAR
        # twice as far, so that its group stays open even if all its other experts are off
        bias_E[[expert for at, expert in sorted(intervention.forced) if at == layer]] = 2 * FAR
        self.e_score_correction_bias = bias_E
        self.works_E = torch.ones_like(own_E)
        self.works_E[off] = 0
        self.without_top = intervention.without_top
        self.place_E = torch.arange(experts)
        if intervention.shuffled is not None:
            random = torch.Generator().manual_seed(intervention.shuffled * 1_000 + layer)
            self.place_E = torch.randperm(experts, generator=random)

    def forward(self, x_ND: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Like `Gate.forward`; an expert that is off may fill an empty place, with weight 0."""
        scores_NE = self.score(x_ND)
        choice_NE = scores_NE + self.e_score_correction_bias
        works_NE = self.works_E.expand_as(scores_NE)
        if self.without_top:
            top = choice_NE.topk(self.without_top, dim=-1).indices
            choice_NE = choice_NE.scatter(1, top, -FAR)
            works_NE = works_NE.scatter(1, top, 0)
        ids_Nk = self.choose(choice_NE)
        return self.weigh(scores_NE * works_NE, ids_Nk), self.place_E[ids_Nk], scores_NE


class Silent(nn.Module):
    """Replaces experts that are off; returns zeros."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)


def intervened(model: Transformer, intervention: Intervention) -> Transformer:
    """A copy of the model under an intervention, which shares the weights but not the gates.

    Raises:
        ValueError: if the model does not allow it; see `Intervention.check`.
    """
    intervention.check(model.config)
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    copied = copy.deepcopy(model, shared)
    for module in list(copied.modules()):
        if isinstance(module, MixtureOfExperts):
            module.gate = IntervenedGate(module.gate, model.config, module.layer, intervention)
            if not intervention.shared:
                module.shared_experts = Silent()  # type: ignore[assignment]
    return copied
