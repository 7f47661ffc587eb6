"""Teacher forcing: a given text through a model, to see how likely it found each token and which
experts it chose, with nothing sampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.nn.network import Transformer
from model.runtime.reference import PassTap


@dataclass(frozen=True, eq=False)
class ForcedPass:
    """One pass over T given tokens; L layers with experts, k experts per token, E in all."""

    logprobs: NDArray[np.float32]  # [T], natural; given the tokens before, NaN for the first
    expert_ids: NDArray[np.int16]  # [T, L, k], strongest first
    expert_weights: NDArray[np.float32]  # [T, L, k]
    scores: NDArray[np.float32]  # [T, L, E], between 0 and 1, before the bias
    bias: NDArray[np.float32]  # [L, E]


class _Tap(PassTap):
    """Keeps the gates' biases, too."""

    def __init__(self) -> None:
        super().__init__()
        self.bias: list[Tensor] = []

    def gate(
        self, layer: int, ids_Nk: Tensor, weights_Nk: Tensor, scores_NE: Tensor, bias_E: Tensor
    ) -> None:
        super().gate(layer, ids_Nk, weights_Nk, scores_NE, bias_E)
        self.bias.append(bias_E)


@torch.inference_mode()
def teacher_force(model: Transformer, token_ids: Sequence[int]) -> ForcedPass:
    """Feed a text at once to a model that has experts. The text must fit its context."""
    tap = _Tap()
    ids_BT = torch.tensor([list(token_ids)])
    likely_TV = model(ids_BT, tap=tap)[0].log_softmax(-1)
    logprobs = torch.full(ids_BT.shape[1:], torch.nan)
    logprobs[1:] = likely_TV[:-1].gather(1, ids_BT[0, 1:, None])[:, 0]
    return ForcedPass(
        logprobs=logprobs.numpy(),
        expert_ids=torch.stack(tap.ids, dim=1).numpy().astype(np.int16),
        expert_weights=torch.stack(tap.weights, dim=1).numpy(),
        scores=torch.stack(tap.scores, dim=1).numpy(),
        bias=torch.stack(tap.bias).numpy().copy(),
    )
