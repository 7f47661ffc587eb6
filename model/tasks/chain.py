"""Chain arithmetic: `90*9-54*5+171`. Level L has L operations; every result lies in 0..999.

Products have two digits times one; other numbers lie in 11..199. A single operation is no problem:
it is what steps are made of, and what sheets of exercises drill. Traces come in the styles of a
base model's corpus: most answer at once, some go step by step (sloppily, carefully, slowly), and
some check each step by another route, digit by digit, and correct what was wrong.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from model.tasks.problem import Language, Piece, Problem, Thought, Voice

NAME = "chain"
LEVELS = range(2, 6)
FACTORS, DIGITS = range(11, 100), range(2, 10)  # a product is one of each, in this order
TERMS = range(11, 200)  # the other numbers
RESULTS = range(1000)  # of every step
STYLES = {"direct": 0.55, "sloppy": 0.12, "careful": 0.10, "slow": 0.05, "verify": 0.18}
SLOPPY_ERRORS = 0.25  # share of wrong steps in the sloppy style
INJECTED_ERRORS = 0.40  # share of first attempts that are wrong in the verify style

_QUESTIONS: dict[Language, str] = {"en": "What is {}?", "ko": "{}의 값은?"}


@dataclass(frozen=True)
class Operation:
    """One operation `left op right = value`."""

    left: int
    op: str
    right: int

    @property
    def value(self) -> int:
        return {
            "+": self.left + self.right,
            "-": self.left - self.right,
            "*": self.left * self.right,
        }[self.op]

    def write(self, value: int | None = None) -> str:
        return f"{self.left}{self.op}{self.right}={self.value if value is None else value}"


def generate(rng: random.Random, level: int, language: Language) -> Problem:
    """A random problem with `level` operations."""
    while True:
        products = rng.randint(0, (level + 1) // 2)
        sums = level - products
        if products > sums + 1:
            continue
        multiplied = set(rng.sample(range(sums + 1), products))
        terms = [
            f"{rng.choice(FACTORS)}*{rng.choice(DIGITS)}"
            if i in multiplied
            else str(rng.choice(TERMS))
            for i in range(sums + 1)
        ]
        expression = terms[0] + "".join(rng.choice("+-") + term for term in terms[1:])
        values = [step.value for step in solve(expression)]
        if all(value in RESULTS for value in values):
            return pose(expression, language)


def pose(expression: str, language: Language) -> Problem:
    """The problem that asks for the value of an expression."""
    steps = list(solve(expression))
    question = _QUESTIONS[language].format(expression)
    return Problem(NAME, len(steps), language, expression, question, str(steps[-1].value))


def _tokens(expression: str) -> list[str]:
    spaced = expression
    for op in "+-*":
        spaced = spaced.replace(op, f" {op} ")
    return spaced.split()


def solve(expression: str, slip: dict[int, int] | None = None) -> Iterator[Operation]:
    """The steps in the order of a trace: products first, then sums, from left to right.

    `slip` maps a step's index to what is wrongly added to its value; later steps build on it.
    """
    slip = slip or {}
    items = _tokens(expression)
    done = 0
    for ops in ("*", "+-"):
        i = 1
        while i < len(items):
            if items[i] in ops:
                step = Operation(int(items[i - 1]), items[i], int(items[i + 1]))
                yield step
                items[i - 1 : i + 2] = [str(step.value + slip.get(done, 0))]
                done += 1
            else:
                i += 2


def _slips(rng: random.Random, value: int) -> int:
    """A plausible error: one off, or a carry lost, in any digit."""
    size = rng.choice((1, 1, 2, 10, 10, 20, 100))
    return size if value < size or (rng.random() < 0.5 and value + size <= 999) else -size


def sheet(rng: random.Random, voice: Voice) -> Thought:
    """Exercises: unrelated single operations, half of them checked."""
    pieces: list[Piece] = []
    for _ in range(rng.randint(3, 9)):
        pieces.append(Piece(voice(rng.choice(("first", "then", "so")))))
        step = _exercise(rng)
        if rng.random() < 0.5:
            pieces += _verified(rng, step, voice, ", ")
        else:
            pieces.append(Piece(step.write() + ", "))
    return [*pieces[:-1], Piece(pieces[-1].text.removesuffix(", ") + ".")]


def _exercise(rng: random.Random) -> Operation:
    """One operation as it may occur in a chain."""
    while True:
        if rng.random() < 0.4:
            return Operation(rng.randint(11, 99), "*", rng.randint(2, 9))
        product = rng.random() < 0.3
        right = rng.randint(11, 99) * rng.randint(2, 9) if product else rng.randint(11, 199)
        step = Operation(rng.randint(0, 999), rng.choice("+-"), right)
        if 0 <= step.value <= 999:
            return step


def digit_route(step: Operation) -> list[Operation]:
    """The same value by easier steps: one digit of the (larger-digit) operand at a time."""
    left, op, right = step.left, step.op, step.right
    split = left if op == "*" else right
    parts = [int(d) * 10**p for p, d in enumerate(reversed(str(split))) if d != "0"][::-1]
    if op == "*":
        route = [Operation(part, "*", right) for part in parts]
        total = route[0].value if route else 0
        for part in route[1:].copy():
            route.append(Operation(total, "+", part.value))
            total += part.value
        return route or [step]
    route, total = [], left
    for part in parts:
        route.append(Operation(total, op, part))
        total = route[-1].value
    return route or [step]


def write_trace(
    rng: random.Random, problem: Problem, style: str, voice: Voice
) -> tuple[Thought, str]:
    """A trace in one style, and the answer that it comes to."""
    if style == "direct":
        return [], problem.answer
    slip: dict[int, int] = {}
    if style == "sloppy":
        for i in range(problem.level):
            value = list(solve(problem.key, slip))[i].value
            if rng.random() < SLOPPY_ERRORS:
                slip[i] = _slips(rng, value)
                if any(not 0 <= s.value <= 999 for s in solve(problem.key, slip)):
                    del slip[i]
    steps = list(solve(problem.key, slip))
    pieces: list[Piece] = []
    for i, step in enumerate(steps):
        last = i == len(steps) - 1
        word = "so" if last and i else "first" if i == 0 else "then"
        end = "." if last else ", "
        pieces.append(Piece(voice(word)))
        if style == "slow":
            pieces.append(Piece(", ".join(s.write() for s in digit_route(step)) + end))
        elif style == "verify":
            pieces += _verified(rng, step, voice, end)
        else:
            pieces.append(Piece(step.write(step.value + slip.get(i, 0)) + end))
    return pieces, str(steps[-1].value + slip.get(len(steps) - 1, 0))


def _verified(rng: random.Random, step: Operation, voice: Voice, end: str) -> Iterator[Piece]:
    """A first attempt, often wrong and then not learnt; a check that is right; a correction."""
    wrong = rng.random() < INJECTED_ERRORS
    attempt = step.value + (_slips(rng, step.value) if wrong else 0)
    yield Piece(f"{step.left}{step.op}{step.right}=")
    yield Piece(str(attempt), learn=not wrong)
    yield Piece(", " + voice("check") + ", ".join(s.write() for s in digit_route(step)))
    if wrong:
        yield Piece(voice("no") + ", " + voice("wait") + step.write() + end)
    else:
        yield Piece(voice("ok") + end)
