"""Estimators against published values, brute force, and simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.analysis.estimators import (
    bootstrap_median,
    bootstrap_ratio,
    consensus,
    pass_at_k,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17, Table I, method 3 (score, no correction)
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000), st.data())
def test_wilson_properties(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    low, high = wilson(k, n)
    assert 0 <= low <= k / n + 1e-12 and k / n - 1e-12 <= high <= 1
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low))
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 9), st.data())
def test_pass_at_k_is_the_share_of_subsets_with_a_right_one(n: int, data: st.DataObject) -> None:
    correct, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    subsets = list(itertools.combinations([i < correct for i in range(n)], k))
    assert pass_at_k(n, correct, k) == pytest.approx(np.mean([any(s) for s in subsets]))


@pytest.mark.parametrize("k", [0, 6])
def test_pass_at_k_needs_enough_samples(k: int) -> None:
    with pytest.raises(ValueError, match="needs at least"):
        pass_at_k(5, 1, k)


def test_consensus() -> None:
    assert consensus(["1", "2", "2", None, None, None]) == "2"
    assert consensus(["b", "a", "a", "b"]) == "b"  # the earliest among equals
    assert consensus([None, None]) is None
    assert consensus([]) is None


def test_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for i in range(200):
        weights = rng.integers(1, 6, size=80)
        successes = rng.binomial(weights, 0.3)
        low, high = bootstrap_ratio(successes, weights, seed=i, draws=300)
        hits += low <= 0.3 <= high
    assert 0.89 <= hits / 200 <= 0.985


def test_the_median_of_all_samples_and_its_interval() -> None:
    assert bootstrap_median([[3, 3], [3, 3]]) == (3.0, 3.0)
    rng = np.random.default_rng(0)
    of_problems = rng.normal(100, 20, size=(200, 1))
    values = of_problems + rng.normal(0, 1, size=(200, 16))
    low, high = bootstrap_median(values)
    assert low <= np.median(values) <= high
    # samples of one problem are alike: sixteen of each tell hardly more than one
    one_low, one_high = bootstrap_median(values[:, :1])
    assert (high - low) == pytest.approx(one_high - one_low, rel=0.3)


def test_bootstrap_details() -> None:
    assert bootstrap_ratio([1, 2], [1, 2]) == (1.0, 1.0)
    assert bootstrap_ratio([0, 0], [0, 0]) == (0.0, 0.0)
    assert bootstrap_ratio([3, 1, 4], [5, 9, 2], seed=1) == bootstrap_ratio(
        [3, 1, 4], [5, 9, 2], seed=1
    )
    low, high = bootstrap_ratio([0, 1] * 50, [1, 1] * 50)
    assert low < 0.5 < high
