"""What a verifiable problem is, and how problems are kept apart for training and evaluation."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from model.errors import ReadableError

Language = Literal["en", "ko"]
Split = Literal["train", "heldout"]

#: The R1-Zero template (DeepSeek-R1 report, Table 1), shortened to leave room for a reply.
TEMPLATE = (
    "A conversation between User and Assistant. Assistant thinks, then answers: "
    "<think> reasoning </think><answer> answer </answer>. User: {question} Assistant: "
)

#: One problem in this many is held out, chosen by the hash of its content.
HELDOUT_ONE_IN = 10


#: What may be wrong with a problem that somebody asks for, by a stable key.
ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "task": "there is no task {task}; choose one of {known}",
        "level": "{task} has levels {least} to {most}, not {level}",
        "shape": "no level picks {k} of {n} numbers",
        "no_solution": "no {k} of these numbers sum to {target}",
    }
)


class ProblemError(ReadableError):
    """A problem that cannot be posed; `key` is one of ENGLISH's."""

    def __init__(self, key: str, **values: str | int) -> None:
        super().__init__(ENGLISH[key].format(**values), key, values)


@dataclass(frozen=True)
class Problem:
    """A question with a checkable answer.

    `key` is what makes two problems the same whatever the language: it alone decides the split.
    """

    task: str
    level: int
    language: Language
    key: str
    question: str
    answer: str

    @property
    def prompt(self) -> str:
        """The exact text given to a model."""
        return TEMPLATE.format(question=self.question)

    @property
    def split(self) -> Split:
        return split_of(f"{self.task}:{self.key}")


@dataclass(frozen=True)
class Piece:
    """A stretch of a written trace; a model is not taught the pieces with `learn` false."""

    text: str
    learn: bool = True


#: A written thought, the text between <think> and </think>, in pieces.
Thought = Sequence[Piece]


def split_of(content: str) -> Split:
    """The split that a piece of content belongs to, now and for ever, by its SHA-256."""
    digest = int.from_bytes(hashlib.sha256(content.encode()).digest()[:8], "big")
    return "heldout" if digest % HELDOUT_ONE_IN == 0 else "train"


#: The few words that traces are made of; a mixed trace draws each from either language.
WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "first": "first ",
        "then": "then ",
        "so": "so ",
        "check": "check ",
        "ok": " ok",
        "no": " no",
        "wait": "wait ",
        "try": "try ",
        "answer": "answer: ",
    },
    "ko": {
        "first": "먼저 ",
        "then": "다음 ",
        "so": "따라서 ",
        "check": "검산 ",
        "ok": " 맞음",
        "no": " 아님",
        "wait": "다시 ",
        "try": "시도 ",
        "answer": "답: ",
    },
}


def side_by_side(a: int, b: int) -> list[tuple[str, str]]:
    """The digits of two numbers in pairs: 67 and 76 are 6/7 and 7/6, 7 and 10 0/1, 7/0."""
    width = max(len(str(a)), len(str(b)))
    return list(zip(str(a).zfill(width), str(b).zfill(width), strict=True))


class Voice:
    """Speaks the trace words in one language, or in a mixture of both.

    A verdict is written out digit by digit before its word, unless `written` is false: one bit
    about two numbers is not learnt from examples by a model of this size, the digits are.
    """

    def __init__(
        self, rng: random.Random, language: Language, mixed: bool, written: bool = True
    ) -> None:
        self.rng, self.language, self.mixed, self.written = rng, language, mixed, written

    def __call__(self, word: str) -> str:
        language = self.rng.choice(("en", "ko")) if self.mixed else self.language
        return WORDS[language][word]

    def verdict(self, value: int, wanted: int) -> str:
        """Whether a value is the wanted one: ` 6/6 7/7 ok`, or ` 6/7 no`.

        Digits are compared from the left until they differ.
        """
        digits = ""
        for left, right in side_by_side(value, wanted) if self.written else ():
            digits += f" {left}/{right}"
            if left != right:
                break
        return digits + self("ok" if value == wanted else "no")
