"""Routing statistics against counting token by token."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.analysis import routing_statistics as found

EXPERTS, LAYERS, CHOSEN, KINDS = 6, 2, 3, 4


@st.composite
def routings(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choices [N, L, k], a kind per token [N], and whether it follows the one before it [N]."""
    n = draw(st.integers(2, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    ids = np.argsort(rng.random((n, LAYERS, EXPERTS)), axis=2)[:, :, :CHOSEN].astype(np.int16)
    follows = rng.random(n) < 0.7
    follows[0], follows[-1] = False, True
    return ids, rng.integers(0, KINDS, n), follows


@given(routings())
def test_load(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    ids, kinds, _ = drawn
    load = found.load_by(ids, kinds, KINDS, EXPERTS)
    for kind in range(KINDS):
        for layer in range(LAYERS):
            for expert in range(EXPERTS):
                took = [
                    expert in token[layer]
                    for token, own in zip(ids, kinds, strict=True)
                    if own == kind
                ]
                assert load[kind, layer, expert] == sum(took)


@given(routings())
def test_coactivation(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    ids, _, _ = drawn
    shares = found.coactivation(ids, EXPERTS)
    for layer in range(LAYERS):
        sets = [set(token[layer].tolist()) for token in ids]
        for i in range(EXPERTS):
            with_i = [s for s in sets if i in s]
            for j in range(EXPERTS):
                if i == j or not with_i:
                    assert np.isnan(shares[layer, i, j])
                else:
                    assert shares[layer, i, j] == pytest.approx(
                        sum(j in s for s in with_i) / len(with_i)
                    )


@given(routings())
def test_repetition(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    ids, _, follows = drawn
    repeated = found.repetition(ids, follows)
    for layer in range(LAYERS):
        pairs = [(ids[i - 1, layer], ids[i, layer]) for i in range(len(ids)) if follows[i]]
        first = sum(a[0] == b[0] for a, b in pairs) / len(pairs)
        shared = sum(bool(set(a.tolist()) & set(b.tolist())) for a, b in pairs) / len(pairs)
        assert repeated.first[layer] == pytest.approx(first)
        assert repeated.any[layer] == pytest.approx(shared)


def test_chance_of_repetition_is_what_random_choices_do() -> None:
    rng = np.random.default_rng(0)
    ids = np.argsort(rng.random((20_000, 1, EXPERTS)), axis=2)[:, :, :CHOSEN]
    first, shared = found.even_repetition(EXPERTS, CHOSEN)
    follows = np.arange(20_000) > 0
    for repeated in (found.repetition(ids, follows), found.shuffled_repetition(ids, follows)):
        assert repeated.first[0] == pytest.approx(first, abs=0.015)
        assert repeated.any[0] == pytest.approx(shared, abs=0.015)
    assert found.even_repetition(8, 2) == (0.125, pytest.approx(1 - 15 / 28))


@given(routings(), routings())
def test_saturation(
    one: tuple[np.ndarray, np.ndarray, np.ndarray], two: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    n = min(len(one[0]), len(two[0]))
    early, final = one[0][:n], two[0][:n]
    shares = found.saturation(early, final)
    for layer in range(LAYERS):
        same = [
            len(set(a[layer].tolist()) & set(b[layer].tolist())) / CHOSEN
            for a, b in zip(early, final, strict=True)
        ]
        assert shares[layer] == pytest.approx(sum(same) / n)
    assert (found.saturation(final, final) == 1).all()


@given(routings(), st.integers(0, 2**31))
def test_changed(drawn: tuple[np.ndarray, np.ndarray, np.ndarray], seed: int) -> None:
    ids, _, _ = drawn
    others = np.random.default_rng(seed).permutation(ids)
    shares = found.changed(ids, others)
    for token, (own, other) in enumerate(zip(ids, others, strict=True)):
        for layer in range(LAYERS):
            left = set(own[layer].tolist()) - set(other[layer].tolist())
            assert shares[token, layer] == pytest.approx(len(left) / CHOSEN)
    assert (found.changed(ids, ids[:, :, ::-1]) == 0).all()


def test_choices_changed_by_chance() -> None:
    """Whatever the groups, a random choice has any given expert with probability k / E."""
    one, two = (found.random_choices(20_000, 16, 4, 4, 2, seed) for seed in (0, 1))
    assert found.changed(one, two).mean() == pytest.approx(1 - 4 / 16, abs=0.01)


@given(routings(), st.integers(1, 4))
def test_favourite_share(drawn: tuple[np.ndarray, np.ndarray, np.ndarray], least: int) -> None:
    ids, kinds, _ = drawn
    occurrences = np.bincount(kinds, minlength=KINDS)
    load = found.load_by(ids, kinds, KINDS, EXPERTS)
    shares = found.favourite_share(load, occurrences, least)
    often = [kind for kind in range(KINDS) if occurrences[kind] >= least]
    for layer in range(LAYERS):
        if not often:
            assert math.isnan(shares[layer])
            continue
        best = sum(max(load[kind, layer].tolist()) for kind in often)
        assert shares[layer] == pytest.approx(best / sum(int(occurrences[k]) for k in often))
