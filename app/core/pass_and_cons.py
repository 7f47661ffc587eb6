"""What more samples buy: pass@k and cons@k of given samples, with 95 % intervals. numpy only."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.analysis.estimators import bootstrap_ratio, cons_at_k, pass_at_k, wilson

#: bootstrap resamples, and votes in each, for the interval of one question's cons@k
RESAMPLES, DRAWS = 100, 50

Answers = Sequence[tuple[str | None, bool]]  # of one problem's samples: answer, and is it right?


@dataclass(frozen=True)
class Point:
    """A value with its interval."""

    k: int
    value: float
    low: float
    high: float


def ks(n: int) -> list[int]:
    """1, 2, 4, … up to n."""
    return [2**i for i in range(n.bit_length()) if 2**i <= n]


def passes(problems: Sequence[Answers]) -> list[Point]:
    """Unbiased pass@k over problems with equally many samples.

    Interval: a bootstrap over several problems; for one, Wilson's for the share p of right samples,
    transformed by 1 - (1 - p)^k.
    """
    n = min(map(len, problems))
    right = [sum(correct for _, correct in answers[:n]) for answers in problems]
    points = []
    for k in ks(n):
        values = [pass_at_k(n, c, k) for c in right]
        if len(problems) > 1:
            low, high = bootstrap_ratio(values, np.ones(len(values)))
        else:
            low, high = (1 - (1 - p) ** k for p in wilson(right[0], n))
        points.append(Point(k, float(np.mean(values)), low, high))
    return points


def consensus(problems: Sequence[Answers]) -> list[Point]:
    """cons@k: how often a majority vote of k answers, chosen from the samples, is right.

    The value is the mean over all choices of k (`cons_at_k`); replies without an answer do not
    vote. Interval: a bootstrap over several problems; for one, a bootstrap of its samples.
    """
    return list(_consensus(tuple(tuple(answers) for answers in problems)))


@functools.lru_cache(maxsize=64)  # a page polls several times a second
def _consensus(problems: tuple[Answers, ...]) -> tuple[Point, ...]:
    n = min(map(len, problems))
    rng = np.random.default_rng(0)
    points = []
    for k in ks(n):
        values = [cons_at_k(answers[:n], k) for answers in problems]
        value = float(np.mean(values))
        if len(problems) > 1:
            low, high = bootstrap_ratio(values, np.ones(len(values)))
        else:
            shares = _votes(problems[0][:n], k, rng).mean(0)
            low, high = (float(x) for x in np.quantile(shares, (0.025, 0.975)))
        points.append(Point(k, value, min(low, value), max(high, value)))
    return tuple(points)


def _votes(answers: Answers, k: int, rng: np.random.Generator) -> np.ndarray:
    """Whether each of [DRAWS, RESAMPLES] votes of k samples is right, breaking ties at random."""
    counts = Counter(answers)
    kinds = sorted(counts, key=lambda kind: kind[0] is None)  # "no answer" comes last, if at all
    share = np.array([counts[kind] for kind in kinds]) / len(answers)
    shares = rng.multinomial(len(answers), share, size=RESAMPLES) / len(answers)
    votes = rng.multinomial(k, shares, size=(DRAWS, RESAMPLES)).astype(float)
    voting = np.array([kind[0] is not None for kind in kinds])
    right = np.array([correct for _, correct in kinds])
    votes = np.where(voting & (votes > 0), votes + rng.random(votes.shape) / 2, 0.0)
    return right[votes.argmax(-1)] & (votes.max(-1) > 0)


def accuracy(problems: Sequence[Answers]) -> Point:
    """The share of right samples, with a bootstrap interval over problems."""
    right = [sum(correct for _, correct in answers) for answers in problems]
    sizes = [len(answers) for answers in problems]
    low, high = bootstrap_ratio(right, sizes)
    return Point(1, sum(right) / max(1, sum(sizes)), low, high)


def bins(answers: Answers, most: int = 8) -> list[tuple[str | None, int, bool]]:
    """Counts of answers: right ones first, then by frequency; None for no answer.

    Wrong answers beyond the `most` commonest are counted as "", before None.
    """
    counts = Counter(answers)
    right = sorted(((a, n, True) for (a, ok), n in counts.items() if ok), key=lambda b: -b[1])
    wrong = sorted(
        ((a, n, False) for (a, ok), n in counts.items() if not ok and a is not None),
        key=lambda b: -b[1],
    )
    rest = sum(n for _, n, _ in wrong[most:])
    none = sum(n for (a, _), n in counts.items() if a is None)
    tail: list[tuple[str | None, int, bool]] = [("", rest, False)] if rest else []
    if none:
        tail.append((None, none, False))
    return [*right, *wrong[:most], *tail]
