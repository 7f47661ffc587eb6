"""The content of a KV cache: elements per layer, and bytes at a given precision and length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from types import MappingProxyType

from model.analysis.kv_size.fields import ConfigError
from model.analysis.kv_size.notes import Note
from model.analysis.kv_size.show import shown

BYTES: Mapping[str, Fraction] = MappingProxyType(
    {
        **dict.fromkeys(("float32", "fp32"), Fraction(4)),
        **dict.fromkeys(("bfloat16", "bf16", "float16", "fp16"), Fraction(2)),
        **dict.fromkeys(("fp8", "int8"), Fraction(1)),
        "int4": Fraction(1, 2),
    }
)
"""Bytes per element, without the scales of int8, int4 and fp8 formats."""

Parts = tuple[tuple[str, int], ...]


def element_size(dtype: object) -> Fraction:
    if isinstance(dtype, str) and dtype in BYTES:
        return BYTES[dtype]
    raise ConfigError(f"The precision is {shown(dtype)}: use one of {', '.join(BYTES)}.")


def count(value: object, name: str) -> int:
    if type(value) is int and value >= 0:
        return value
    raise ConfigError(f"{name} is {shown(value)}: use a whole number from 0.")


@dataclass(frozen=True)
class LayerCache:
    """The cache of one layer. `window` limits the tokens cached of `parts`; None caches them all.

    `compressed` is stored once per `ratio` tokens, regardless of the window (DeepSeek-V4).
    `kv_heads` is None if no heads are stored (MLA, or nothing at all).
    """

    kind: str
    elements_per_token: int
    window: int | None
    parts: Parts
    kv_heads: int | None = None
    compressed: Parts = ()
    ratio: int = 1

    def elements(self, tokens: int) -> int:
        """Elements held after `tokens` tokens; a compressed block counts when it is complete."""
        held = tokens if self.window is None else min(tokens, self.window)
        return self.elements_per_token * held + self.compressed_elements * (tokens // self.ratio)

    @property
    def compressed_elements(self) -> int:
        return sum(size for _, size in self.compressed)


@dataclass(frozen=True)
class CacheSpec:
    """The KV cache of one sequence. Bytes are whole numbers: half a byte of int4 is rounded up.

    Methods raise ConfigError for an unknown precision, or a count that is negative or not whole.
    """

    attention: str
    layers: tuple[LayerCache, ...]
    notes: tuple[Note, ...]

    def _compressed_per_token(self) -> Fraction:
        return sum((Fraction(c.compressed_elements, c.ratio) for c in self.layers), Fraction(0))

    def elements_per_token(self) -> int:
        """Elements that a token adds while every window has room.

        Compressed layers count with their average (the total is rounded down).
        """
        elements = sum(layer.elements_per_token for layer in self.layers)
        return int(elements + self._compressed_per_token())

    def growth_elements(self) -> int:
        """Elements one more token adds once every window is full."""
        elements = sum(layer.elements_per_token for layer in self.layers if layer.window is None)
        return int(elements + self._compressed_per_token())

    def elements(self, tokens: int) -> int:
        """Elements cached after `tokens` tokens."""
        tokens = count(tokens, "tokens")
        return sum(layer.elements(tokens) for layer in self.layers)

    def bytes_per_token(self, dtype: str) -> int:
        """Bytes that a token adds while every window has room."""
        return ceil(self.elements_per_token() * element_size(dtype))

    def growth_per_token(self, dtype: str) -> int:
        """Bytes that a token adds once every window is full."""
        return ceil(self.growth_elements() * element_size(dtype))

    def bytes(self, tokens: int, dtype: str, batch: int = 1) -> int:
        """Bytes for `batch` sequences of `tokens` tokens each."""
        return ceil(self.elements(tokens) * element_size(dtype)) * count(batch, "batch")
