"""A trace as reasoning: its question and its judged steps, mapped to token positions. No torch.

The checker (`model.tasks.check`) judges; this module only adds the token positions, which steps
build on an error, and when the right answer first appeared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.asking.questions import ParsedPrompt, taken_apart
from app.core.assets import recorded_runs
from model.record.trace import Trace
from model.tasks import chain, check, pick
from model.tasks.problem import WORDS, Language, Problem
from model.tasks.scope import problem_of

#: Words that begin a new row of a trace.
_ROWS = {
    words[key].strip(): key for words in WORDS.values() for key in ("first", "then", "so", "try")
} | {words["wait"].strip(): "wait" for words in WORDS.values()}
_WORD = re.compile(r"[A-Za-z]+|[가-힣]+")


@dataclass(frozen=True)
class Mark:
    """A mark on tokens `first` to `last` (exclusive), counted from the start of the reply.

    kind: the checker's for a step, "ok" or "no" for a verdict, or "row" where a new row begins.
    right: whether a step's arithmetic is right, or a verdict is justified; None for a row.
    value: the true value of a step; both digits for a comparison, 67 for 6/7.
    plain: the step in ASCII, without separators.
    builds: a number in the step comes from an error (chain).
    follows: whether a verdict agrees with the digits written before it; None without any.
    """

    kind: str
    first: int
    last: int
    text: str = ""
    plain: str = ""
    right: bool | None = None
    value: int | None = None
    first_error: bool = False
    builds: bool = False
    follows: bool | None = None

    @property
    def is_step(self) -> bool:
        """Whether it is a computation; comparisons of digits are marked, but not counted."""
        return self.value is not None and self.kind != "compare"


@dataclass(frozen=True)
class JudgedReply:
    """The analysis of one reply. Token positions count from the start of the reply."""

    asked: ParsedPrompt
    problem: Problem  # of level 0 if the question is not a verifiable problem
    start: int  # token of the trace at which the reply starts, including its forced beginning
    split: int  # token of the reply at which the thinking ends
    marks: tuple[Mark, ...]
    answer: str | None
    correct: bool | None  # None if unknown
    formatted: bool
    language: float | None  # share of the thinking in the question's language; None without words
    appeared: int | None  # tokens until the right answer first appeared

    @property
    def steps(self) -> list[Mark]:
        return [mark for mark in self.marks if mark.is_step]


def question_of(asked: ParsedPrompt) -> Problem:
    """The problem asked, or one of level 0 that no answer solves, so that only steps are judged."""
    known = None if asked.free else problem_of(asked.text)
    if known is not None:
        return known
    language: Language = "ko" if re.search("[가-힣]", asked.text) else "en"
    return Problem(chain.NAME, 0, language, "", asked.text, "-1")


@dataclass(frozen=True, eq=False)
class TokensOfReply:
    """Which tokens of a reply hold which characters of its thinking."""

    ends: NDArray[np.integer]  # of each token of the trace, in characters
    start: int  # token of the trace at which the reply starts
    thinking: int  # character of the trace at which the thinking begins

    @classmethod
    def of(cls, trace: Trace, asked: ParsedPrompt) -> TokensOfReply:
        """Of the reply of a trace, what it was begun with included."""
        ends = np.cumsum([len(text) for text in trace.texts])
        given = int(ends[trace.n_prompt - 1]) if trace.n_prompt else 0
        begins = given - len(asked.begin)  # character at which the reply begins
        start = int(np.searchsorted(ends, begins, side="right")) if asked.begin else trace.n_prompt
        tagged = (asked.begin + trace.answer).startswith("<think>")
        return cls(ends, start, begins + (len("<think>") if tagged else 0))

    def holding(self, first: int, last: int) -> tuple[int, int]:
        """First and last token (exclusive) with characters `first` to `last` of the thinking.

        Tokens count from the start of the reply. No characters count as the one at `first`.
        """
        places = np.array((first, max(first, last - 1))) + self.thinking
        low, high = np.searchsorted(self.ends, places, side="right")
        return int(low) - self.start, int(high) + 1 - self.start


def read(trace: Trace) -> JudgedReply:
    """Analyse the reply in a trace."""
    asked = taken_apart(trace.info.prompt)
    problem = question_of(asked)
    judged = check.judge(problem, asked.begin + trace.answer)
    thinking = judged.reply.thinking
    tokens = TokensOfReply.of(trace, asked)
    correct = None if problem.level == 0 else judged.correct
    appeared = _appeared(problem, [s for s in judged.steps if s.kind != "compare"])
    solved = len(trace) - tokens.start if correct else None
    if appeared:
        _, solved = tokens.holding(appeared.start, appeared.end)
    return JudgedReply(
        asked=asked,
        problem=problem,
        start=tokens.start,
        split=tokens.holding(len(thinking), len(thinking))[0] if thinking else 0,
        marks=_marks(problem, judged, tokens),
        answer=judged.reply.answer,
        correct=correct,
        formatted=judged.reply.formatted,
        language=(
            check.language_share(thinking, problem.language) if _WORD.search(thinking) else None
        ),
        appeared=solved,
    )


def _marks(problem: Problem, judged: check.Judgement, tokens: TokensOfReply) -> tuple[Mark, ...]:
    """Steps, verdicts and beginnings of rows, in the order of their tokens; a row's comes first."""
    steps = judged.steps
    wrong_at = next((i for i, s in enumerate(steps) if not s.right), None)
    builds = _builds(problem, steps) if problem.task == chain.NAME else [False] * len(steps)
    marks = [
        Mark(
            *(s.kind, *tokens.holding(s.start, s.end), s.text, s.plain, s.right, s.value),
            first_error=i == wrong_at,
            builds=builds[i],
        )
        for i, s in enumerate(steps)
    ]
    marks += [
        Mark(
            "ok" if v.accepts else "no",
            *tokens.holding(v.start, v.end),
            right=v.accepts == v.fits,
            follows=v.follows,
        )
        for v in judged.verdicts
    ]
    marks += [
        Mark("row", *tokens.holding(*word.span()))
        for word in _WORD.finditer(judged.reply.thinking)
        if word[0] in _ROWS
    ]
    return tuple(sorted(marks, key=lambda m: (m.first, m.kind != "row")))


