"""The exact checker: the final answer, the format, and every single step of a trace.

It parses text with a small grammar and computes; nothing is ever evaluated as code, and no text
makes it raise. A step is an equation `a op b [op c ...] = d` of whole numbers; `notation.py` says
how numbers, signs and answers may be written, `equations.py` which equations are judged. Anything
else is not a step and is never counted as wrong. Where a verdict is written out, every comparison
of two digits (`6/7`) is a step of its own, which is right if both digits are those of the two
numbers compared, as the trace itself states them. It comes directly after a step, or before its
"ok" or "no"; anywhere else it may be a fraction. An equation that is not judged counts as unknown,
and neither comparisons nor an "ok" refer to it.

In a reply without tags, the last "answer:" counts, in whatever language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from model.tasks import chain, notation, pick
from model.tasks.equations import COMPARED, Equation, equations
from model.tasks.problem import WORDS, Language, Problem, side_by_side

Kind = Literal["step", "try", "check", "compare", "correct", "conclude"]

_FORMAT = re.compile(r"<think>([^<>]*)</think><answer>([^<>]*)</answer>")
_ANSWER = re.compile(r"<answer>([^<>]*)</answer>")
_UNREAD = re.compile("=")  # of an equation that is not judged
_COMPARISON = re.compile(r"([0-9])/([0-9])")
_VERDICT = re.compile(
    "|".join(rf" *{words[word].strip()}\b" for words in WORDS.values() for word in ("ok", "no"))
)
_TAGS = re.compile(r"(?:</think>\s*)?<answer>")
_WORD = re.compile(r"[A-Za-z]+|[가-힣]+")
_SAID: dict[str, str] = {
    word.strip(" :"): meaning for words in WORDS.values() for meaning, word in words.items()
}


@dataclass(frozen=True)
class Reply:
    """A parsed reply of a model."""

    thinking: str
    numbers: tuple[int, ...] | None  # the answer, None if there is none
    formatted: bool  # exactly <think>…</think><answer>…</answer>
    several: bool = False  # whether the question asks for several numbers

    @property
    def answer(self) -> str | None:
        """The answer in canonical form (`notation.written`), so that equal answers are equal."""
        return None if self.numbers is None else notation.written(self.numbers, self.several)


@dataclass(frozen=True)
class ReasoningStep:
    """An equation or comparison in a trace; `start` and `end` are its span in the thinking.

    The two digits of a comparison form one number: `6/7` states 67.
    """

    start: int
    end: int
    kind: Kind
    text: str
    stated: int
    value: int  # the true value of the left-hand side, or the digits that belong there
    plain: str = ""  # the equation as normalised by `equations.Equation`; "" for a comparison

    @property
    def right(self) -> bool:
        return self.stated == self.value


@dataclass(frozen=True)
class Verdict:
    """An "ok" or "no" of a trace about one of its own values.

    A value `fits` if it deserves an "ok": in a chain, if the attempt was right and used the numbers
    whose turn it was; in a pick, if the numbers of the candidate truly sum to the target.
    `next_fits` is the same for the value after a "no". The verdict `follows` if it agrees with the
    digits written before it; None if there are none.
    """

    start: int
    end: int
    accepts: bool
    fits: bool
    next_fits: bool | None
    follows: bool | None = None


@dataclass(frozen=True)
class Judgement:
    """Everything the checker finds out about a reply to a problem."""

    correct: bool
    reply: Reply
    steps: tuple[ReasoningStep, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def vote(self) -> str | None:
        """The answer as counted in a vote, where the order of a pick's numbers does not matter."""
        answer = self.reply.answer
        return notation.in_order(answer) if answer and self.reply.several else answer

    @property
    def checks(self) -> bool:
        """Whether the reply says "ok" or "no" about one of its own values."""
        return bool(self.verdicts)

    @property
    def turns(self) -> tuple[int, int]:
        """The numbers of corrections from wrong to right, and from right to wrong."""
        pairs = [(v.fits, v.next_fits) for v in self.verdicts if not v.accepts]
        return pairs.count((False, True)), pairs.count((True, False))


