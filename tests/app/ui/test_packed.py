"""The packed data of components, JSON and arrays, unpacked here as JavaScript does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as some

from app.ui.components.packed import packed
from tests.app.ui.unpacking import unpacked


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return bool((a.ravel() == b).all()) and a.size == len(b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


SMALL = some.array_shapes(min_side=0, max_side=4)
ARRAYS = some.arrays(st.sampled_from([np.uint8, np.uint16]), SMALL)
LEAVES = st.none() | st.booleans() | st.integers() | st.text() | ARRAYS
#: As deep and as wide as needed: hundreds of arrays in one tree say no more than ten.
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=3), TREES, max_size=4))
def test_comes_back(data: dict[str, Any]) -> None:
    assert same(data, unpacked(packed(data)))


def test_an_array_takes_its_size() -> None:
    data = {"experts": np.zeros((100, 4, 4), np.uint8)}
    assert len(packed(data)) - len(packed({"experts": np.zeros(0, np.uint8)})) < 1600 + 8
    assert same(data, unpacked(packed({"experts": data["experts"][::1]})))


@pytest.mark.parametrize("odd", [np.zeros(2), np.zeros(2, np.int64), object(), b"bytes"])
def test_other_things_are_refused(odd: Any) -> None:
    with pytest.raises(TypeError):
        packed({"x": odd})


def test_numbers_that_json_does_not_know_are_refused() -> None:
    with pytest.raises(ValueError):
        packed({"x": float("nan")})
