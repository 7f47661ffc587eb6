"""The arguments of the kernel's functions, as tuples of arrays: the same types for every model.

Letters as in `kernel`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Sizes(NamedTuple):
    """The sizes of a model; see `ModelConfig`."""

    D: int
    L: int
    H: int
    K: int  # key-value heads; 1 in MLA
    nope: int  # features of a query head before the rotary ones; 0 unless MLA
    rope: int  # rotary features of a head
    query: int  # width of a head's query as projected
    key: int  # width of a key as attended: MLA R + p, others d
    value: int  # width of a value as attended: MLA R, others d
    value_at: int  # where values begin in a position of the cache
    o_head: int  # `value` rounded up to whole vectors
    head_out: int  # MLA v_head_dim, others `o_head`
    cached: int  # features of one position in the cache
    scale: float  # of attention scores
    mla: bool
    q_rank: int  # 0 without q_lora_rank
    dense_layers: int
    inner: int  # of dense layers
    expert_inner: int
    shared_inner: int
    E: int
    groups: int
    scaling: float  # routed_scaling_factor
    normalise: bool
    eps: float
    V: int
    eos: int


class Weights(NamedTuple):
    """The weights of a model. Matrices are in panels [.., P, in, LANES]; absent parts are empty."""

    embed: Floats  # [V, D]
    attention_norm: Floats  # [L, D]
    ffn_norm: Floats  # [L, D]
    norm: Floats  # [1, D]
    head: Floats  # [1, ...]
    cos: Floats  # [C, rope / 2]
    sin: Floats
    q_a: Floats  # [L, ...]
    q_a_norm: Floats  # [L, q_lora_rank]
    q: Floats  # [L, ...]
    q_bias: Floats  # [L, H d]
    kv: Floats  # [L, ...]: MLA's W_DKV beside W_KR, or the keys' matrix beside the values'
    kv_bias: Floats  # [L, 2 K d]
    kv_norm: Floats  # [L, R]
    uk: Floats  # [L H, ...]: W_UK of each head, from its query into the latent
    codec: Floats  # [L, ...]: the projection of compressed latents; see `LatentCodec`
    uv: Floats  # [L H, ...]: W_UV of each head, from the latent
    o: Floats  # [L, ...]
    dense_in: Floats  # [layers without experts, ...]: gate beside up
    dense_out: Floats
    gate: Floats  # [M, ...]
    shared_in: Floats  # [M, ...]
    shared_out: Floats
    expert_in: Floats  # [M E, ...]
    expert_out: Floats


class Gates(NamedTuple):
    """How experts are chosen: the model's own routing, or a changed one (see `interventions`)."""

    bias: Floats  # [M, E], added to scores for the choice only
    works: Floats  # [M, E]: 0 for an expert that may be chosen but gets no weight
    place: Ints  # [M, E]: the expert that runs in each expert's place
    k: int
    kept_groups: int
    without_top: int
    shared: bool


class LatentCodec(NamedTuple):
    """How the latent is cached (see `latent_codec`): as it is, unless one of these is set."""

    projected: bool  # onto directions, by `Weights.codec`
    bits: int  # 16: bfloat16; 8 or 4: integers with a scale per group
    group: int  # features that share a scale


class TokenBatch(NamedTuple):
    """N tokens to be computed at once; those of a row are adjacent and in order."""

    token: Ints
    row: Ints
    position: Ints


class RecordBuffers(NamedTuple):
    """What is recorded of each token of each row; a part of length 0 is not recorded."""

    expert_ids: NDArray[np.int16]  # [rows, C, M, k], strongest first
    expert_weights: Floats  # [rows, C, M, k]
    scores: Floats  # [rows, C, M, E], before the bias
    attention: Floats  # [rows, L, H, C, C]: queries, keys


class Scratch(NamedTuple):
    """Scratch arrays for one batch, with `LANES` spare numbers per row."""

    x: Floats  # [N, D] the residual stream
    h: Floats  # [N, D] normalised
    low: Floats  # [N, q_rank]
    q: Floats  # [N, H query]
    query: Floats  # [N, H key]
    kv: Floats  # [N, cached]
    probability: Floats  # [ROWS, C]
    o: Floats  # [N, H o_head]
    out: Floats  # [N, H head_out]
    inner: Floats  # [N, 2 inner] of dense layers and shared experts
    scores: Floats  # [N, E]
    ids: Ints  # [N, k]
    chosen: Floats  # [N, k]
    choice: Floats  # [E]
    works: Floats  # [E]
    taken: NDArray[np.bool_]  # [E]
    group: Floats  # [groups]
    start: Ints  # [E + 1]
    slot: Ints  # [N, k] where a token stands among those sorted by expert
    expert_x: Floats  # [N k, D]
    expert_h: Floats  # [N k, 2 expert_inner]
    logits: Floats  # [N, V]
    exps: Floats  # [V]
