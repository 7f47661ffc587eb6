"""Whose routing is compared before and after reinforcement learning, and on which texts.

The page of experts compares them, and `model.training.recorded_experts` records what it opens with.
"""

from __future__ import annotations

import itertools

from model.tasks import chain, problems
from model.tasks.problem import Language, Problem

BASE, WRITER = "base", "r1-zero"
AFTER = (WRITER, "r1")
YARDSTICK = "base-50pct"  # base at half of pre-training: shows what the other half changed
COMPARED = (YARDSTICK, *AFTER)  # each is compared with base
READERS = (BASE, *COMPARED)
LEVEL = 3
MANY = 24  # problems
MAX_TOKENS = 300


def problem(place: int, language: Language | None = None) -> Problem:
    """The held-out problem at `place`, in a language, or else in one or the other."""
    return next(itertools.islice(problems(chain.NAME, LEVEL, 0, "heldout", language), place, None))
