"""Interventions on routing: what if the router had chosen differently?

`intervened(model, intervention)` shares every weight with the model and differs in its gates alone,
so that both can run at the same time without affecting other runs. No torch; the tests compare it
with the same in torch, `reference_interventions`.
The router's bias takes part in the choice only, never in the weights (V3 report, section 2.1.2). So
an expert is switched off by a bias far below any score, and forced by one far above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from model.nn.config import ModelConfig
from model.nn.layout import Ints
from model.nn.workspace import KernelModel

FAR = 16.0  # larger than any score plus bias, yet small enough for float32 to keep their digits

Expert = tuple[int, int]  # layer, counting all layers of the model, and expert


@dataclass(frozen=True)
class Intervention:
    """A change to the routing. The default changes nothing; fields can be combined."""

    off: frozenset[Expert] = frozenset()  # no token may choose these; others take their place
    forced: frozenset[Expert] = frozenset()  # every token must choose these among its k
    top_k: int | None = None  # experts per token; opens as many groups as that needs
    without_top: int = 0  # number of top choices that each token is denied (arXiv 2401.06066, 4.5)
    shared: bool = True  # whether the shared experts are active
    bias: bool = True  # whether the trained bias takes part in the choice
    shuffled: int | None = None  # seed for shuffling the experts of each layer

    @property
    def name(self) -> str:
        """A name that is equal for equal interventions, in every process."""
        parts = (sorted(self.off), sorted(self.forced), self.top_k, self.without_top)
        return repr((*parts, self.shared, self.bias, self.shuffled))

    @property
    def label(self) -> str:
        """What it changes, as it stands in the name of a file: "off-3.2-no-bias"."""
        named = [f"{layer}.{expert}" for layer, expert in sorted(self.off)]
        parts = {
            "off": "-".join(named) if len(named) < 6 else f"{len(named)}-experts",
            "forced": "-".join(f"{layer}.{expert}" for layer, expert in sorted(self.forced)),
            "top": self.top_k,
            "without-top": self.without_top or None,
            "shuffled": self.shuffled,
        }
        said = [f"{key}-{value}" for key, value in parts.items() if value not in ("", None)]
        absent = {"no-shared": self.shared, "no-bias": self.bias}
        return "-".join([*said, *(key for key, there in absent.items() if not there)])

    def check(self, config: ModelConfig) -> None:
        """Check that a model with this config allows the intervention.

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


@dataclass(frozen=True)
class Intervened:
    """A model, by its name, under an intervention: the engine of a request."""

    model: str
    intervention: Intervention

    def __str__(self) -> str:
        """A name that is equal for equal ones, in every process."""
        return f"{self.model} {self.intervention.name}"


#: What is shown before a viewer changes anything.
EXAMPLE = Intervention(shared=False)


def knock_outs(
    n_routed_experts: int, num_experts_per_tok: int
) -> tuple[list[Intervention], dict[str, Intervention]]:
    """What the DeepSeekMoE paper takes away (arXiv 2401.06066, section 4.5).

    Each token's first 1, 2, ... choices, up to a quarter of the experts; and by name: the shared
    expert, also with another routed one in its place, one routed expert, and the first choice.
    """
    masked = [Intervention(without_top=n) for n in range(1, n_routed_experts // 4 + 1)]
    return masked, {
        "shared": Intervention(shared=False),
        "shared_plus": Intervention(shared=False, top_k=num_experts_per_tok + 1),
        "fewer": Intervention(top_k=num_experts_per_tok - 1),
        "best": masked[0],
    }


def intervened(model: KernelModel, intervention: Intervention) -> KernelModel:
    """The model under an intervention: it shares the weights and has gates of its own.

    Raises:
        ValueError: if the model does not allow it; see `Intervention.check`.
    """
    intervention.check(model.config)
    s, own = model.sizes, model.gates
    if not s.E:
        return model
    bias = own.bias.copy() if intervention.bias else np.zeros_like(own.bias)
    works, place = own.works.copy(), own.place.copy()
    first = s.dense_layers
    for layer, expert in intervention.off:
        bias[layer - first, expert], works[layer - first, expert] = -FAR, 0
    for layer, expert in intervention.forced:  # twice as far, so that its group stays open
        bias[layer - first, expert] = 2 * FAR
    if intervention.shuffled is not None:
        for row in range(len(place)):
            place[row] = permutation(intervention.shuffled * 1_000 + first + row, s.E)
    k = intervention.top_k or own.k
    gates = own._replace(
        bias=bias,
        works=works,
        place=place,
        k=k,
        kept_groups=max(own.kept_groups, math.ceil(k / (s.E // s.groups))),
        without_top=intervention.without_top,
        shared=intervention.shared,
    )
    return replace(model, gates=gates)


def permutation(seed: int, n: int) -> Ints:
    """torch.randperm(n) with a generator of this seed, without torch."""
    raw = np.random.RandomState(seed).randint(0, 2**32, n, dtype=np.uint32).astype(np.int64)
    order = np.arange(n)
    for i in range(n - 1):
        other = i + raw[i] % (n - i)
        order[i], order[other] = order[other], order[i]
    return order
