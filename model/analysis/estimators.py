"""Estimators and their 95 % intervals; numpy only."""

from __future__ import annotations

import functools
import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

Interval = tuple[float, float]


def wilson(successes: int, n: int) -> Interval:
    """Wilson's 95 % interval for a proportion; (0, 1) without observations."""
    if n == 0:
        return 0.0, 1.0
    z, p = 1.959964, successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def bootstrap_ratio(
    numerators: ArrayLike, denominators: ArrayLike, seed: int = 0, draws: int = 2000
) -> Interval:
    """95 % percentile bootstrap interval for sum(numerators) / sum(denominators) over units.

    Draws whose denominators are all zero are left out.
    """
    a, b = np.asarray(numerators, dtype=float), np.asarray(denominators, dtype=float)
    chosen = np.random.default_rng(seed).integers(len(a), size=(draws, len(a)))
    top, bottom = a[chosen].sum(1), b[chosen].sum(1)
    ratios = top[bottom > 0] / bottom[bottom > 0]
    if not len(ratios):
        return 0.0, 0.0
    low, high = np.quantile(ratios, (0.025, 0.975))
    return float(low), float(high)


def bootstrap_median(values_US: ArrayLike, seed: int = 0, draws: int = 2000) -> Interval:
    """95 % percentile bootstrap interval, over units, for the median of all samples [U, S]."""
    values = np.asarray(values_US, dtype=float)
    chosen = np.random.default_rng(seed).integers(len(values), size=(draws, len(values)))
    parts = np.array_split(chosen, 20)  # all at once would take 130 MB for 500 units of 16
    medians = [np.median(values[part].reshape(len(part), -1), axis=1) for part in parts]
    low, high = np.quantile(np.concatenate(medians), (0.025, 0.975))
    return float(low), float(high)


def paired_difference(
    nats_a: ArrayLike, nats_b: ArrayLike, tokens: ArrayLike
) -> tuple[float, Interval]:
    """Mean loss of a minus that of b on the same rows, with its 95 % bootstrap interval.

    `nats_a` and `nats_b` are sums per row, `tokens` the number of learnt tokens per row.
    """
    gap = np.asarray(nats_a, dtype=float) - np.asarray(nats_b, dtype=float)
    return float(gap.sum() / np.sum(tokens)), bootstrap_ratio(gap, tokens)


def pass_at_k(n: int, correct: int, k: int) -> float:
    """Unbiased estimate of the chance that one of k samples is right (Chen et al. 2021).

    Raises:
        ValueError: if k exceeds n.
    """
    if not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs at least {k} samples, not {n}")
    if n - correct < k:
        return 1.0
    return 1.0 - math.prod(1 - k / i for i in range(n - correct + 1, n + 1))


def cons_at_k(answers: Sequence[tuple[str | None, bool]], k: int) -> float:
    """The chance that a majority vote of k answers is right, over all choices of k of the samples.

    Each sample is an answer and whether it is right. None (no answer) does not vote; a tie is
    shared among the leading answers. So cons@1 is pass@1, and cons@n is the vote of all samples.

    Raises:
        ValueError: if k exceeds the number of samples.
    """
    n = len(answers)
    if not 1 <= k <= n:
        raise ValueError(f"cons@{k} needs at least {k} samples, not {n}")
    votes = Counter(answer for answer, _ in answers if answer is not None)
    silent = n - votes.total()
    won = 0.0
    for answer in {answer for answer, right in answers if right and answer is not None}:
        others = tuple(sorted(count for other, count in votes.items() if other != answer))
        won += _choices_won(votes[answer], others, silent, k)
    return won / math.comb(n, k)


@functools.lru_cache(maxsize=4096)
def _choices_won(own: int, others: tuple[int, ...], silent: int, k: int) -> float:
    """The number of choices of k samples that an answer with `own` votes wins; a tie of m counts
    1/m."""
    won = 0.0
    for votes in range(1, min(own, k) + 1):
        choices = {(0, 0): 1}  # (votes of others, answers that are level) → choices of them
        for count in others:
            grown: dict[tuple[int, int], int] = defaultdict(int)
            for (cast, level), n in choices.items():
                for more in range(min(count, votes, k - votes - cast) + 1):
                    grown[cast + more, level + (more == votes)] += n * math.comb(count, more)
            choices = grown
        led = sum(
            n * math.comb(silent, k - votes - cast) / (level + 1)
            for (cast, level), n in choices.items()
        )
        won += math.comb(own, votes) * led
    return won
