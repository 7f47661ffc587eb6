"""A kernel's model with other gates or another latent: `interventions` and `latent` for the kernel.

Weights are shared; only gates, and what rounds the latent, are new.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.nn.layout import Codec, Floats, Ints, Sizes
from model.nn.room import KernelModel
from model.nn.weights import panels

if TYPE_CHECKING:  # torch is not needed here
    from model.interventions import Change

FAR = 16.0  # as in `interventions`
GROUP = 32  # features that share a scale, as in `latent`


def changed(model: KernelModel, change: Change) -> KernelModel:
    """The model with an intervention at its gates.

    Raises:
        ValueError: if the model cannot be changed so; see `Change.check`.
    """
    change.check(model.config)
    s, own = model.sizes, model.gates
    if not s.E:
        return model
    bias = own.bias.copy() if change.bias else np.zeros_like(own.bias)
    works, place = own.works.copy(), own.place.copy()
    first = s.dense_layers
    for layer, expert in change.off:
        bias[layer - first, expert], works[layer - first, expert] = -FAR, 0
    for layer, expert in change.forced:  # twice as far: its group must stay open
        bias[layer - first, expert] = 2 * FAR
    if change.shuffled is not None:
        for row in range(len(place)):
            place[row] = permutation(change.shuffled * 1_000 + first + row, s.E)
    k = change.top_k or own.k
    gates = own._replace(
        bias=bias,
        works=works,
        place=place,
        k=k,
        kept_groups=max(own.kept_groups, math.ceil(k / (s.E // s.groups))),
        without_top=change.without_top,
        shared=change.shared,
    )
    return replace(model, gates=gates)


def permutation(seed: int, n: int) -> Ints:
    """torch.randperm(n) of a generator with this seed: the same shuffle of the same numbers."""
    raw = np.random.RandomState(seed).randint(0, 2**32, n, dtype=np.uint32).astype(np.int64)
    order = np.arange(n)
    for i in range(n - 1):
        other = i + raw[i] % (n - i)
        order[i], order[other] = order[other], order[i]
    return order


def with_directions(model: KernelModel, basis: Floats) -> KernelModel:
    """Keeps the latent's coordinates along r orthonormal directions [L, R, r] of each layer."""
    s = _latent(model)
    shape = basis.shape
    if shape[:2] != (s.L, s.value):
        raise ValueError(f"directions are {list(shape)}, this model has [{s.L}, {s.value}, r].")
    projection: NDArray[np.float32] = basis @ basis.transpose(0, 2, 1)
    weights = model.weights._replace(codec=panels([matrix.T for matrix in projection]))
    return replace(
        model,
        weights=weights,
        codec=Codec(projected=True, bits=0, group=1),
        latent_bytes=4 * s.L * (shape[2] + s.rope),
    )


def with_bits(model: KernelModel, bits: int) -> KernelModel:
    """Keeps the latent in bfloat16 (16 bits), or in integers of 8 or 4 bits with scales."""
    s = _latent(model)
    if bits not in (4, 8, 16):
        raise ValueError(f"a latent is kept in 16, 8 or 4 bits, not in {bits}.")
    group = GROUP if s.value % GROUP == 0 else s.value
    scales = 0 if bits == 16 else 2 * (s.value // group)
    kept = s.value * bits // 8 + scales + 4 * s.rope
    codec = Codec(projected=False, bits=bits, group=group)
    return replace(model, codec=codec, latent_bytes=s.L * kept)


def _latent(model: KernelModel) -> Sizes:
    if not model.sizes.mla:
        raise ValueError(f"{model.config.attention} keeps no latent.")
    return model.sizes
