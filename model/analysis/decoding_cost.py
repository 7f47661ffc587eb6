"""What attention costs for one new token on each of three paths of decoding MLA: pure integers.

    absorbed   keep latents and attend in them; W_UK goes into the query, W_UV behind the attention
    naive      keep latents, and make every head's keys and values of all tokens again at each step
    expanded   keep every head's keys and values: no latent is left, the cache is that of MHA

"Absorbed" and "naive" are the two methods of `MultiHeadLatentAttention`; DeepSeek's own inference
code calls "naive" what is "expanded" here, since it keeps what it has computed.

Counts are of one layer, with S tokens held, the new one included; each multiplication comes with
an addition. What all three share (queries, output projection, norms) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Shape:
    """Widths of MLA, by the names of a config.json: n + p are a key's, v a value's."""

    layers: int
    heads: int  # H
    rank: int  # R, kv_lora_rank
    nope: int  # n
    rope: int  # p
    value: int  # v

    @classmethod
    def of(cls, config: Mapping[str, int]) -> Shape:
        """From a parsed config.json of an MLA model."""
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
    """What one path of decoding multiplies and reads in one layer for one new token."""

    formula: str  # of the multiplications, in Shape's letters and S
    multiplications: Callable[[Shape, int], int]
    kept: Callable[[Shape], int]  # elements of the cache per token, all of which are read
    kept_formula: str


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
    """What can be timed: a path's name → a model, and whether it absorbs.

    The MHA model stands for expanded keys and values if its cache has just their size.
    """
    found = {"absorbed": (mla, True), "naive": (mla, False)}
    whole = 2 * mha_config["num_key_value_heads"] * mha_config["head_dim"]
    if whole == DECODING_PATHS["expanded"].kept(shape):
        found["expanded"] = (mha, False)
    return found
