"""Whatever is typed as a prompt, an expression, numbers to pick from, or comes as a reply.

It is taken, or refused in the page's words; nothing else is ever raised.
"""

from __future__ import annotations

import contextlib
import random

from app.core.asking import prompts, questions
from app.core.errors import InputError
from app.pages.reasoning import state
from model.nn.tokenizer import decode, encode
from model.tasks import chain, pick, scope
from model.tasks.check import is_correct, judge
from tests.fuzz import equations

_PIECES = (
    *("12+30", "90*9-54*5+371", "17,23,8,41,36", " 90 × 9 ", "x", "=", "?", "+", "-", "−", ","),
    *("What is ", "Which 3 of ", " sum to 66?", "의 값은?", " 중 합이 ", "인 3개는?", "<think>"),
    *("</think>", "<answer>", "</answer>", "<eos>", "<bos>", "<pad>", "first ", "먼저 ", " ok"),
    *("{question}", "%s", "\\", "\n", "\t", "\x00", "\x1b[31m", "\u202e", "\ufeff", "\ud800", "🙂"),
    *("가", "٣", "²", "½", "<script>", "$x$", "**", "[a](b)", "A" * 500, "9" * 400, "a\u0301"),
    *("\u200d", " "),
)  # fmt: skip


def text(rng: random.Random) -> str:
    """A text of meaningful pieces with any characters between them."""
    made = []
    for _ in range(rng.choice((0, 1, 2, 3, 5, 9, 30))):
        if rng.random() < 0.6:
            made.append(rng.choice(_PIECES))
        else:
            made.append("".join(chr(rng.randrange(0x250)) for _ in range(rng.randrange(6))))
    if rng.random() < 0.1:
        made.append(equations.rendering(rng)[0])
    return "".join(made)


def case(rng: random.Random) -> None:
    typed = text(rng)
    with contextlib.suppress(InputError):
        fit = prompts.fitting(typed, "base")
        tokenizer = prompts.models.tokenizer("base")
        assert decode(tokenizer, encode(tokenizer, fit)) == fit
    for language in ("en", "ko"):
        with contextlib.suppress(InputError):
            state.own_chain(typed, language)
        with contextlib.suppress(InputError):
            count, target = rng.choice(((2, 40), (3, 66), (None, 1), (0, -1), (10**9, 10**30)))
            state.own_pick(typed, count, target, language)
    asked = questions.taken_apart(typed)
    assert asked.prompt == typed
    questions.problem_of(typed)
    questions.verdict(asked, text(rng))
    scope.scope_of(typed)
    for problem in (chain.pose("12-50+10", "en"), pick.pose([17, 23, 8, 41, 36], 66, 3, "ko")):
        reply = judge(problem, typed)
        assert all(reply.reply.thinking[s.start : s.end] == s.text for s in reply.steps)
        is_correct(problem, typed)
