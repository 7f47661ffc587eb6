"""Compressed latent caches in the PyTorch network, like `analysis.latent_codec` in the kernel.

A codec encodes `c_kv` as it is appended, and attention works with the decoded latents, over a
prompt as well as token by token, so that reading a text and generating it give the same result. The
rotary key `k_pe` is not changed.

Suffixes of tensor names: B batch, T new tokens, N tokens of all rows, L layers, R kv_lora_rank,
p qk_rope_head_dim, r directions kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from model.nn.cache import Cache
from model.nn.config import ModelConfig
from model.nn.network import Transformer

GROUP = 32  # features that share a scale, as in llama.cpp's q8_0 and q4_0


class Codec(Protocol):
    """A way to store latents, whose parts have time as dimension 1."""

    def encode(self, layer: int, c_BTR: Tensor) -> dict[str, Tensor]:
        """The parts to store for new latents, by name."""

    def decode(self, layer: int, held: Mapping[str, Tensor]) -> Tensor:
        """The latents [B, S, R] that attention sees."""


class CodedCache(Cache):
    """An MLA cache, `held`, with latents stored by a codec; its bytes are those really stored."""

    def __init__(self, held: Cache, codec: Codec) -> None:
        self.layers, self.codec = held.layers, codec

    def append(self, layer: int, **new: Tensor) -> dict[str, Tensor]:
        kept = self.codec.encode(layer, new["c_kv"])
        held = super().append(layer, k_pe=new["k_pe"], **kept)
        return {"c_kv": self.codec.decode(layer, held), "k_pe": held["k_pe"]}

    def select(self, rows: Tensor) -> CodedCache:
        return CodedCache(super().select(rows), self.codec)


@dataclass(frozen=True, eq=False)
class Directions:
    """Keeps r coordinates of each latent along orthonormal directions [L, R, r] of its layer.

    `W_UK` and `W_UV` could absorb the directions, as they absorb `q` and `o`: nothing but the
    coordinates need be stored.
    """

    basis: Tensor

    def encode(self, layer: int, c_BTR: Tensor) -> dict[str, Tensor]:
        return {"coordinates": c_BTR @ self.basis[layer]}

    def decode(self, layer: int, held: Mapping[str, Tensor]) -> Tensor:
        return held["coordinates"] @ self.basis[layer].T


class BFloat16:
    """Keeps each feature in bfloat16: 8 bits of exponent, 7 of mantissa."""

    def encode(self, layer: int, c_BTR: Tensor) -> dict[str, Tensor]:
        return {"c_kv": c_BTR.bfloat16()}

    def decode(self, layer: int, held: Mapping[str, Tensor]) -> Tensor:
        return held["c_kv"].float()


@dataclass(frozen=True)
class Integers:
    """Keeps each feature as a signed integer of 8 or 4 bits, with a float16 scale per group.

    The largest feature of a group becomes 127 (or 7): symmetric, rounded to the nearest. Two 4-bit
    codes share a byte. A width that is not a multiple of `GROUP` is one group; 4 bits need an even
    width.
    """

    bits: int

    def encode(self, layer: int, c_BTR: Tensor) -> dict[str, Tensor]:
        most = 2 ** (self.bits - 1) - 1
        width = c_BTR.shape[-1]
        grouped = c_BTR.unflatten(-1, (-1, GROUP if width % GROUP == 0 else width))
        scale = (grouped.abs().amax(-1, keepdim=True) / most).half().clamp_min(2**-24)
        codes = (grouped / scale.float()).round().clamp(-most, most).flatten(-2)
        if self.bits == 4:
            low, high = (codes + 8).to(torch.uint8).unflatten(-1, (-1, 2)).unbind(-1)
            return {"codes": low | high << 4, "scale": scale[..., 0]}
        return {"codes": codes.to(torch.int8), "scale": scale[..., 0]}

    def decode(self, layer: int, held: Mapping[str, Tensor]) -> Tensor:
        codes, scale = held["codes"], held["scale"].float()
        if self.bits == 4:
            codes = torch.stack((codes & 15, codes >> 4), -1).flatten(-2)
            codes = codes.to(torch.int8) - 8
        grouped = codes.float().unflatten(-1, (scale.shape[-1], -1))
        return (grouped * scale[..., None]).flatten(-2)


@torch.inference_mode()
def read_latents(model: Transformer, ids_BT: Tensor) -> tuple[Tensor, Tensor]:
    """What an MLA model's cache holds after reading: `c_kv` [L, B, T, R], `k_pe` [L, B, T, p]."""
    cache = Cache(model.config)
    model.hidden(ids_BT, cache)
    return (
        torch.stack([layer["c_kv"] for layer in cache.layers]),
        torch.stack([layer["k_pe"] for layer in cache.layers]),
    )


@torch.inference_mode()
def gram(model: Transformer, ids_BT: Tensor) -> Tensor:
    """Sums over tokens of each layer's latents' outer products: [L, R, R], float64."""
    c_LNR = read_latents(model, ids_BT)[0].flatten(1, 2).double()
    return c_LNR.mT @ c_LNR


def principal(gram_LRR: Tensor) -> tuple[Tensor, Tensor]:
    """Singular values [L, R] of the latents, largest first, and their directions [L, R, R].

    Without centring, so that the first r columns are the directions that preserve most of the
    latents' energy, the sum of their squares.
    """
    energy, vectors = torch.linalg.eigh(gram_LRR)
    return energy.flip(-1).clamp_min(0).sqrt(), vectors.flip(-1).float()


@torch.inference_mode()
def row_nats(model: Transformer, ids: Tensor, learnt: Tensor, codec: Codec | None) -> list[float]:
    """Cross-entropy in nats, summed over the learnt next tokens of each row of [B, T + 1]."""
    cache = CodedCache(Cache(model.config), codec) if codec is not None else None
    logits = model(ids[:, :-1], cache)
    nats = F.cross_entropy(logits.mT, ids[:, 1:], reduction="none")
    return [float(x) for x in (nats * learnt[:, 1:]).sum(-1)]


def bytes_per_token(config: ModelConfig, codec: Codec) -> int:
    """The bytes per token of a codec and the rotary key, measured on a real cache."""
    assert config.kv_lora_rank and config.qk_rope_head_dim
    cache = CodedCache(Cache(config), codec)
    for layer in range(config.num_hidden_layers):
        cache.append(
            layer,
            c_kv=torch.ones(1, 1, config.kv_lora_rank),
            k_pe=torch.ones(1, 1, config.qk_rope_head_dim),
        )
    return cache.nbytes


def relative_error(codec: Codec, c_LBTR: Tensor) -> float:
    """The norm of a codec's error relative to that of the latents, over all layers."""
    seen = [codec.decode(layer, codec.encode(layer, c)) for layer, c in enumerate(c_LBTR)]
    return float((torch.stack(seen) - c_LBTR).norm() / c_LBTR.norm())
