"""The operations that layers are made of: matrix products, norms, softmax, SwiGLU, rounding."""

from __future__ import annotations

import numpy as np

from model.nn.machine_code import native
from model.nn.simd import (
    LANES,
    ROWS,
    bits_of_float,
    exps,
    float_of_bits,
    greatest,
    silu_times,
    through_half,
    tile,
)

# sums may be reordered: the compiler's grouping depends on their length only, never on the batch
REORDER = {"reassoc", "nnan", "nsz", "contract", "arcp"}

NOTHING = np.float32(-1e30)  # its exp is 0
# arguments of `matmul`: numba would compile another version for each literal 0, True and False
START, ADD, SET = np.int64(0), np.bool_(True), np.bool_(False)


@native()
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


@native(fastmath=REORDER)
def rms_norm(x, size, weight, eps):
    """x / sqrt(mean of squares + eps) * weight, in place."""
    total = np.float32(0)
    for i in range(size):
        total += x[i] * x[i]
    factor = np.float32(1 / np.sqrt(np.float64(total) / size + eps))
    for i in range(size):
        x[i] *= factor * weight[i]


@native()
def rotate(x, cos, sin):
    """Rotary embedding (arXiv 2104.09864), in place. Pairs are (i, half + i); DeepSeek pairs
    neighbours, so `weights` has reordered its features."""
    half = len(cos)
    for i in range(half):
        a, b = x[i], x[half + i]
        x[i] = a * cos[i] - b * sin[i]
        x[half + i] = b * cos[i] + a * sin[i]


@native()
def softmax(x, row, seen, scale):
    """softmax(scale x[row, :seen]), in place; the rest of the last vector becomes 0."""
    vectors, at = (seen + LANES - 1) // LANES, row * x.shape[1]
    for i in range(seen, vectors * LANES):
        x[row, i] = NOTHING
    total, _ = exps(x, at, vectors, greatest(x, at, vectors), scale, x, at)
    share = np.float32(1) / total
    for i in range(vectors * LANES):
        x[row, i] *= share


@native()
def sigmoid(x, row, size):
    """1 / (1 + exp(-x)) of x[row, :size], in place."""
    for i in range(size):
        x[row, i] = -x[row, i]
    at, vectors = row * x.shape[1], (size + LANES - 1) // LANES
    exps(x, at, vectors, np.float32(0), np.float32(1), x, at)
    for i in range(size):
        x[row, i] = np.float32(1) / (np.float32(1) + x[row, i])


@native()
def swiglu(first, n, x, inner):
    """silu(gate) * up, written over the gate; n rows of x hold gate, padded to vectors, then up."""
    vectors = (inner + LANES - 1) // LANES
    for r in range(first, first + n):
        at = r * x.shape[1]
        silu_times(x, at, at + vectors * LANES, vectors)


@native()
def keep_bfloat16(x, size):
    """Round x[:size] to bfloat16 in place, to nearest, ties to even."""
    for i in range(size):
        bits = bits_of_float(x[i])
        odd = (bits >> np.int32(16)) & np.int32(1)
        x[i] = float_of_bits(np.int32((bits + np.int32(0x7FFF) + odd) & np.int32(-65536)))


@native()
def keep_integers(x, size, bits, group):
    """Quantize x[:size] in place to signed integers with a float16 absmax scale per group."""
    most = np.float32(2 ** (bits - 1) - 1)
    for first in range(0, size, group):
        largest = np.float32(0)
        for i in range(first, first + group):
            largest = max(largest, abs(x[i]))
        scale = max(through_half(largest / most), np.float32(2.0**-24))
        for i in range(first, first + group):
            x[i] = min(max(np.rint(x[i] / scale), -most), most) * scale
