"""The exact checker: the final answer, the format, and every single step of a trace.

It reads text by a small grammar and computes; nothing is ever evaluated as code, and no text makes
it raise. A step is an equation `a op b [op c ...] = d` of whole numbers; `reading.py` says how
numbers, signs and answers may be typed. Anything else is not a step and is never counted as wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from model.tasks import chain, pick, reading
from model.tasks.problem import WORDS, Language, Problem

Kind = Literal["step", "try", "check", "correct", "conclude"]

_FORMAT = re.compile(r"<think>([^<>]*)</think><answer>([^<>]*)</answer>")
_ANSWER = re.compile(r"<answer>([^<>]*)</answer>")
_TAGS = re.compile(r"(?:</think>\s*)?<answer>")
_WORD = re.compile(r"[A-Za-z]+|[가-힣]+")
_SAID: dict[str, str] = {
    word.strip(" :"): meaning for words in WORDS.values() for meaning, word in words.items()
}


@dataclass(frozen=True)
class Reply:
    """A model's text taken apart. `answer` is as `reading.answer` writes it, None where there is
    none."""

    thinking: str
    answer: str | None
    formatted: bool  # exactly <think>…</think><answer>…</answer>


@dataclass(frozen=True)
class ReasoningStep:
    """One equation in a trace; `start` and `end` are its characters in the thinking."""

    start: int
    end: int
    kind: Kind
    text: str
    stated: int
    value: int  # what the left-hand side really comes to
    plain: str = ""  # the equation in ASCII, without spaces and separators

    @property
    def right(self) -> bool:
        return self.stated == self.value


@dataclass(frozen=True)
class Verdict:
    """An "ok" or "no" that a trace says of a value of its own.

    A value `fits` if it deserves an "ok": in a chain, if the attempt was right; in a pick, if the
    numbers of the candidate truly sum to the target. `next_fits` is the same of the value that
    follows a "no".
    """

    start: int
    end: int
    accepts: bool
    fits: bool
    next_fits: bool | None


@dataclass(frozen=True)
class Judgement:
    """Everything the checker says of one reply to one problem."""

    correct: bool
    reply: Reply
    steps: tuple[ReasoningStep, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def vote(self) -> str | None:
        """The answer as it is counted: the numbers of a pick may come in any order."""
        return None if self.reply.answer is None else reading.in_order(self.reply.answer)

    @property
    def checks(self) -> bool:
        """Whether the reply says "ok" or "no" of a value of its own."""
        return bool(self.verdicts)

    @property
    def turns(self) -> tuple[int, int]:
        """Corrections from wrong to right, and from right to wrong."""
        pairs = [(v.fits, v.next_fits) for v in self.verdicts if not v.accepts]
        return pairs.count((False, True)), pairs.count((True, False))


def read_reply(text: str, task: str = chain.NAME) -> Reply:
    """Take a completion apart; `<eos>` at its end is ignored."""
    text = text.removesuffix("<eos>")
    several = task == pick.NAME
    if match := _FORMAT.fullmatch(text):
        return Reply(match[1], reading.answer(match[2], several), True)
    tagged = _ANSWER.findall(text)
    thinking = _TAGS.split(text)[0].removeprefix("<think>")
    if tagged:
        return Reply(thinking, reading.answer(tagged[-1], several), False)
    thinking = thinking.removesuffix("</think>")
    for words in WORDS.values():
        before, said, after = thinking.rpartition(words["answer"])
        if said:
            return Reply(before, reading.answer(after, several), False)
    answer = reading.answer(text, several)
    return Reply("" if answer else thinking, answer, False)  # a reply that was cut off is a thought


def is_correct(problem: Problem, answer: str | None) -> bool:
    """Whether an answer solves a problem; for a pick, any subset that sums to the target."""
    found = None if answer is None else reading.answer(answer, problem.task == pick.NAME)
    if found is None:
        return False
    given = [int(n) for n in found.split(",")]
    if problem.task == chain.NAME:
        return given == [int(problem.answer)]
    numbers, k, target = pick.read_question(problem)
    return (
        len(set(given)) == len(given) == k and set(given) <= set(numbers) and sum(given) == target
    )


def judge(problem: Problem, text: str) -> Judgement:
    """Check a completion of a problem's prompt."""
    reply = read_reply(text, problem.task)
    steps: list[ReasoningStep] = []
    verdicts: list[Verdict] = []
    kind: Kind = "step"
    value: _Value | None = None  # what an "ok" or "no" would be about
    refused: list[tuple[int, int, bool, bool]] = []  # rejections that await the next value
    after: _Value | None = None  # the value that came after them
    for token in _tokens(reply.thinking):
        if isinstance(token, reading.Equation):
            step = ReasoningStep(
                *(token.start, token.end, kind, reply.thinking[token.start : token.end]),
                *(token.stated, token.value, f"{token.left}={token.stated}"),
            )
            steps.append(step)
            if kind == "check":
                continue
            value = _Value.of(problem, step, value)
            if after is None or value.goes_on:
                after = value
            kind = "try" if kind == "try" else "step"
        elif meaning := _SAID.get(token[0]):
            if refused and after:
                verdicts += [Verdict(*v, next_fits=after.fits) for v in refused]
                refused = []
            after = None
            if meaning in ("ok", "no") and value is not None:
                seen = (*token.span(), meaning == "ok", value.fits)
                if meaning == "ok":
                    verdicts.append(Verdict(*seen, next_fits=None))
                else:
                    refused.append(seen)
                kind = "step"
            elif meaning in _KIND_AFTER:
                kind = _KIND_AFTER[meaning]
                if kind == "try":
                    value = value and replace(value, stated=None)
    verdicts += [Verdict(*v, next_fits=after.fits if after else None) for v in refused]
    verdicts.sort(key=lambda v: v.start)
    return Judgement(is_correct(problem, reply.answer), reply, tuple(steps), tuple(verdicts))


