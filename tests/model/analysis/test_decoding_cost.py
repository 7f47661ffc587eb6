"""The arithmetic of decoding, against figures worked out by hand and against real tensors."""

from __future__ import annotations

import pytest

from model.analysis.decoding_cost import DECODING_PATHS, Shape
from model.analysis.parameter_count import PUBLISHED

V3 = Shape.of(PUBLISHED["DeepSeek-V3"])


@pytest.mark.parametrize(
    ("path", "flops", "megabytes"),
    [("absorbed", 1.174e9, 4.7), ("expanded", 0.369e9, 335.5), ("naive", 137.8e9, 4.7)],
)
def test_v3_at_4096_tokens(path: str, flops: float, megabytes: float) -> None:
    """With two operations per multiplication, and elements in bf16."""
    assert 2 * DECODING_PATHS[path].multiplications(V3, 4096) == pytest.approx(flops, rel=1e-3)
    assert DECODING_PATHS[path].cached(V3) * 4096 * 2 / 1e6 == pytest.approx(megabytes, rel=0.01)


@pytest.mark.parametrize("path", DECODING_PATHS)
def test_formulas_say_what_is_computed(path: str) -> None:
    letters = {"H": V3.heads, "R": V3.rank, "n": V3.nope, "p": V3.rope, "v": V3.value, "S": 777}
    one = DECODING_PATHS[path]
    for formula, count in (
        (one.formula, one.multiplications(V3, 777)),
        (one.cached_formula, one.cached(V3)),
    ):
        assert eval(formula.replace("·", "*"), {}, letters) == count
