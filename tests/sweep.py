"""Cases of one kind: a few for every run of the tests, the others for the sweeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar

import pytest
from _pytest.mark import ParameterSet

T = TypeVar("T")


def each(cases: Iterable[T], always: Collection[T]) -> list[ParameterSet]:
    """A test's cases, for `parametrize`; those not in `always` are a sweep.

    A tuple holds the values of several parameters.

    Raises:
        ValueError: if one of `always` is not among the cases.
    """
    listed = [*cases]
    if strange := [case for case in always if case not in listed]:
        raise ValueError(f"no cases: {strange}")
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=() if case in always else pytest.mark.sweep,
        )
        for case in listed
    ]
