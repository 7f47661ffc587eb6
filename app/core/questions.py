"""Questions and prompts: what stands inside the template, and whether an answer is right."""

from __future__ import annotations

import re
from dataclasses import dataclass

from model.tasks import chain, check, pick
from model.tasks.problem import TEMPLATE, Problem

_BEFORE, _AFTER = TEMPLATE.split("{question}")
_CHAIN = re.compile(r"What is ([\d+*-]+)\?|([\d+*-]+)의 값은\?")
_EXPRESSION = re.compile(r"\d{1,3}([+*-]\d{1,3}){1,9}")
_PICK = re.compile(
    r"Which (?P<k>\d) of (?P<listed>[\d,]+) sum to (?P<target>\d+)\?"
    r"|(?P<listed_ko>[\d,]+) 중 합이 (?P<target_ko>\d+)인 (?P<k_ko>\d)개는\?"
)


@dataclass(frozen=True)
class Asked:
    """A prompt taken apart. `begin` opens the reply in the model's name; free text has neither."""

    text: str  # the question, or the whole prompt if it is free text
    begin: str
    free: bool

    @property
    def prompt(self) -> str:
        """The exact text given to a model."""
        return self.text if self.free else _BEFORE + self.text + _AFTER + self.begin


def taken_apart(prompt: str) -> Asked:
    """The inverse of `Asked.prompt`."""
    if not prompt.startswith(_BEFORE) or _AFTER not in prompt:
        return Asked(prompt, "", free=True)
    question, _, begin = prompt.removeprefix(_BEFORE).partition(_AFTER)
    return Asked(question, begin, free=False)


def problem_of(question: str) -> Problem | None:
    """The verifiable problem that a question poses, if it is worded as in training."""
    try:
        if match := _CHAIN.fullmatch(question.strip()):
            expression = match[1] or match[2]
            if not _EXPRESSION.fullmatch(expression):
                return None
            return chain.pose(expression, "en" if match[1] else "ko")
        if match := _PICK.fullmatch(question.strip()):
            k, listed, target = (match[n] or match[f"{n}_ko"] for n in ("k", "listed", "target"))
            numbers = [int(n) for n in listed.split(",") if n]
            return pick.pose(numbers, int(target), int(k), "en" if match["k"] else "ko")
    except ValueError:  # a shape that no level has, or no solution
        return None
    return None


def verdict(asked: Asked, answer: str) -> tuple[str, str | None, bool] | None:
    """The right answer, the model's (None: it gave none) and whether that is right.

    None for anything but a verifiable problem. A pick may have several right answers.
    """
    problem = None if asked.free else problem_of(asked.text)
    if problem is None:
        return None
    given = check.read_reply(asked.begin + answer).answer
    return problem.answer, given, check.is_correct(problem, given)
