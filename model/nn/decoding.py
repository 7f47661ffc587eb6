"""The decoding loop inside the kernel: prompts, sampling, log-probabilities, stopping.

A *row* is one sequence and its place in the cache. `advance` advances any set of rows by a few
steps and returns, so that a scheduler can admit others in between. A step computes the next token
of each row, and as many prompt tokens as fit. A text to be scored is a prompt without an answer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.nn.kernel import forward, normalised
from model.nn.layout import Floats, Ints
from model.nn.machine_code import native
from model.nn.ops import NOTHING, REORDER, SET, START, matmul
from model.nn.simd import LANES, exps, greatest

RUNNING, STOPPED, LENGTH = 0, 1, 2
SKIP = 64  # vocabulary entries skipped at once when searching for the sampled one


class Rows(NamedTuple):
    """The state of every sequence, with room for C positions each."""

    tokens: NDArray[np.int32]  # [rows, C]: the given tokens, then the sampled ones
    length: Ints  # [rows] number of tokens so far
    fed: Ints  # [rows] tokens that went through the network
    end: Ints  # [rows] maximum number of tokens
    state: NDArray[np.int8]  # [rows] `RUNNING`, `STOPPED` at <eos>, or `LENGTH` at its maximum
    read: NDArray[np.bool_]  # [rows] whether given tokens get log-probabilities too
    temperature: NDArray[np.float64]  # [rows], 0 is greedy
    uniform: NDArray[np.float64]  # [rows, C], in [0, 1); the n-th is for the n-th sampled token
    given: Ints  # [rows] number of given tokens
    logprobs: Floats  # [rows, C] of each token given those before, at temperature 1
    entropies: Floats  # [rows, C] of each next-token distribution, in nats


@native(fastmath=REORDER)
def summed(x, first, last):
    """Sum of x[first:last], in float64."""
    total = 0.0
    for i in range(last - first):
        total += np.float64(x[first + i])
    return total


@native()
def draw(logits, i, most, weights, V, temperature, uniform):
    """Sample a token from row i of the logits: the argmax at temperature 0, else by inverting the
    cumulative distribution. `weights` is the unnormalised distribution at temperature 1."""
    if temperature == 0:
        for v in range(V):
            if logits[i, v] == most:
                return v
    if temperature != 1:
        colder = np.float32(min(1 / temperature, 1e30))
        exps(logits, i * logits.shape[1], (V + LANES - 1) // LANES, most, colder, weights, 0)
    target, cumulative = uniform * summed(weights, 0, V), 0.0
    v = 0
    while v + SKIP < V:  # skip whole blocks first
        part = summed(weights, v, v + SKIP)
        if cumulative + part > target:
            break
        cumulative += part
        v += SKIP
    while v < V - 1:
        cumulative += weights[v]
        if cumulative > target:
            return v
        v += 1
    return v


@native()
def fill(rows, slots, b, room):
    """Fill the batch with the next tokens, one of each row and more prompt tokens as there is room;
    return how many."""
    spare = room
    for slot in slots:
        if rows.state[slot] == RUNNING:
            spare -= 1
    n = 0
    for slot in slots:
        if rows.state[slot] != RUNNING or n == room:
            continue
        first = rows.fed[slot]
        more = min(rows.length[slot] - first - 1, max(spare, 0))
        spare -= more
        for position in range(first, first + 1 + more):
            b.token[n] = rows.tokens[slot, position]
            b.row[n], b.position[n] = slot, position
            n += 1
        rows.fed[slot] += 1 + more
    return n


@native(cache=True)
def advance(s, w, g, codec, cache, rows, record, b, t, slots, steps):
    """Advance the rows in the given slots by at most `steps` steps; returns how many were made.

    Returns early as soon as a row ends, so that another can take its place.
    """
    for step in range(steps):
        n = fill(rows, slots, b, len(b.token))
        if n == 0:
            return step
        forward(s, w, g, codec, b, n, t, cache, record)
        reads = np.int64(0)
        for i in range(n):  # logits are computed only where they are needed
            row, following = b.row[i], b.position[i] + 1
            if rows.read[row] or following == rows.length[row]:
                b.row[reads], b.position[reads] = row, following
                for d in range(s.D):
                    t.x[reads, d] = t.x[i, d]
                reads += 1
        normalised(s, reads, w.norm[0], t)
        matmul(reads, t.h, START, w.head, START, t.logits, START, SET)
        ended = False
        for i in range(reads):
            row, at = b.row[i], b.position[i]
            drawn = at == rows.length[row]
            if at == rows.end[row]:  # a text to be scored ends here
                rows.state[row], ended = LENGTH, True
                continue
            vectors, logits = (s.V + LANES - 1) // LANES, i * t.logits.shape[1]
            for v in range(s.V, vectors * LANES):
                t.logits[i, v] = NOTHING
            most = greatest(t.logits, logits, vectors)
            total, moment = exps(t.logits, logits, vectors, most, np.float32(1), t.exps, 0)
            if drawn:
                uniform = rows.uniform[row, at - rows.given[row]]
                token = draw(t.logits, i, most, t.exps, s.V, rows.temperature[row], uniform)
                rows.tokens[row, at] = token
                rows.length[row] += 1
                if token == s.eos:
                    rows.state[row], ended = STOPPED, True
                elif at + 1 == rows.end[row]:
                    rows.state[row], ended = LENGTH, True
            else:
                token = rows.tokens[row, at]
            logs = np.log(np.float64(total))
            rows.logprobs[row, at] = np.float64(t.logits[i, token]) - most - logs
            rows.entropies[row, at] = logs - np.float64(moment) / total
        if ended:
            return step + 1
    return steps
