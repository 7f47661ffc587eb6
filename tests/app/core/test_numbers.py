"""Sanitising numbers from outside."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.core import numbers

ANYTHING = some.one_of(some.floats(), some.integers(), some.booleans(), some.text(), some.none())


@pytest.mark.slow
@given(ANYTHING)
def test_whatever_comes_in_a_whole_number_within_its_limits_comes_out(value: object) -> None:
    found = numbers.whole(value, 1, 200, 7)
    assert type(found) is int and 1 <= found <= 200
    if type(value) is int:
        assert found == min(max(value, 1), 200)
    elif not isinstance(value, float) or not math.isfinite(value):
        assert found == 7


def test_a_span_is_its_ends() -> None:
    assert numbers.span(["2026-11-27", "2026-11-26", "2026-11-26"]) == "2026-11-26 – 2026-11-27"
    assert numbers.span(iter([7, 7])) == "7"
    assert numbers.span([]) == ""
