"""Questions and prompts: the template and its parts, and whether an answer is right."""

from __future__ import annotations

from dataclasses import dataclass

from model.tasks import chain, check
from model.tasks.problem import TEMPLATE, Language
from model.tasks.scope import expression_of, problem_of

MAX_TOKENS = 512  # maximum per reply, if the context allows
_BEFORE, _AFTER = TEMPLATE.split("{question}")


@dataclass(frozen=True)
class ParsedPrompt:
    """A parsed prompt. `begin` is the forced beginning of the reply; free text has none."""

    text: str  # the question, or the whole prompt if it is free text
    begin: str
    free: bool

    @property
    def prompt(self) -> str:
        """The exact text given to a model."""
        return self.text if self.free else _BEFORE + self.text + _AFTER + self.begin


def worded(text: str, language: Language) -> str:
    """A question in the wording that models know: bare arithmetic, "2+2", is posed as in training,
    so that its answer can be checked; anything else is left unchanged."""
    expression = expression_of(text)
    return text.strip() if expression is None else chain.pose(expression, language).question


def taken_apart(prompt: str) -> ParsedPrompt:
    """The inverse of `ParsedPrompt.prompt`."""
    if not prompt.startswith(_BEFORE) or _AFTER not in prompt:
        return ParsedPrompt(prompt, "", free=True)
    question, _, begin = prompt.removeprefix(_BEFORE).partition(_AFTER)
    return ParsedPrompt(question, begin, free=False)


def verdict(asked: ParsedPrompt, answer: str) -> tuple[str, str | None, bool] | None:
    """The right answer, the model's answer (None if it gave none), and whether it is right.

    None for anything but a verifiable problem. A pick may have several right answers.
    """
    problem = None if asked.free else problem_of(asked.text)
    if problem is None:
        return None
    given = check.read_reply(asked.begin + answer, problem.task).answer
    return problem.answer, given, check.is_correct(problem, given)
