"""The forward pass again, as fast as one CPU core allows: numba, no torch, no interpreter lock.

Written to be read beside DeepSeek-V3's paper (arXiv 2412.19437, section 2.1), like `network`, whose
results it reproduces; equation numbers are the paper's. It computes a *batch*: N tokens, each with
its row and its position there. Decoding takes one token of each row, prefill many of one row; a
batch may mix them. Shapes are run-time values, so all models share the compiled code.

All attention here is one function. MLA, absorbed, is multi-query attention in the latent: all heads
share one key [c_kv, k_pe], and its first part c_kv is the value. MHA, GQA and MQA have K key-value
heads, each with its own part of the cache.

Letters as in `network` and `attention`, and:
    L layers       M layers with experts     V vocab_size     C positions that fit the cache
    P panels of `LANES` outputs, the layout of matrices in `simd`     G blocks of `LANES` positions
Arguments, all of `layout`:
    s `Sizes`    w `Weights`    g `Gates`    b `TokenBatch` of n tokens    t `Scratch`
"""

from __future__ import annotations

import numpy as np

from model.nn.config import LATENT_EPS
from model.nn.machine_code import native
from model.nn.ops import (
    ADD,
    SET,
    START,
    keep_bfloat16,
    keep_integers,
    matmul,
    rms_norm,
    rotate,
    sigmoid,
    softmax,
    swiglu,
)
from model.nn.simd import LANES, ROWS, tile, weighted_sums

FAR = np.float32(16)  # larger than any score plus bias, as in `interventions`


@native()
def project(s, w, codec, b, n, layer, t, cache):
    """Compute the queries of n tokens, ready for attention, and write their KV into the cache."""
    if s.q_rank:  # c_Q = W_DQ h, q = W_UQ c_Q (equations 6 to 9)
        matmul(n, t.h, START, w.q_a, layer, t.low, START, SET)
        for i in range(n):
            rms_norm(t.low[i], s.q_rank, w.q_a_norm[layer], LATENT_EPS)
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
        for i in range(n):
            rms_norm(t.kv[i], s.value, w.kv_norm[layer], LATENT_EPS)
            if codec.bits == 16:
                keep_bfloat16(t.kv[i], s.value)
            elif codec.bits:
                keep_integers(t.kv[i], s.value, codec.bits, codec.group)
        if codec.projected:  # t.o serves as scratch space here
            matmul(n, t.kv, START, w.codec, layer, t.o, START, SET)
            for i in range(n):
                for j in range(s.value):
                    t.kv[i, j] = t.o[i, j]
    rope_at = s.key - s.rope if s.mla else 0
    for i in range(n):
        row, position = b.row[i], b.position[i]
        cos, sin = w.cos[position], w.sin[position]
        query, kv = t.query[i], t.kv[i]
        if s.mla:
            for head in range(s.H):  # the rotary part overwrites the padding of the last panel
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


@native()
def attend(s, b, n, layer, t, cache, record):
    """o = softmax(q^T k / sqrt(d)) v (equations 10, 11) of n tokens over their rows' caches."""
    share = s.H // s.K  # query heads per key-value head
    block_size = cache.shape[3] * LANES
    row_size = cache.shape[2] * block_size
    width = t.probability.shape[1]
    first = 0
    while first < n:  # consecutive tokens of one row are computed together
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
                    softmax(t.probability, r, seen, np.float32(s.scale))
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


@native()
def take_best(choice, taken):
    """The first index of the largest value not yet taken, which is then marked as taken."""
    best, most = -1, -np.float32(np.inf)
    for i in range(len(choice)):
        if not taken[i] and (best < 0 or choice[i] > most):
            best, most = i, choice[i]
    taken[best] = True
    return best


@native()
def choose(s, g, layer, scores, t, ids, weights):
    """Route one token: its experts and their weights (equations 13 to 16), strongest first."""
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
    # keep the groups with the highest sum of their two best scores (section 2.1.2)
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
    # backwards, since `taken` holds groups and is overwritten with experts: closed ones are taken
    for group in range(s.groups - 1, -1, -1):
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
        while at > 0 and weights[at - 1] < weight:  # insertion sort, stable
            ids[at], weights[at] = ids[at - 1], weights[at - 1]
            at -= 1
        ids[at], weights[at] = e, weight
    for j in range(g.k):
        ids[j] = g.place[layer, ids[j]]


@native()
def experts(s, w, g, b, n, layer, t, record):
    """DeepSeekMoE: x += shared experts + weighted sum of the chosen experts (equation 12)."""
    matmul(n, t.h, START, w.gate, layer, t.scores, START, SET)
    for e in range(s.E + 1):
        t.start[e] = 0
    for i in range(n):
        scores = t.scores[i]
        sigmoid(t.scores, i, s.E)
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
    # sort tokens by expert, so that all tokens of an expert pass through it together
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
            swiglu(first, count, t.expert_h, s.expert_inner)
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


@native()
def feed_forward(n, w_in, w_out, layer, inner, t):
    """SwiGLU: x += W_down (silu(W_gate h) * W_up h)."""
    matmul(n, t.h, START, w_in, layer, t.inner, START, SET)
    swiglu(START, n, t.inner, inner)
    matmul(n, t.inner, START, w_out, layer, t.x, START, ADD)


@native()
def normalised(s, n, weight, t):
    """h = RMSNorm(x)."""
    for i in range(n):
        h, x = t.h[i], t.x[i]
        for d in range(s.D):
            h[d] = x[d]
        rms_norm(h, s.D, weight, s.eps)


@native()
def forward(s, w, g, codec, b, n, t, cache, record):
    """Write the last layer's output for n tokens to `t.x` and their keys and values to the cache
    [rows, L, G, features, LANES], which must already hold those of the preceding tokens."""
    for i in range(n):
        for d in range(s.D):
            t.x[i, d] = w.embed[b.token[i], d]
    for layer in range(s.L):
        normalised(s, n, w.attention_norm[layer], t)
        project(s, w, codec, b, n, layer, t, cache)
        attend(s, b, n, layer, t, cache, record)
        if s.mla:  # attention worked on the latents: W_UV is applied after it
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
