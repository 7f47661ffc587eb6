"""Verifiable problems: their prompt template, the train/held-out split, and the words of traces."""

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


#: Messages for problems that cannot be posed, by a stable key.
ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "task": "there is no task {task}; choose one of {known}",
        "level": "{task} has levels {least} to {most}, not {level}",
        "shape": "no level picks {k} of {n} numbers",
        "no_solution": "no {k} of these numbers sum to {target}",
    }
)


class ProblemError(ReadableError):
    """The problem cannot be posed; `key` is one of ENGLISH's."""

    def __init__(self, key: str, **values: str | int) -> None:
        super().__init__(ENGLISH[key].format(**values), key, values)


@dataclass(frozen=True)
class Problem:
    """A question with a checkable answer.

    `key` identifies the problem in any language, and alone decides its split.
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
    """A part of a trace; pieces with `learn` false are excluded from the loss."""

    text: str
    learn: bool = True


#: A written thought, the text between <think> and </think>, in pieces.
Thought = Sequence[Piece]


def split_of(content: str) -> Split:
    """The split that some content belongs to, determined by its SHA-256."""
    digest = int.from_bytes(hashlib.sha256(content.encode()).digest()[:8], "big")
    return "heldout" if digest % HELDOUT_ONE_IN == 0 else "train"


#: The few words used in traces; a mixed trace draws each from either language.
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
    """The digits of two numbers in pairs: 6/7 and 7/6 for 67 and 76, 0/1 and 7/0 for 7 and 10."""
    width = max(len(str(a)), len(str(b)))
    return list(zip(str(a).zfill(width), str(b).zfill(width), strict=True))


class Voice:
    """Writes the words of a trace in one language, or in a mixture of both.

    Unless `written` is false, a verdict is written out digit by digit before its word: a model of
    this size does not learn a one-bit comparison of two numbers from examples, but it does learn
    the digits.
    """

    def __init__(
        self, rng: random.Random, language: Language, mixed: bool, written: bool = True
    ) -> None:
        self.rng, self.language, self.mixed, self.written = rng, language, mixed, written

    def __call__(self, word: str) -> str:
        language = self.rng.choice(("en", "ko")) if self.mixed else self.language
        return WORDS[language][word]

    def verdict(self, value: int, wanted: int) -> str:
        """The verdict on whether a value is the wanted one: ` 6/6 7/7 ok`, or ` 6/7 no`.

        Digits are compared from the left until they differ.
        """
        digits = ""
        for left, right in side_by_side(value, wanted) if self.written else ():
            digits += f" {left}/{right}"
            if left != right:
                break
        return digits + self("ok" if value == wanted else "no")
