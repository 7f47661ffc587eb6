"""Estimators against published values, brute force, and simulation."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.analysis.estimators import (
    bootstrap_median,
    bootstrap_ratio,
    cons_at_k,
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


@given(st.lists(st.sampled_from("abcd-"), min_size=1, max_size=9), st.data())
def test_cons_at_k_is_the_mean_over_all_choices_of_k(drawn: list[str], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(drawn)))
    right = {"a"} | ({"b"} if data.draw(st.booleans()) else set())  # two answers may be right
    answers = [(None if a == "-" else a, a in right) for a in drawn]
    shares = []
    for chosen in itertools.combinations(answers, k):
        votes = Counter(answer for answer, _ in chosen if answer is not None)
        leaders = [a for a, n in votes.items() if n == max(votes.values())]
        shares.append(sum(a in right for a in leaders) / max(1, len(leaders)))
    assert cons_at_k(answers, k) == pytest.approx(np.mean(shares))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.just(False)), max_size=20), st.integers(1, 20))
def test_one_vote_is_one_sample(wrong: list[tuple[str, bool]], right: int) -> None:
    answers: list[tuple[str | None, bool]] = [*wrong, *[("x", True)] * right, (None, False)]
    assert cons_at_k(answers, 1) == pytest.approx(pass_at_k(len(answers), right, 1))


def test_cons_at_k_of_all_samples_is_their_vote() -> None:
    answers = [("x", True)] * 3 + [("y", False)] * 3 + [("z", False)] * 2
    assert cons_at_k(answers, 8) == 0.5  # level: shared
    assert cons_at_k([*answers, ("x", True)], 9) == 1
    assert cons_at_k([(None, False)] * 4, 4) == 0
    many = [("x", True)] * 30 + [(str(i), False) for i in range(70)]
    assert cons_at_k(many, 64) == pytest.approx(1)


@pytest.mark.parametrize("k", [0, 6])
def test_cons_at_k_needs_enough_samples(k: int) -> None:
    with pytest.raises(ValueError, match="needs at least"):
        cons_at_k([("x", True)] * 5, k)


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
