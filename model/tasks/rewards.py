"""Rule-based rewards (DeepSeek-R1 report, section 2.2.2): pure functions of a judged reply.

The language reward looks at the thinking alone, as in the paper: tags belong to no language.
"""

from __future__ import annotations

from model.tasks.check import Judgement, language_share
from model.tasks.problem import Problem


def accuracy(judgement: Judgement) -> float:
    """1 for a correct final answer, else 0."""
    return float(judgement.correct)


def format_reward(judgement: Judgement) -> float:
    """1 if the reply is exactly `<think>…</think><answer>…</answer>`, else 0."""
    return float(judgement.reply.formatted)


def language(problem: Problem, judgement: Judgement) -> float:
    """The share of words in the thinking that are in the question's language, from 0 to 1."""
    return language_share(judgement.reply.thinking, problem.language)
