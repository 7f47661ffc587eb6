"""The Muon optimizer for matrices; AdamW takes the other parameters.

`torch.optim.Muon` takes two-dimensional parameters only; our experts are stacks [E, O, I], so the
orthogonalisation here runs on a batch of matrices at once.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from model.nn.network import Experts, Transformer


def orthogonalise(matrices: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrices [..., O, I], by five quintic Newton-Schulz iterations.

    With the coefficients of Keller Jordan's Muon (2024); singular values end at about 0.7 to 1.2.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum: every direction of a matrix moves by about the same amount."""

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["momentum"] = torch.zeros_like(p)
                state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                nesterov = p.grad.lerp(state["momentum"], group["momentum"])
                scale = max(1, p.shape[-2] / p.shape[-1]) ** 0.5
                p.add_(orthogonalise(nesterov), alpha=-group["lr"] * scale)


def split_parameters(model: Transformer) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Parameters for Muon (hidden matrices, expert stacks) and for AdamW (all others)."""
    matrices = [
        p
        for module in model.model.modules()
        if isinstance(module, nn.Linear | Experts)
        for p in module.parameters(recurse=False)
        if p.dim() > 1  # no biases
    ]
    taken = {id(p) for p in matrices}
    return matrices, [p for p in model.parameters() if id(p) not in taken]
