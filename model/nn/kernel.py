"""The forward pass again, for one CPU core at its limit: numba, no torch, no interpreter lock.

Written to be read beside DeepSeek-V3's paper (arXiv 2412.19437, section 2.1), as `network` is,
whose numbers it gives; equation numbers are the paper's. It computes a *batch*: N tokens, each with
the row it belongs to and its position there. Decoding is one token of each row, reading a prompt is
many of one row; they may be mixed. Shapes are values at run time: one compilation serves all.

All attention here is one function. MLA, absorbed, is multi-query attention in the latent: all heads
share one key [c_kv, k_pe], and its first part c_kv is the value. MHA, GQA and MQA have K key-value
heads, each with its own part of the cache.

Letters as in `network` and `attention`, and:
    L layers       M layers with experts     V vocab_size     C positions that fit the cache
    P panels of `LANES` outputs, as `simd` wants matrices     G blocks of `LANES` positions
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from model.nn import compiled  # noqa: F401 (says where code is kept)
from model.nn.simd import LANES, ROWS, float_of_bits, tile, weighted_sums

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

# sums in any order: how the compiler groups them depends on their length alone, never on the batch
REORDER = {"reassoc", "nnan", "nsz", "contract", "arcp"}
KEEP = {"nnan", "nsz", "contract"}

# arguments of `matmul`; plain 0, True and False would each make numba compile a version of its own
START, ADD, SET = np.int64(0), np.bool_(True), np.bool_(False)
FAR = np.float32(16)  # beyond any score plus bias, as in `interventions`


class Sizes(NamedTuple):
    """Of a model. Lengths are counts; see `ModelConfig`."""

    D: int
    L: int
    H: int
    K: int  # key-value heads; 1 in MLA
    nope: int  # features of a query head before the rotary ones; 0 in the others
    rope: int  # rotary features of a head
    query: int  # width of a head's query as projected
    key: int  # width of a key as attended: MLA R + p, others d
    value: int  # width of a value as attended: MLA R, others d
    value_at: int  # where values begin in a position of the cache
    o_head: int  # the same in whole vectors
    head_out: int  # v_head_dim; in the others as attended
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
    """Of a model. Matrices are in panels [.., P, in, LANES]; what a kind lacks is empty."""

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
    """How experts are chosen: the model's own way, or a changed one (see `interventions`)."""

    bias: Floats  # [M, E], added to scores for the choice only
    works: Floats  # [M, E]: 0 for an expert that may be chosen but weighs nothing
    place: Ints  # [M, E]: whose weights stand at an expert's place
    k: int
    kept_groups: int
    without_top: int
    shared: bool


class Batch(NamedTuple):
    """N tokens to be computed at once; a row's tokens are neighbours, in order."""

    token: Ints
    row: Ints
    position: Ints


class Record(NamedTuple):
    """What is kept of each token of each row; a part of length 0 is not kept."""

    expert_ids: NDArray[np.int16]  # [rows, C, M, k], strongest first
    expert_weights: Floats  # [rows, C, M, k]
    scores: Floats  # [rows, C, M, E], before the bias
    attention: Floats  # [rows, L, H, C, C]: queries, keys


class Scratch(NamedTuple):
    """Room for the numbers of one batch, with `LANES` to spare in every row."""

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


@njit(_nrt=False, nogil=True, error_model="numpy", fastmath=KEEP)
def exp(x):
    """e to the x in float32, to 2 ulp; 0 below -87."""
    bounded = max(min(x, np.float32(88)), np.float32(-87))
    n = np.floor(bounded * np.float32(1.44269504) + np.float32(0.5))
    r = bounded - n * np.float32(0.693359375) - n * np.float32(-2.12194440e-4)  # ln 2 in two parts
    p = np.float32(1.9875691500e-4)
    p = p * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    p = p * r * r + r + np.float32(1)
    power = float_of_bits(np.int32((np.int32(n) + np.int32(127)) << np.int32(23)))
    return p * power if x > np.float32(-87) else np.float32(0)


@njit(_nrt=False, nogil=True, error_model="numpy")
def matmul(n, x, x_at, w, index, y, y_at, add):
    """y[:n, y_at:] = x[:n, x_at:] w[index], or += if `add`; w is in panels."""
    panels, inner = w.shape[1], w.shape[2]
    size = inner * LANES
    at = index * panels * size
    panel = 0
    while panel < panels:
        left = panels - panel
        vectors = 4 if left >= 4 and 2 * n <= ROWS else (2 if left >= 2 else 1)
        for r in range(0, n, ROWS):
            rows = min(ROWS, n - r)
            x_place = r * x.shape[1] + x_at
            y_place = r * y.shape[1] + y_at + panel * LANES
            tile(rows, vectors, x, x_place, x.shape[1], w, at + panel * size, size, inner,
                 y, y_place, y.shape[1], add)  # fmt: skip
        panel += vectors