def read_reply(text: str, task: str = chain.NAME) -> Reply:
    """Parse a completion; a trailing `<eos>` is ignored."""
    text = text.removesuffix("<eos>")
    several = task == pick.NAME
    if match := _FORMAT.fullmatch(text):
        return Reply(match[1], notation.numbers(match[2], several), True, several)
    tagged = _ANSWER.findall(text)
    thinking = _TAGS.split(text)[0].removeprefix("<think>")
    if tagged:
        return Reply(thinking, notation.numbers(tagged[-1], several), False, several)
    thinking = thinking.removesuffix("</think>")
    parts = (thinking.rpartition(words["answer"]) for words in WORDS.values())
    before, said, after = max(parts, key=lambda part: len(part[0]) if part[1] else -1)
    if said:
        return Reply(before, notation.numbers(after, several), False, several)
    found = notation.numbers(text, several)
    # a reply that was cut off counts as a thought
    return Reply(thinking if found is None else "", found, False, several)


def is_correct(problem: Problem, answer: str | None) -> bool:
    """Whether an answer solves a problem; any subset with the right sum solves a pick."""
    return _solves(problem, notation.numbers(answer or "", problem.task == pick.NAME))


def _solves(problem: Problem, given: tuple[int, ...] | None) -> bool:
    if not given:
        return False
    if problem.task == chain.NAME:
        return given == (int(problem.answer),)
    numbers, k, target = pick.read_question(problem)
    return (
        len(set(given)) == len(given) == k and set(given) <= set(numbers) and sum(given) == target
    )


def judge(problem: Problem, text: str) -> Judgement:
    """Check a completion for a problem: its answer, format, steps and verdicts."""
    reply = read_reply(text, problem.task)
    steps: list[ReasoningStep] = []
    verdicts: list[Verdict] = []
    kind: Kind = "step"
    value: _Value | None = None  # what an "ok" or "no" would refer to
    refused: list[Verdict] = []  # rejections waiting for the next value
    after: _Value | None = None  # the value that came after them
    course = chain.Course(problem.key) if problem.task == chain.NAME and problem.key else None
    for token in _tokens(reply.thinking):
        if isinstance(token, Equation):
            step = ReasoningStep(
                *(token.start, token.end, kind, reply.thinking[token.start : token.end]),
                *(token.stated, token.value, f"{token.left}={token.stated}"),
            )
            steps.append(step)
            if kind == "check":
                value = value and value.beside(problem, step.stated)
                continue
            in_turn = course is None or course.takes(token.left, step.stated)
            value = _Value.of(problem, step, value, in_turn)
            if after is None or value.goes_on:
                after = value
            kind = "try" if kind == "try" else "step"
        elif token.re is _UNREAD:
            if kind == "check":
                value = value and replace(value, pairs=(), said=())
                continue
            value = course = None
            if after is None:
                verdicts, refused = verdicts + refused, []
        elif token.re is _COMPARISON:
            if value and (pair := value.next_pair):
                said = token[1] + token[2]
                belongs = int("".join(pair))
                steps.append(ReasoningStep(*token.span(), "compare", token[0], int(said), belongs))
                value = replace(value, said=(*value.said, said))
        elif meaning := _SAID.get(token[0]):
            if refused and after:
                verdicts += [replace(v, next_fits=after.fits) for v in refused]
                refused = []
            after = None
            if course and meaning in ("first", "then", "so", "ok"):
                course.end_step()
            if meaning in ("ok", "no") and value is not None:
                ok = meaning == "ok"
                seen = Verdict(*token.span(), ok, value.fits, None, value.followed_by(ok))
                (verdicts if ok else refused).append(seen)
                kind = "step"
            elif meaning in _KIND_AFTER:
                kind = _KIND_AFTER[meaning]
                if kind == "try":
                    value = value and replace(value, stated=None)
    verdicts += [replace(v, next_fits=after.fits if after else None) for v in refused]
    verdicts.sort(key=lambda v: v.start)
    return Judgement(_solves(problem, reply.numbers), reply, tuple(steps), tuple(verdicts))


