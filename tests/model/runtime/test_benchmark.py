"""The benchmark: with a fake clock, speeds are tokens over seconds."""

from __future__ import annotations

import itertools

import pytest

from model.runtime import benchmark
from tests.model.conftest import shipped_folder

pytestmark = pytest.mark.slow


def test_speeds_are_tokens_over_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("BATCHES", (1, 2, 3)),
        ("NEW", 5),
        ("CURVE_BATCHES", (1, 4)),
        ("CURVE_CONTEXTS", (16, 32)),
    ):
        monkeypatch.setattr(benchmark, name, value)
    ticks = itertools.count(0, 2)  # all takes two seconds
    folder = shipped_folder("student-base")
    found = benchmark.measure(folder, 1, lambda: float(next(ticks)), (2, 3, 4))
    one, two, three, prefill, rollout = found["compared"]
    for n, row in ((1, one), (2, two), (3, three)):
        assert row["kernel"] == row["other"] == n * 5 / 2
        assert row["agree"] == f"{n} of {n}"
    assert prefill["kernel"] == prefill["other"] == 768 * 3 / 4 / 2
    assert rollout["what"] == "rollout of 6" and rollout["agree"] == "6 of 6, sampled"
    assert 6 <= 2 * rollout["kernel"] <= 24
    assert found["curves"] == {"batch": {1: 2.0, 4: 8.0}, "context": {16: 2.0, 32: 2.0}}
    assert "student-base, 1 thread(s)" in benchmark.table(found)