@njit(_nrt=False, nogil=True, error_model="numpy", fastmath=REORDER)
def rms_norm(x, size, weight, eps):
    """x / sqrt(mean of squares + eps) * weight, where x lies."""
    total = np.float32(0)
    for i in range(size):
        total += x[i] * x[i]
    factor = np.float32(1 / np.sqrt(np.float64(total) / size + eps))
    for i in range(size):
        x[i] *= factor * weight[i]


@njit(_nrt=False, nogil=True, error_model="numpy")
def rotate(x, cos, sin):
    """Rotary embedding (arXiv 2104.09864) where x lies. Halves are the pairs; DeepSeek's pairs are
    neighbours, so `weights` has put its features in this order."""
    half = len(cos)
    for i in range(half):
        a, b = x[i], x[half + i]
        x[i] = a * cos[i] - b * sin[i]
        x[half + i] = b * cos[i] + a * sin[i]


@njit(_nrt=False, nogil=True, error_model="numpy", fastmath=REORDER)
def softmax(x, seen, scale):
    """softmax(scale x) over the first numbers, where they lie; the rest of the block becomes 0."""
    most = x[0]
    for i in range(seen):
        most = max(most, x[i])
    total = np.float32(0)
    for i in range(seen):
        x[i] = exp((x[i] - most) * scale)
        total += x[i]
    share = np.float32(1) / total
    for i in range(seen):
        x[i] *= share
    for i in range(seen, (seen + LANES - 1) // LANES * LANES):
        x[i] = 0


@njit(_nrt=False, nogil=True, error_model="numpy")
def swiglu(n, x, inner):
    """silu(gate) * up, into the gate's place; x[:n] holds gate beside up."""
    for r in range(n):
        gate, up = x[r, :inner], x[r, inner : 2 * inner]
        for i in range(inner):
            gate[i] = gate[i] / (np.float32(1) + exp(-gate[i])) * up[i]


@njit(_nrt=False, nogil=True, error_model="numpy")
def project(s, w, b, n, layer, t, cache):
    """Queries of n tokens, as attended; their keys and values go into the cache."""
    if s.q_rank:  # c_Q = W_DQ h, q = W_UQ c_Q (equations 6 to 9)
        matmul(n, t.h, START, w.q_a, layer, t.low, START, SET)
        for i in range(n):
            rms_norm(t.low[i], s.q_rank, w.q_a_norm[layer], 1e-6)
        matmul(n, t.low, START, w.q, layer, t.q, START, SET)
    else:
        matmul(n, t.h, START, w.q, layer, t.q, START, SET)
    matmul(
        n, t.h, START, w.kv, layer, t.kv, START, SET
    )  # MLA: W_DKV h beside W_KR h (equations 1, 3)
    if s.mla:  # W_UK goes into the query: q^T (W_UK c) = (W_UK^T q)^T c (DeepSeek-V2, section 2.1)
        for head in range(s.H):
            at = head * s.query
            matmul(n, t.q, at, w.uk, layer * s.H + head, t.query, head * s.key, SET)
    rope_at = s.key - s.rope if s.mla else 0
    for i in range(n):
        row, position = b.row[i], b.position[i]
        cos, sin = w.cos[position], w.sin[position]
        query, kv = t.query[i], t.kv[i]
        if s.mla:
            rms_norm(kv, s.value, w.kv_norm[layer], 1e-6)
            for head in range(s.H):  # the rotary part overwrites what a panel wrote too much
                for j in range(s.rope):
                    query[head * s.key + s.value + j] = t.q[i, head * s.query + s.nope + j]
        else:
            for j in range(s.H * s.query):
                query[j] = t.q[i, j]
            for j in range(w.q_bias.shape[1]):
                query[j] += w.q_bias[layer, j]
            for j in range(w.kv_bias.shape[1]):
                kv[j] += w.kv_bias[layer, j]
        for head in range(s.H):
            rotate(query[head * s.key + rope_at :], cos, sin)
        for head in range(s.K):
            rotate(kv[head * s.key + rope_at :], cos, sin)
        block, lane = position // LANES, position % LANES
        for j in range(s.cached):
            cache[row, layer, block, j, lane] = kv[j]


@njit(_nrt=False, nogil=True, error_model="numpy")
def attend(s, b, n, layer, t, cache, record):
    """o = softmax(q^T k / sqrt(d)) v (equations 10, 11) of n tokens over their rows' caches."""
    share = s.H // s.K  # query heads of one key-value head
    block_size = cache.shape[3] * LANES
    row_size = cache.shape[2] * block_size
    width = t.probability.shape[1]
    first = 0
    while first < n:  # a run of tokens of one row goes together
        row = b.row[first]
        run = 1
        while first + run < n and b.row[first + run] == row and run < ROWS:
            run += 1
        blocks = (b.position[first + run - 1] + LANES) // LANES
        at = (row * cache.shape[1] + layer) * row_size
        for kv_head in range(s.K):
            keys = at + kv_head * s.key * LANES
            values = at + (s.value_at + kv_head * s.value) * LANES
            # the rows of a tile: all heads of one token, or all tokens of one head
            heads = min(share, ROWS) if run == 1 else 1
            for head in range(kv_head * share, (kv_head + 1) * share, heads):
                heads = min(heads, (kv_head + 1) * share - head)
                rows = heads * run
                query_row = s.key if run == 1 else t.query.shape[1]
                query_at = first * t.query.shape[1] + head * s.key
                block = 0
                while block < blocks:
                    left = blocks - block
                    vectors = 4 if left >= 4 and 2 * rows <= ROWS else (2 if left >= 2 else 1)
                    tile(rows, vectors, t.query, query_at, query_row, cache,
                         keys + block * block_size, block_size, s.key,
                         t.probability, block * LANES, width, False)  # fmt: skip
                    block += vectors
                for r in range(rows):
                    token = first + (0 if run == 1 else r)
                    of_head = head + (r if run == 1 else 0)
                    seen = b.position[token] + 1
                    softmax(t.probability[r], seen, np.float32(s.scale))
                    if len(record.attention):
                        for j in range(seen):
                            record.attention[row, layer, of_head, seen - 1, j] = t.probability[r, j]
                for feature in range(0, s.value, LANES):
                    for r in range(rows):
                        token = first + (0 if run == 1 else r)
                        of_head = head + (r if run == 1 else 0)
                        used = (b.position[token] + LANES) // LANES
                        o_at = token * t.o.shape[1] + of_head * s.o_head + feature
                        weighted_sums(t.probability, r * width, used, cache,
                                      values + feature * LANES, block_size, t.o, o_at)  # fmt: skip
        first += run


@njit(_nrt=False, nogil=True, error_model="numpy")
def take_best(choice, taken):
    """The first index of the greatest number that is not taken yet; it is taken then."""
    best, most = -1, -np.float32(np.inf)
    for i in range(len(choice)):
        if not taken[i] and (best < 0 or choice[i] > most):
            best, most = i, choice[i]
    taken[best] = True
    return best


@njit(_nrt=False, nogil=True, error_model="numpy")
def choose(s, g, layer, scores, t, ids, weights):
    """One token's experts and their weights (equations 13 to 16), strongest first."""
    size = s.E // s.groups
    choice, works, taken = t.choice, t.works, t.taken
    for e in range(s.E):
        choice[e] = scores[e] + g.bias[layer, e]
        works[e] = g.works[layer, e]
        taken[e] = False
    for _ in range(g.without_top):
        works[take_best(choice, taken)] = 0
    for e in range(s.E):
        if taken[e]:
            choice[e] = -FAR
    # only the groups whose two best experts fit best stay open (section 2.1.2)
    for group in range(s.groups):
        first = second = -np.float32(np.inf)
        for e in range(group * size, (group + 1) * size):
            if choice[e] > first:
                first, second = choice[e], first
            elif choice[e] > second:
                second = choice[e]
        t.group[group] = first + second
    taken[:] = False
    for _ in range(g.kept_groups):
        take_best(t.group, taken[: s.groups])
    for group in range(s.groups - 1, -1, -1):  # from behind: closed experts count as taken
        closed = not taken[group]
        for e in range((group + 1) * size - 1, group * size - 1, -1):
            taken[e] = closed
    total = 1e-20
    for j in range(g.k):
        ids[j] = take_best(choice[: s.E], taken[: s.E])
        weights[j] = scores[ids[j]] * works[ids[j]]
        total += weights[j]
    factor = np.float32((1 / total if s.normalise else 1) * s.scaling)
    for j in range(g.k):
        weights[j] *= factor
        e, weight, at = ids[j], weights[j], j
        while at > 0 and weights[at - 1] < weight:  # sort by insertion, equals stay in order
            ids[at], weights[at] = ids[at - 1], weights[at - 1]
            at -= 1
        ids[at], weights[at] = e, weight
    for j in range(g.k):
        ids[j] = g.place[layer, ids[j]]


@njit(_nrt=False, nogil=True, error_model="numpy")
def experts(s, w, g, b, n, layer, t, record):
    """DeepSeekMoE: x += sum of shared experts and of the chosen, weighted (equation 12)."""
    matmul(n, t.h, START, w.gate, layer, t.scores, START, SET)
    for e in range(s.E + 1):
        t.start[e] = 0
    for i in range(n):
        scores = t.scores[i]
        for e in range(s.E):
            scores[e] = np.float32(1) / (np.float32(1) + exp(-scores[e]))
        choose(s, g, layer, scores, t, t.ids[i], t.chosen[i])
        for j in range(g.k):
            t.start[t.ids[i, j] + 1] += 1
        row, position = b.row[i], b.position[i]
        if len(record.expert_ids):
            for j in range(g.k):
                record.expert_ids[row, position, layer, j] = t.ids[i, j]
                record.expert_weights[row, position, layer, j] = t.chosen[i, j]
        if len(record.scores):
            for e in range(s.E):
                record.scores[row, position, layer, e] = scores[e]
    # tokens of one expert become neighbours, and pass through it together
    for e in range(s.E):
        t.start[e + 1] += t.start[e]
    for i in range(n):
        for j in range(g.k):
            place = t.start[t.ids[i, j]]
            t.start[t.ids[i, j]] += 1
            t.slot[i, j] = place
            for d in range(s.D):
                t.expert_x[place, d] = t.h[i, d]
    first = 0
    for e in range(s.E):
        count = t.start[e] - first
        if count:
            x_at, h_at = first * t.expert_x.shape[1], first * t.expert_h.shape[1]
            matmul(count, t.expert_x, x_at, w.expert_in, layer * s.E + e, t.expert_h, h_at, SET)
            swiglu(count, t.expert_h[first:], s.expert_inner)
            matmul(count, t.expert_h, h_at, w.expert_out, layer * s.E + e, t.expert_x, x_at, SET)
        first = t.start[e]
    for i in range(n):
        x = t.x[i]
        for j in range(g.k):
            weight, out = t.chosen[i, j], t.expert_x[t.slot[i, j]]
            for d in range(s.D):
                x[d] += weight * out[d]
    if g.shared:
        feed_forward(n, w.shared_in, w.shared_out, layer, s.shared_inner, t)


@njit(_nrt=False, nogil=True, error_model="numpy")
def feed_forward(n, w_in, w_out, layer, inner, t):
    """SwiGLU: x += W_down (silu(W_gate h) * W_up h)."""
    matmul(n, t.h, START, w_in, layer, t.inner, START, SET)
    swiglu(n, t.inner, inner)
    matmul(n, t.inner, START, w_out, layer, t.x, START, ADD)


@njit(_nrt=False, nogil=True, error_model="numpy")
def normalised(s, n, weight, t):
    """h = RMSNorm(x)."""
    for i in range(n):
        h, x = t.h[i], t.x[i]
        for d in range(s.D):
            h[d] = x[d]
        rms_norm(h, s.D, weight, s.eps)


@njit(_nrt=False, nogil=True, error_model="numpy")
def forward(s, w, g, b, n, t, cache, record):
    """Leaves the last layer's output of n tokens in `t.x`, and their keys and values in the cache
    [rows, L, G, features, LANES], where those of the tokens before them must be."""
    for i in range(n):
        for d in range(s.D):
            t.x[i, d] = w.embed[b.token[i], d]
    for layer in range(s.L):
        normalised(s, n, w.attention_norm[layer], t)
        project(s, w, b, n, layer, t, cache)
        attend(s, b, n, layer, t, cache, record)
        if s.mla:  # W_UV stands behind attention: it attended in the latent
            for head in range(s.H):
                at = head * s.o_head
                matmul(n, t.o, at, w.uv, layer * s.H + head, t.out, head * s.head_out, SET)
            matmul(n, t.out, START, w.o, layer, t.x, START, ADD)
        else:
            matmul(n, t.o, START, w.o, layer, t.x, START, ADD)
        normalised(s, n, w.ffn_norm[layer], t)
        if layer < s.dense_layers:
            feed_forward(n, w.dense_in, w.dense_out, layer, s.inner, t)
        else:
            experts(s, w, g, b, n, layer - s.dense_layers, t, record)
