"""Hand-vectorised code: the few inner loops that a compiler does not vectorise well by itself.

Everything here is generic arithmetic; the model itself is in `kernel`. Each function emits LLVM
instructions that keep the accumulators in registers. An output is one chain of fused multiply-adds
in the order of the inputs, however many rows are computed with it: so the numbers of a row are
bit-identical whether it is computed alone or in any batch.

Weight matrices are cut into panels of `LANES` outputs, [panels, in, LANES], so that a loop over the
inputs reads memory sequentially. Outputs are written in whole vectors, so rows of outputs need room
for `LANES - 1` more numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WIDE = llvm.get_host_cpu_features().get("avx512f", False)
LANES = 16 if WIDE else 8  # float32 numbers per vector
ROWS = 8 if WIDE else 4  # rows of a tile: its accumulators fill most of the registers

I64, F32 = ir.IntType(64), ir.FloatType()
VECTOR = ir.VectorType(F32, LANES)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    """The address of element `at` of a contiguous array."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(data, [at])


def _load(builder: Any, pointer: Any, at: Any) -> Any:
    vectors = builder.bitcast(builder.gep(pointer, [at]), VECTOR.as_pointer())
    return builder.load(vectors, align=4)


def _store(builder: Any, value: Any, pointer: Any, at: Any) -> None:
    vectors = builder.bitcast(builder.gep(pointer, [at]), VECTOR.as_pointer())
    builder.store(value, vectors, align=4)


def _splat(builder: Any, number: Any) -> Any:
    one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), number, I64(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(VECTOR, ir.Undefined), mask)


def _multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
    name = f"llvm.fmuladd.v{LANES}f32"
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [a, b, c])


def _loop(
    builder: Any,
    count: Any,
    sums: int,
    body: Callable[[Any, list[Any]], list[Any]],
    start: float = 0,
) -> Any:
    """Emit a loop over i < count (at least 1) with `sums` accumulators that begin at `start`;
    `body(i, sums)` updates them. Returns their final values."""
    before = builder.block
    inside = builder.append_basic_block("inside")
    after = builder.append_basic_block("after")
    builder.branch(inside)
    builder.position_at_end(inside)
    i = builder.phi(I64)
    held = [builder.phi(VECTOR) for _ in range(sums)]
    new = body(i, held)
    following = builder.add(i, I64(1))
    for phi, first, value in [(i, I64(0), following)] + [
        (phi, _all(float(start)), value) for phi, value in zip(held, new, strict=True)
    ]:
        phi.add_incoming(first, before)
        phi.add_incoming(value, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, count), inside, after)
    builder.position_at_end(after)
    return new