@dataclass(frozen=True)
class _Value:
    """A value that a trace arrived at. A pick's candidate is summed step by step: 7+9=16, 16+5=21.

    It is compared with the target in a pick, and with the result of its check in a chain.
    """

    fits: bool
    total: int  # the true sum of the numbers so far
    stated: int | None  # the value that the next step of the same sum starts from
    goes_on: bool = False  # whether its step continued the one before
    pairs: tuple[tuple[str, str], ...] = ()  # digits to be compared
    said: tuple[str, ...] = ()  # those the trace has written so far, "67" for 6/7

    @classmethod
    def of(
        cls, problem: Problem, step: ReasoningStep, before: _Value | None, in_turn: bool
    ) -> _Value:
        if problem.task != pick.NAME:
            return cls(step.right and in_turn, step.value, step.stated)
        goes_on = before is not None and step.plain.startswith(f"{before.stated}+")
        total = step.value
        if before is not None and goes_on:
            total += before.total - (before.stated or 0)
        target = pick.read_question(problem)[2]
        value = cls(total == target, total, step.stated, goes_on)
        return replace(value, pairs=_pairs(step.stated, target))

    def beside(self, problem: Problem, checked: int) -> _Value:
        """The same value, to be compared with the result of its check so far."""
        if problem.task == pick.NAME or self.stated is None:
            return self
        return replace(self, pairs=_pairs(self.stated, checked), said=())

    @property
    def next_pair(self) -> tuple[str, str] | None:
        """The digits that the next comparison should show; None after the last."""
        return self.pairs[len(self.said)] if len(self.said) < len(self.pairs) else None

    def followed_by(self, ok: bool) -> bool | None:
        """Whether a verdict agrees with the digits before it; None if there are none."""
        if not self.said:
            return None
        equal = all(pair[0] == pair[1] for pair in self.said)
        return ok == (equal and len(self.said) == len(self.pairs))


def _pairs(value: int, wanted: int) -> tuple[tuple[str, str], ...]:
    """The digits of two numbers in pairs; empty if one is negative."""
    return tuple(side_by_side(value, wanted)) if min(value, wanted) >= 0 else ()


_KIND_AFTER: dict[str, Kind] = {
    "first": "step",
    "then": "step",
    "so": "conclude",
    "check": "check",
    "wait": "correct",
    "try": "try",
}


def _tokens(thinking: str) -> Iterator[re.Match[str] | Equation]:
    """Equations, comparisons, words, and the equals signs of unread equations, in order."""
    placed: list[tuple[int, re.Match[str] | Equation]] = []
    plain = notation.ascii_of(thinking)
    judged = list(equations(thinking))
    placed += [(one.start, one) for one in judged]
    ends = {one.end for one in judged}
    known = {plain.index("=", one.start) for one in judged}
    placed += [(m.start(), m) for m in _UNREAD.finditer(plain) if m.start() not in known]
    for run in COMPARED.finditer(plain):
        if run.start() in ends or _VERDICT.match(plain, run.end()):
            placed += [(m.start(), m) for m in _COMPARISON.finditer(plain, *run.span())]
    placed += [(m.start(), m) for m in _WORD.finditer(thinking)]
    return (token for _, token in sorted(placed, key=lambda one: one[0]))


def language_share(text: str, language: Language) -> float:
    """The share of a text's words that are in a language; 1 if it has no words.

    DeepSeek-R1 in Nature (2025), equation 7, by script: Latin counts as English, Hangul as Korean.
    """
    words = _WORD.findall(text)
    if not words:
        return 1.0
    korean = sum("가" <= word[0] <= "힣" for word in words)
    return (korean if language == "ko" else len(words) - korean) / len(words)
