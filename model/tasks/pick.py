"""Picking numbers: which 3 of 17,23,8,31,26 sum to 57? A check is cheaper than a solution.

Finding the subset takes a search; testing one takes a single sum. Traces therefore come as direct
answers, as guesses that are not compared with the target, as searches that test one candidate after
the other until one fits, and as searches that give up sooner or later and answer anyway. A search
goes in the order of the question's list (first, second, third; first, second, fourth; ...), so that
nothing is tried twice, and the next candidate follows from the last one and the list alone. A
candidate is summed number by number, with the single sums that chains consist of, and its sum is
compared with the target digit by digit.
"""

from __future__ import annotations

import itertools
import random

from model.tasks.problem import Language, Piece, Problem, ProblemError, Thought, Voice

NAME = "pick"
LEVELS = range(2, 6)
NUMBERS = range(2, 34)  # to pick from, all different; three of them sum to less than 100
#: level → (numbers to pick, numbers to pick from), such that a whole search fits into a reply
SHAPES = {2: (2, 6), 3: (3, 5), 4: (3, 6), 5: (2, 8)}
STYLES = {"direct": 0.45, "blind": 0.08, "giveup": 0.32, "search": 0.15}
PATIENCE = 0.7  # in the giveup style, the probability of trying on after a rejection

_QUESTIONS: dict[Language, str] = {
    "en": "Which {k} of {numbers} sum to {target}?",
    "ko": "{numbers} 중 합이 {target}인 {k}개는?",
}


def styles(level: int) -> dict[str, float]:
    """The share of each style among the traces of a level, which is the same for all levels."""
    return STYLES


def generate(rng: random.Random, level: int, language: Language) -> Problem:
    """A random problem; it may have more than one solution, each of which is right."""
    k, n = SHAPES[level]
    numbers = rng.sample(NUMBERS, n)
    return pose(numbers, sum(rng.sample(numbers, k)), k, language)


def pose(numbers: list[int], target: int, k: int, language: Language) -> Problem:
    """The problem to pick `k` of the numbers that sum to `target`.

    Raises:
        ProblemError: if there is no level of this shape, or no solution.
    """
    level = next((lv for lv, shape in SHAPES.items() if shape == (k, len(numbers))), None)
    if level is None:
        raise ProblemError("shape", k=k, n=len(numbers))
    solution = next((c for c in itertools.combinations(numbers, k) if sum(c) == target), None)
    if solution is None:
        raise ProblemError("no_solution", k=k, target=target)
    listed = ",".join(map(str, numbers))
    question = _QUESTIONS[language].format(k=k, numbers=listed, target=target)
    key = f"{','.join(map(str, sorted(numbers)))}|{k}|{target}"
    return Problem(NAME, level, language, key, question, ",".join(map(str, solution)))


def read_question(problem: Problem) -> tuple[list[int], int, int]:
    """The numbers in the order of the question, how many to pick, and the target."""
    _, k, target = problem.key.split("|")
    listed = next(w for w in problem.question.split() if w.count(",") >= 3)
    return [int(n) for n in listed.split(",")], int(k), int(target)


def _search(numbers: list[int], k: int, target: int) -> list[tuple[int, ...]]:
    """The candidates in the order of the list, up to the first that fits."""
    tried = []
    for candidate in itertools.combinations(numbers, k):
        tried.append(candidate)
        if sum(candidate) == target:
            break
    return tried


def write_trace(
    rng: random.Random, problem: Problem, style: str, voice: Voice
) -> tuple[Thought, str]:
    """A trace in one style, and the answer that it arrives at."""
    if style == "direct":
        return [], problem.answer
    numbers, k, target = read_question(problem)
    if style == "blind":
        tried = [rng.choice(list(itertools.combinations(numbers, k)))]
        text = f"{voice('try')}{_sum(tried[0])}."
    else:
        tried = _search(numbers, k, target)
        if style == "giveup":
            patience = 1
            while rng.random() < PATIENCE:
                patience += 1
            tried = tried[:patience]
        text = "".join(f"{voice('try')}{_sum(c)}{voice.verdict(sum(c), target)}, " for c in tried)
        text = text.removesuffix(", ") + "."
    return [Piece(text)], ",".join(map(str, tried[-1]))


def _sum(candidate: tuple[int, ...]) -> str:
    totals = list(itertools.accumulate(candidate))
    added = zip(totals[:-1], candidate[1:], totals[1:], strict=True)
    return ", ".join(f"{total}+{number}={new}" for total, number, new in added)