@intrinsic
def tile(
    typingctx: Any, rows: Any, vectors: Any, x: Any, x_at: Any, x_row: Any, w: Any, w_at: Any,
    w_panel: Any, inner: Any, y: Any, y_at: Any, y_row: Any, add: Any,
) -> Any:  # fmt: skip
    """y[r, o] = sum over i of x[r, i] w[i, o], or += if `add`, for a few rows and panels.

    The tile begins at `x_at`, `w_at` and `y_at` in the contiguous arrays x, w and y; `x_row` and
    `y_row` are the strides between rows, `w_panel` between panels. 1 to `ROWS` rows; `vectors` is
    the number of panels: 1 or 2, or 4 with at most `ROWS / 2` rows.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows, vectors, x, x_at, x_row, w, w_at, w_panel, inner, y, y_at, y_row, add = args
        kinds = signature.args
        x = _pointer(context, builder, kinds[2], x, x_at)
        w = _pointer(context, builder, kinds[5], w, w_at)
        y = _pointer(context, builder, kinds[9], y, y_at)
        pointer = F32.as_pointer()
        kind = ir.FunctionType(
            ir.VoidType(), [I64, I64, pointer, I64, pointer, I64, I64, pointer, I64, add.type]
        )
        function = cgutils.get_or_insert_function(builder.module, kind, f"inside_r1_tile{LANES}")
        if not function.blocks:  # long, so there is one copy that all callers share
            function.linkage = "linkonce_odr"
            function.attributes.add("noinline")
            function.attributes.add("optsize")
            _tiles(ir.IRBuilder(function.append_basic_block("entry")), function.args)
        builder.call(function, [rows, vectors, x, x_row, w, w_panel, inner, y, y_row, add])
        return context.get_dummy_value()

    n = types.int64
    return types.void(n, n, x, n, n, w, n, n, n, y, n, n, types.boolean), codegen


def _tiles(builder: Any, arguments: Any) -> None:
    """Emit the body of `tile`: a case for each number of rows and panels."""
    rows, vectors, x, x_row, w, w_panel, inner, y, y_row, add = arguments

    def case(R: int, C: int) -> None:
        def body(i: Any, sums: list[Any]) -> list[Any]:
            at = builder.mul(i, I64(LANES))
            panels = [builder.add(at, builder.mul(w_panel, I64(c))) for c in range(C)]
            w_C = [_load(builder, w, panel) for panel in panels]
            new = []
            for r in range(R):
                place = builder.add(i, builder.mul(x_row, I64(r)))
                number = _splat(builder, builder.load(builder.gep(x, [place])))
                sums_C = sums[r * C : (r + 1) * C]
                pairs = zip(w_C, sums_C, strict=True)
                new += [_multiply_add(builder, number, panel, total) for panel, total in pairs]
            return new

        sums = _loop(builder, inner, R * C, body)
        places = [
            builder.add(builder.mul(y_row, I64(r)), I64(c * LANES))
            for r in range(R)
            for c in range(C)
        ]
        with builder.if_else(cgutils.as_bool_bit(builder, add)) as (adding, writing):
            with adding:
                for place, value in zip(places, sums, strict=True):
                    _store(builder, builder.fadd(_load(builder, y, place), value), y, place)
            with writing:
                for place, value in zip(places, sums, strict=True):
                    _store(builder, value, y, place)

    end = builder.append_basic_block("end")
    switch = builder.switch(builder.add(builder.mul(rows, I64(8)), vectors), end)
    for R in range(1, ROWS + 1):
        for C in (1, 2, 4) if 2 * R <= ROWS else (1, 2):
            block = builder.append_basic_block(f"tile{R}x{C}")
            switch.add_case(I64(R * 8 + C), block)
            builder.position_at_end(block)
            case(R, C)
            builder.branch(end)
    builder.position_at_end(end)
    builder.ret_void()


@intrinsic
def weighted_sums(
    typingctx: Any, p: Any, p_at: Any, blocks: Any, v: Any, v_at: Any, v_block: Any, y: Any,
    y_at: Any,
) -> Any:  # fmt: skip
    """y[f] = sum over s of p[s] v[s // LANES, f, s % LANES], for `LANES` features f."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        p, p_at, blocks, v, v_at, v_block, y, y_at = args
        kinds = signature.args
        p = _pointer(context, builder, kinds[0], p, p_at)
        v = _pointer(context, builder, kinds[3], v, v_at)
        y = _pointer(context, builder, kinds[6], y, y_at)

        def body(i: Any, sums: list[Any]) -> list[Any]:
            weight = _load(builder, p, builder.mul(i, I64(LANES)))
            at = builder.mul(i, v_block)
            values = [_load(builder, v, builder.add(at, I64(f * LANES))) for f in range(LANES)]
            return [_multiply_add(builder, weight, a, b) for a, b in zip(values, sums, strict=True)]

        sums = _loop(builder, blocks, LANES, body)
        while len(sums) > 1:  # pairwise horizontal sums, until each vector is one number
            sums = [_pairs(builder, a, b) for a, b in zip(sums[::2], sums[1::2], strict=True)]
        _store(builder, sums[0], y, I64(0))
        return context.get_dummy_value()

    n = types.int64
    return types.void(p, n, n, v, n, n, y, n), codegen


def _pairs(builder: Any, a: Any, b: Any) -> Any:
    """The sums of neighbours in a, then in b."""
    kind = ir.VectorType(ir.IntType(32), LANES)
    even, odd = (ir.Constant(kind, list(range(first, 2 * LANES, 2))) for first in (0, 1))
    return builder.fadd(builder.shuffle_vector(a, b, even), builder.shuffle_vector(a, b, odd))


def _call(builder: Any, name: str, *args: Any) -> Any:
    """Call one of LLVM's vector intrinsics."""
    kind = ir.FunctionType(VECTOR, [VECTOR] * len(args))
    name = f"llvm.{name}.v{LANES}f32"
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)


def _all(number: float) -> Any:
    return ir.Constant(VECTOR, [number] * LANES)