def numbers_in(text: str) -> list[int]:
    """The numbers of a question, or of a step in ASCII, in order."""
    return [int(n) for n in re.findall(r"(?:(?<!\d)-)?\d+", text)]


def _builds(problem: Problem, steps: Sequence[check.ReasoningStep]) -> list[bool]:
    """For each step of a chain, whether it uses a number that comes from an error.

    That is the result of a wrong step, or of one that builds on it, unless the question or a sound
    step has it, too.
    """
    sound, spoilt = set(numbers_in(problem.question)), set[int]()
    found = []
    for step in steps:
        if step.kind == "compare":
            found.append(False)
            continue
        operands = numbers_in(step.plain)[:-1]
        built = any(n in spoilt and n not in sound for n in operands)
        found.append(built)
        (sound if step.right and not built else spoilt).add(step.stated)
    return found


def _appeared(problem: Problem, steps: Sequence[check.ReasoningStep]) -> check.ReasoningStep | None:
    """The first step with the right answer: as its result, or for a pick as its numbers."""
    if problem.level == 0:
        return None
    for step in steps:
        if problem.task == pick.NAME:
            operands = ",".join(map(str, numbers_in(step.plain)[:-1]))
            sums = step.right and not re.search(r"[-*/]", step.plain)
            if sums and check.is_correct(problem, operands):
                return step
        elif step.stated == int(problem.answer):
            return step
    return None


def follows(problem: Problem, step: str, number: int) -> str | None:
    """The answer of a chain if a step's result were `number` and all later steps were right.

    None if the step is not one of the chain's own, e.g. a check, or builds on an error.
    """
    if problem.task != chain.NAME or not problem.level:
        return None
    left = step.split("=")[0]
    for place, own in enumerate(chain.solve(problem.key)):
        if own.write().split("=")[0] == left:
            slip = {place: number - own.value}
            steps = list(chain.solve(problem.key, slip))
            return str(steps[-1].value + slip.get(len(steps) - 1, 0))
    return None


def recorded(language: Language) -> tuple[Trace, ...]:
    """The runs that the page opens with: assets/samples/reasoning-LANGUAGE.json."""
    return recorded_runs.traces(f"reasoning-{language}")


def rows(traces: Sequence[Trace]) -> list[dict[str, object]]:
    """Every step of every trace, as rows for a table and CSV."""
    found: list[dict[str, object]] = []
    for trace in traces:
        judged = read(trace)
        for number, step in enumerate(judged.steps, 1):
            found.append(
                {
                    "model": trace.card.name,
                    "begin": judged.asked.begin,
                    "question": judged.asked.text,
                    "temperature": trace.info.temperature,
                    "seed": trace.info.seed,
                    "step": number,
                    "token": step.last,
                    "kind": step.kind,
                    "text": step.text,
                    "right": step.right,
                    "value": step.value,
                    "builds_on_error": step.builds,
                    "answer": judged.answer,
                    "correct": judged.correct,
                }
            )
    return found
