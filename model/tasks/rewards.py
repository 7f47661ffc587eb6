"""Rule-based rewards (DeepSeek-R1 report, section 2.2.2): pure functions of one judged reply.

The language is judged by the thinking alone, as in the paper: tags belong to no language.
"""

from __future__ import annotations

from model.tasks.check import Judgement, language_share
from model.tasks.problem import Problem


def accuracy(judgement: Judgement) -> float:
    """1 for a right final answer, else 0."""
    return float(judgement.correct)


def format_reward(judgement: Judgement) -> float:
    """1 if the reply is exactly `<think>…</think><answer>…</answer>`, else 0."""
    return float(judgement.reply.formatted)


def language(problem: Problem, judgement: Judgement) -> float:
    """Share of the thinking's words that are in the language of the question, 0 to 1."""
    return language_share(judgement.reply.thinking, problem.language)
