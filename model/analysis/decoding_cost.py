"""The cost of attention per new token for three ways of decoding MLA, in pure integers.

    absorbed   cache latents and attend over them; W_UK is folded into the query, W_UV applied after
    naive      cache latents, and expand them into the keys and values of all heads at each step
    expanded   cache the keys and values of all heads instead of latents, as MHA does

"Absorbed" and "naive" are the two methods of `MultiHeadLatentAttention`; the "naive" mode of
DeepSeek's own inference code caches what it has expanded, and is "expanded" here.
Counts are per layer, with S tokens in the cache including the new one; each multiplication comes
with an addition. The parts that all three share (queries, output projection, norms) are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Shape:
    """The sizes of MLA, from a config.json: a key has width n + p, a value v."""

    layers: int
    heads: int  # H
    rank: int  # R, kv_lora_rank
    nope: int  # n
    rope: int  # p
    value: int  # v

    @classmethod
    def of(cls, config: Mapping[str, int]) -> Shape:
        """Read the sizes from a parsed config.json of an MLA model."""
        return cls(
            config["num_hidden_layers"],
            config["num_attention_heads"],
            config["kv_lora_rank"],
            config["qk_nope_head_dim"],
            config["qk_rope_head_dim"],
            config["v_head_dim"],
        )


@dataclass(frozen=True)
class DecodingPath:
    """The multiplications and cache reads of a decoding path, per layer and new token."""

    formula: str  # of the multiplications, in Shape's letters and S
    multiplications: Callable[[Shape, int], int]
    cached: Callable[[Shape], int]  # cached elements per token, all of which are read
    cached_formula: str


def _absorbed(m: Shape, tokens: int) -> int:
    fold = m.heads * m.rank * (m.nope + m.value)
    return fold + m.heads * tokens * (2 * m.rank + m.rope)


def _attend(m: Shape, tokens: int) -> int:
    return m.heads * tokens * (m.nope + m.rope + m.value)


def _expand(m: Shape, tokens: int) -> int:
    return tokens * m.rank * m.heads * (m.nope + m.value)


def _latent(m: Shape) -> int:
    return m.rank + m.rope


def _heads(m: Shape) -> int:
    return m.heads * (m.nope + m.rope + m.value)


DECODING_PATHS: Mapping[str, DecodingPath] = MappingProxyType(
    {
        "absorbed": DecodingPath("H·R·(n + v) + H·S·(2·R + p)", _absorbed, _latent, "R + p"),
        "naive": DecodingPath(
            "S·R·H·(n + v) + H·S·(n + p + v)",
            lambda m, tokens: _expand(m, tokens) + _attend(m, tokens),
            _latent,
            "R + p",
        ),
        "expanded": DecodingPath(
            "R·H·(n + v) + H·S·(n + p + v)",
            lambda m, tokens: _expand(m, 1) + _attend(m, tokens),
            _heads,
            "H·(n + p + v)",
        ),
    }
)


def timed_paths(
    mla: str, shape: Shape, mha: str, mha_config: Mapping[str, int]
) -> dict[str, tuple[str, bool]]:
    """The paths that can be timed: name → (model, whether to use the absorbed form).

    The MHA model stands in for expanded keys and values if its cache has exactly their size.
    """
    found = {"absorbed": (mla, True), "naive": (mla, False)}
    whole = 2 * mha_config["num_key_value_heads"] * mha_config["head_dim"]
    if whole == DECODING_PATHS["expanded"].cached(shape):
        found["expanded"] = (mha, False)
    return found