@dataclass(frozen=True)
class _Value:
    """A value that a trace came to. A pick's candidate is summed step by step: 7+9=16, 16+5=21."""

    fits: bool
    total: int  # what the numbers summed so far really come to
    stated: int | None  # where the next step of the same sum begins
    goes_on: bool = False  # whether its step went on from the one before

    @classmethod
    def of(cls, problem: Problem, step: ReasoningStep, before: _Value | None) -> _Value:
        if problem.task != pick.NAME:
            return cls(step.right, step.value, None)
        goes_on = before is not None and step.plain.startswith(f"{before.stated}+")
        total = step.value
        if before is not None and goes_on:
            total += before.total - (before.stated or 0)
        return cls(total == pick.read_question(problem)[2], total, step.stated, goes_on)


_KIND_AFTER: dict[str, Kind] = {
    "first": "step",
    "then": "step",
    "so": "conclude",
    "check": "check",
    "wait": "correct",
    "try": "try",
}


def _tokens(thinking: str) -> Iterator[re.Match[str] | reading.Equation]:
    """Equations and words of a trace, in order."""
    placed: list[tuple[int, re.Match[str] | reading.Equation]]
    placed = [(one.start, one) for one in reading.equations(thinking)]
    placed += [(word.start(), word) for word in _WORD.finditer(thinking)]
    return (token for _, token in sorted(placed, key=lambda one: one[0]))


def language_share(text: str, language: Language) -> float:
    """Share of a text's words that are in a language; 1 if it has no words at all.

    DeepSeek-R1 in Nature (2025), equation 7, by script: Latin is English, Hangul Korean.
    """
    words = _WORD.findall(text)
    if not words:
        return 1.0
    korean = sum("가" <= word[0] <= "힣" for word in words)
    return (korean if language == "ko" else len(words) - korean) / len(words)