def _exp(builder: Any, x: Any) -> Any:
    """exp(x) to 2 ulp, 0 for x <= -87 (polynomial from Stephen Moshier's Cephes library)."""
    low, high = _all(-87.0), _all(88.0)
    seen = builder.fcmp_ordered(">", x, low)
    x = builder.select(seen, x, low)
    x = builder.select(builder.fcmp_ordered("<", x, high), x, high)
    n = _call(builder, "floor", _multiply_add(builder, x, _all(1.44269504), _all(0.5)))
    r = _multiply_add(builder, n, _all(-0.693359375), x)  # ln 2 in two parts
    r = _multiply_add(builder, n, _all(2.12194440e-4), r)
    p = _all(1.9875691500e-4)
    for term in (1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5, 1, 1):
        p = _multiply_add(builder, p, r, _all(term))
    integers = ir.VectorType(ir.IntType(32), LANES)
    power = builder.add(builder.fptosi(n, integers), ir.Constant(integers, [127] * LANES))
    power = builder.shl(power, ir.Constant(integers, [23] * LANES))
    return builder.select(seen, builder.fmul(p, builder.bitcast(power, VECTOR)), _all(0.0))


def _fold(builder: Any, value: Any, add: bool) -> Any:
    """The sum (if `add`) or maximum of a vector's numbers."""
    width = LANES
    while width > 1:
        width //= 2
        mask = ir.Constant(
            ir.VectorType(ir.IntType(32), LANES), [(i + width) % LANES for i in range(LANES)]
        )
        other = builder.shuffle_vector(value, value, mask)
        value = builder.fadd(value, other) if add else _call(builder, "maxnum", value, other)
    return builder.extract_element(value, I64(0))


@intrinsic
def greatest(typingctx: Any, x: Any, x_at: Any, vectors: Any) -> Any:
    """The maximum over `vectors` vectors of x, starting at `x_at`; at least -1e30."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, x_at, vectors = args
        x = _pointer(context, builder, signature.args[0], x, x_at)

        def body(i: Any, held: list[Any]) -> list[Any]:
            return [
                _call(builder, "maxnum", held[0], _load(builder, x, builder.mul(i, I64(LANES))))
            ]

        return _fold(builder, _loop(builder, vectors, 1, body, -1e30)[0], add=False)

    n = types.int64
    return types.float32(x, n, n), codegen


@intrinsic
def exps(
    typingctx: Any, x: Any, x_at: Any, vectors: Any, most: Any, scale: Any, y: Any, y_at: Any
) -> Any:
    """y = exp(scale (x - most)); returns the sums of y and of y scale (x - most)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, x_at, vectors, most, scale, y, y_at = args
        kinds = signature.args
        x = _pointer(context, builder, kinds[0], x, x_at)
        y = _pointer(context, builder, kinds[5], y, y_at)
        most, scale = _splat(builder, most), _splat(builder, scale)

        def body(i: Any, sums: list[Any]) -> list[Any]:
            at = builder.mul(i, I64(LANES))
            below = builder.fmul(builder.fsub(_load(builder, x, at), most), scale)
            e = _exp(builder, below)
            _store(builder, e, y, at)
            return [builder.fadd(sums[0], e), _multiply_add(builder, e, below, sums[1])]

        sums = _loop(builder, vectors, 2, body)
        pair = [_fold(builder, total, add=True) for total in sums]
        return context.make_tuple(builder, signature.return_type, pair)

    n, f = types.int64, types.float32
    return types.UniTuple(f, 2)(x, n, n, f, f, y, n), codegen


@intrinsic
def silu_times(typingctx: Any, x: Any, gate_at: Any, up_at: Any, vectors: Any) -> Any:
    """x[gate] = silu(x[gate]) x[up]."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, gate_at, up_at, vectors = args
        gate = _pointer(context, builder, signature.args[0], x, gate_at)
        up = _pointer(context, builder, signature.args[0], x, up_at)

        def body(i: Any, sums: list[Any]) -> list[Any]:
            at = builder.mul(i, I64(LANES))
            value = _load(builder, gate, at)
            below = builder.fadd(_all(1.0), _exp(builder, builder.fneg(value)))
            product = builder.fmul(value, _load(builder, up, at))
            _store(builder, builder.fdiv(product, below), gate, at)
            return []

        _loop(builder, vectors, 0, body)
        return context.get_dummy_value()

    n = types.int64
    return types.void(x, n, n, n), codegen


@intrinsic
def float_of_bits(typingctx: Any, bits: Any) -> Any:
    """The float32 with the bits of an int32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], F32)

    return types.float32(types.int32), codegen


@intrinsic
def bits_of_float(typingctx: Any, number: Any) -> Any:
    """The bits of a float32 as an int32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), codegen


@intrinsic
def through_half(typingctx: Any, number: Any) -> Any:
    """A float32 rounded to float16."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fpext(builder.fptrunc(args[0], ir.HalfType()), F32)

    return types.float32(types.float32), codegen
