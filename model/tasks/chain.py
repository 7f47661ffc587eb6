"""Chain arithmetic: `19*9-54*5+71`. Level L has L operations; every result lies in 0..999.

Products are of 11..29 and one digit; other numbers lie in 11..99. Single steps are easy, so that
the difficulty of a chain is its length. A single operation is not a problem, but sheets of
exercises drill them. Traces come in the styles of the base model's corpus: many answer at once,
more of them the longer the chain; some go step by step (sloppily, carefully, slowly), and some
check each step by another route, compare the two values digit by digit, and correct errors.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from model.tasks.problem import Language, Piece, Problem, Thought, Voice

NAME = "chain"
LEVELS = range(2, 9)
FACTORS, DIGITS = range(11, 30), range(2, 10)  # a product is one of each, in this order
TERMS = range(11, 100)  # the other numbers
RESULTS = range(1000)  # of every step
#: level → share of direct answers: longer chains are written out less often, and the longest hardly
#: ever, so that reinforcement learning has something to generalise to
DIRECT = {2: 0.45, 3: 0.50, 4: 0.55, 5: 0.60, 6: 0.65, 7: 0.70, 8: 0.94}
#: shares of the other styles among the rest
WRITTEN_OUT = {"sloppy": 0.20, "careful": 0.22, "slow": 0.08, "verify": 0.50}
SLOPPY_ERRORS = 0.25  # share of wrong steps in the sloppy style
INJECTED_ERRORS = 0.50  # share of first attempts that are wrong in the verify style
WRONG_NUMBER = 0.4  # share of those that use another number of the expression

#: What can be asked, including longer chains and larger numbers than in training.
EXPRESSION = re.compile(r"[0-9]{1,3}([+*-][0-9]{1,3}){1,9}")
MOST_DIGITS = 30  # in the value of an expression
_QUESTIONS: dict[Language, str] = {"en": "What is {}?", "ko": "{}의 값은?"}


@dataclass(frozen=True)
class Operation:
    """An operation `left op right = value`."""

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


def styles(level: int) -> dict[str, float]:
    """The share of each style among the traces of a level."""
    rest = 1 - DIRECT[level]
    return {"direct": DIRECT[level]} | {style: rest * n for style, n in WRITTEN_OUT.items()}


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


def _same(operation: list[str], other: list[str]) -> bool:
    """Whether two operations are equal token by token, where 05 equals 5."""
    return [*map(_plain, operation)] == [*map(_plain, other)]


def _plain(token: str) -> str:
    return str(int(token)) if token.isdecimal() else token


def _next(items: list[str]) -> int:
    """The index of the next operator: the first, or a product right after a first sum."""
    return 3 if items[1] != "*" and items[3:4] == ["*"] else 1


def solve(expression: str, slip: dict[int, int] | None = None) -> Iterator[Operation]:
    """The steps in the order of a trace: from left to right, each product when its turn comes.

    So the next number to use always follows the last one used. `slip` maps a step's index to an
    error that is added to its value; later steps build on it.
    """
    slip = slip or {}
    items = _tokens(expression)
    done = 0
    while len(items) > 1:
        i = _next(items)
        step = Operation(int(items[i - 1]), items[i], int(items[i + 1]))
        yield step
        items[i - 1 : i + 2] = [str(step.value + slip.get(done, 0))]
        done += 1


class Course:
    """A trace's progress through an expression, by the values that it states itself.

    Products may come in any order, sums from the left. The two numbers of an operation must be in
    the order of the expression: 30+12 is not a step of 12+30.
    """

    def __init__(self, expression: str) -> None:
        self._items = _tokens(expression)
        self._value: int | None = None  # of the step under way
        self._place: int | None = None  # of its operator, where the numbers taken tell

    def takes(self, left_side: str, stated: int) -> bool:
        """Note an equation of the current step; returns whether its operation is possible now."""
        items, taken = self._items, _tokens(left_side)
        sums = [1] if items[1:2] != ["*"] and items[3:4] != ["*"] else []
        products = [i for i in range(1, len(items), 2) if items[i] == "*"]
        fit = [i for i in products + sums if _same(items[i - 1 : i + 2], taken)]
        self._value = stated
        self._place = fit[0] if fit else self._place
        return bool(fit)

    def end_step(self) -> None:
        """Replace the operation of the current step by the value stated last."""
        if self._value is not None and len(self._items) > 1:
            place = self._place or _next(self._items)
            self._items[place - 1 : place + 2] = [str(self._value)]
        self._value = self._place = None


def _slips(rng: random.Random, value: int) -> int:
    """A plausible error to add to a value: off by one, or a lost carry, in any digit."""
    size = rng.choice((1, 1, 2, 10, 10, 20, 100))
    return size if value < size or (rng.random() < 0.5 and value + size <= 999) else -size


def sheet(rng: random.Random, voice: Voice) -> Thought:
    """Exercises: unrelated single operations, half of them checked."""
    pieces: list[Piece] = []
    for _ in range(rng.randint(3, 9)):
        pieces.append(Piece(voice(rng.choice(("first", "then", "so")))))
        step = _exercise(rng)
        if rng.random() < 0.5:
            pieces += _verified(rng, step, [], voice, ", ")
        else:
            pieces.append(Piece(step.write() + ", "))
    return [*pieces[:-1], Piece(pieces[-1].text.removesuffix(", ") + ".")]


def _exercise(rng: random.Random) -> Operation:
    """A random operation as it may occur in a chain."""
    while True:
        if rng.random() < 0.4:
            return Operation(rng.randint(11, 29), "*", rng.randint(2, 9))
        product = rng.random() < 0.4
        right = rng.randint(11, 29) * rng.randint(2, 9) if product else rng.randint(11, 99)
        step = Operation(rng.randint(0, 599), rng.choice("+-"), right)
        if 0 <= step.value <= 999:
            return step


def digit_route(step: Operation) -> list[Operation]:
    """The same value by easier steps, splitting one operand (of products the left) by digits."""
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
    """A trace in one style, and the answer that it arrives at."""
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
    numbers = [int(item) for item in _tokens(problem.key)[::2]]
    pieces: list[Piece] = []
    for i, step in enumerate(steps):
        last = i == len(steps) - 1
        word = "so" if last and i else "first" if i == 0 else "then"
        end = "." if last else ", "
        pieces.append(Piece(voice(word)))
        if style == "slow":
            pieces.append(Piece(", ".join(s.write() for s in digit_route(step)) + end))
        elif style == "verify":
            pieces += _verified(rng, step, numbers, voice, end)
        else:
            pieces.append(Piece(step.write(step.value + slip.get(i, 0)) + end))
    return pieces, str(steps[-1].value + slip.get(len(steps) - 1, 0))


def _verified(
    rng: random.Random, step: Operation, numbers: list[int], voice: Voice, end: str
) -> Iterator[Piece]:
    """A first attempt, often wrong and then not learnt; a correct check; a correction if needed.

    The check takes another route, and its result is compared with the attempt. Some wrong attempts
    use another of the expression's `numbers`, so that a check has to read its numbers again.
    """
    wrong = rng.random() < INJECTED_ERRORS
    tried = step
    if wrong and rng.random() < WRONG_NUMBER:
        tried = _misread(rng, step, numbers)
    attempt = tried.value
    if wrong and tried == step:
        attempt += _slips(rng, attempt)
    yield Piece(f"{step.left}{step.op}")
    yield Piece(f"{tried.right}=", learn=tried == step)
    yield Piece(str(attempt), learn=not wrong)
    yield Piece(", " + voice("check") + ", ".join(s.write() for s in digit_route(step)))
    yield Piece(voice.verdict(attempt, step.value))
    yield Piece((", " + voice("wait") + step.write() if wrong else "") + end)


def _misread(rng: random.Random, step: Operation, numbers: list[int]) -> Operation:
    """The step with another of `numbers` on its right, or unchanged if none is possible."""
    others = [Operation(step.left, step.op, n) for n in numbers]
    possible = [o for o in others if o.value in RESULTS and o.value != step.value]
    return rng.choice(possible) if possible else step
