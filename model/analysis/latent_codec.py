"""Compressed latent caches in the kernel: fewer directions of each latent, or fewer bits.

Weights are shared with the original model; only the cached latents differ.
Suffixes of array names: L layers, T tokens, R kv_lora_rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.nn.layout import Floats, LatentCodec, Sizes
from model.nn.weights import panels
from model.nn.workspace import KernelModel

GROUP = 32  # features that share a scale, as in llama.cpp's q8_0 and q4_0


def with_directions(model: KernelModel, basis: Floats) -> KernelModel:
    """The model with latents projected onto r orthonormal directions [L, R, r] per layer."""
    s = _latent(model)
    shape = basis.shape
    if shape[:2] != (s.L, s.value):
        raise ValueError(f"directions are {list(shape)}, this model has [{s.L}, {s.value}, r].")
    projection: NDArray[np.float32] = basis @ basis.transpose(0, 2, 1)
    weights = model.weights._replace(codec=panels([matrix.T for matrix in projection]))
    return replace(
        model,
        weights=weights,
        codec=LatentCodec(projected=True, bits=0, group=1),
        latent_bytes=4 * s.L * (shape[2] + s.rope),
    )


def with_bits(model: KernelModel, bits: int) -> KernelModel:
    """The model with latents in bfloat16 (16 bits), or in integers of 8 or 4 bits with scales."""
    s = _latent(model)
    if bits not in (4, 8, 16):
        raise ValueError(f"a latent is kept in 16, 8 or 4 bits, not in {bits}.")
    group = GROUP if s.value % GROUP == 0 else s.value
    scales = 0 if bits == 16 else 2 * (s.value // group)
    layer_bytes = s.value * bits // 8 + scales + 4 * s.rope
    codec = LatentCodec(projected=False, bits=bits, group=group)
    return replace(model, codec=codec, latent_bytes=s.L * layer_bytes)


def principal(latents: Sequence[Floats]) -> tuple[NDArray[np.float64], Floats]:
    """Singular values [L, R] of latents [L, T, R], largest first, and their directions [L, R, R].

    Without centring, so that the first r columns are the directions that preserve most of the
    latents' energy, the sum of their squares.
    """
    gram_LRR = sum(c.astype(np.float64).swapaxes(1, 2) @ c.astype(np.float64) for c in latents)
    energy, vectors = np.linalg.eigh(gram_LRR)
    values = np.sqrt(energy[:, ::-1].clip(min=0))
    return values, np.ascontiguousarray(vectors[:, :, ::-1], np.float32)


def rounded(c_LTR: Floats, bits: int) -> Floats:
    """Latents after a round trip through 16 (bfloat16), 8 or 4 bits; see `with_bits`."""
    if bits == 16:  # to the nearest, ties to even
        raw = c_LTR.view(np.uint32)
        return ((raw + 0x7FFF + ((raw >> 16) & 1)) & 0xFFFF0000).view(np.float32)
    most = 2 ** (bits - 1) - 1
    width = c_LTR.shape[-1]
    grouped = c_LTR.reshape(*c_LTR.shape[:-1], -1, GROUP if width % GROUP == 0 else width)
    largest = np.abs(grouped).max(axis=-1, keepdims=True)
    scale = np.maximum((largest / most).astype(np.float16), np.float16(2**-24))
    codes = np.rint(grouped / scale.astype(np.float32)).clip(-most, most)
    return (codes * scale.astype(np.float32)).reshape(c_LTR.shape).astype(np.float32)


def lost(c_LTR: Floats, seen_LTR: Floats) -> float:
    """The relative error of compressed latents: the norm of the difference over their norm."""
    return float(np.linalg.norm(seen_LTR - c_LTR) / np.linalg.norm(c_LTR))


def _latent(model: KernelModel) -> Sizes:
    if not model.sizes.mla:
        raise ValueError(f"{model.config.attention} keeps no latent.")
    return model.sizes
