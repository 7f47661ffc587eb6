"""What if the router had chosen otherwise? A model under an intervention beside the untouched one.

`intervened(model, intervention)` gives a copy that shares every weight with the model and differs
in its gates alone, so that both can run at the same time and no other run is touched.

The router's bias takes part in the choice only, never in the weights (V3 report, section 2.1.2). So
an expert is switched off by a bias far below any score, and forced by one far above.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from model.nn.config import ModelConfig
from model.nn.network import Gate, MixtureOfExperts, Transformer

FAR = 16.0  # beyond any score plus bias; more would cost float32 the scores' own digits

Expert = tuple[int, int]  # the model's own number of the layer, number of the expert


@dataclass(frozen=True)
class Intervention:
    """What to change in the routing. The default changes nothing; fields can be combined."""

    off: frozenset[Expert] = frozenset()  # no token may choose these; others take their place
    forced: frozenset[Expert] = frozenset()  # every token must choose these, of its k
    top_k: int | None = None  # experts per token; groups open as far as they must
    without_top: int = 0  # each token's first choices that it may not have (arXiv 2401.06066, 4.5)
    shared: bool = True  # whether the shared experts work
    bias: bool = True  # whether the trained bias takes part in the choice
    shuffled: int | None = None  # seed by which each layer's experts change places

    @property
    def name(self) -> str:
        """Equal for equal interventions, in every process."""
        parts = (sorted(self.off), sorted(self.forced), self.top_k, self.without_top)
        return repr((*parts, self.shared, self.bias, self.shuffled))

    def check(self, config: ModelConfig) -> None:
        """Refuse what a model of this shape cannot do.

        Raises:
            ValueError: if an expert does not exist or is both off and forced, or if more experts
                are chosen or forbidden than there are.
        """
        experts = config.n_routed_experts or 0
        for layer, expert in self.off | self.forced:
            if layer not in config.moe_layers or not 0 <= expert < experts:
                raise ValueError(f"layer {layer} has no expert {expert}.")
        if both := self.off & self.forced:
            raise ValueError("expert {1} of layer {0} is both off and forced.".format(*min(both)))
        if self.top_k is not None and not 1 <= self.top_k <= experts:
            raise ValueError(f"a token can have 1 to {experts} experts, not {self.top_k}.")
        if not 0 <= self.without_top <= experts:
            raise ValueError(
                f"a token can do without 0 to {experts} experts, not {self.without_top}."
            )


class IntervenedGate(Gate):
    """A gate that shares another's weight and chooses under an intervention."""

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
        # twice as far: its group must stay open even if it is the last one there that works
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
        """As `Gate.forward`. An expert that is off may fill an empty place, with weight 0."""
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
    """In the place of experts that are off: adds nothing."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)


def intervened(model: Transformer, intervention: Intervention) -> Transformer:
    """A copy of the model under an intervention: weights are shared, gates and wiring are its own.

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
