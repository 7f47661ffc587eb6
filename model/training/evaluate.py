"""Evaluation on held-out problems: accuracy, consensus, format, length, self-checks.

Intervals are 95 %, by percentile bootstrap over problems, since the samples of one problem are not
independent.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.analysis.estimators import bootstrap_median, bootstrap_ratio, cons_at_k, pass_at_k
from model.runtime.sampler import Completion, Sampler
from model.runtime.thinking import think
from model.tasks import family_of, problems
from model.tasks.check import Judgement, ReasoningStep, judge, language_share
from model.tasks.problem import Problem

BATCH = 512  # rows generated at once


@dataclass(frozen=True)
class Attempt:
    """A sampled reply to a problem, with its judgement."""

    completion: Completion
    judgement: Judgement


def ways(judgement: Judgement) -> str:
    """How a reply reasons: it answers at once ("direct"), in "steps", or "checks" itself."""
    if judgement.checks:
        return "checks"
    return "steps" if judgement.steps else "direct"


def equations(judgement: Judgement) -> list[ReasoningStep]:
    """The steps that are equations."""
    return [step for step in judgement.steps if step.kind != "compare"]


def comparisons(judgement: Judgement) -> list[ReasoningStep]:
    """The steps that are comparisons of two digits."""
    return [step for step in judgement.steps if step.kind == "compare"]


def heldout(task: str, levels: Sequence[int], n: int, seed: int) -> list[Problem]:
    """n held-out problems, spread evenly over the levels."""
    streams = [problems(task, level, seed, "heldout") for level in levels]
    return [next(stream) for stream in itertools.islice(itertools.cycle(streams), n)]


def attempts(
    sampler: Sampler,
    asked: Sequence[Problem],
    samples: int,
    temperature: float,
    seed: int,
    max_new_tokens: int = 512,
    budget: int | None = None,
    extend: int = 0,
) -> list[list[Attempt]]:
    """`samples` judged replies to each problem; see `thinking` for `budget` and `extend`.

    Prompts of similar length share a batch.
    """
    ids = [sampler.encode(problem.prompt) for problem in asked]
    order = sorted(range(len(asked)), key=lambda i: len(ids[i]))
    rows = [i for i in order for _ in range(samples)]
    found: list[list[Attempt]] = [[] for _ in asked]
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        prompts = [ids[i] for i in part]
        done = think(sampler, prompts, temperature, seed + start, max_new_tokens, budget, extend)
        for i, completion in zip(part, done, strict=True):
            found[i].append(Attempt(completion, judge(asked[i], completion.text)))
    return found


def summary(asked: Sequence[Problem], found: Sequence[Sequence[Attempt]]) -> dict[str, Any]:
    """All measures, each as {"value", "interval", "n"}, where n is the denominator of the value."""
    samples = len(found[0])
    flat = [a for of_problem in found for a in of_problem]

    def ratio(top: Any, bottom: Any) -> dict[str, Any]:
        """The ratio of two functions of an attempt, each summed over all attempts."""
        a = [sum(top(x) for x in of_problem) for of_problem in found]
        b = [sum(bottom(x) for x in of_problem) for of_problem in found]
        value = sum(a) / sum(b) if sum(b) else None
        interval = [round(x, 4) for x in bootstrap_ratio(a, b)] if sum(b) else None
        return {
            "value": None if value is None else round(value, 4),
            "interval": interval,
            "n": int(sum(b)),
        }

    def mean(of: Any) -> dict[str, Any]:
        return ratio(of, lambda _: 1)

    def per_problem(values: Sequence[float]) -> dict[str, Any]:
        interval = bootstrap_ratio(values, np.ones(len(values)))
        return {
            "value": round(float(np.mean(values)), 4),
            "interval": [round(x, 4) for x in interval],
            "n": len(values),
        }

    ks = [2**i for i in range(samples.bit_length()) if 2**i <= samples]
    right = [sum(x.judgement.correct for x in of_problem) for of_problem in found]
    votes = [[(x.judgement.vote, x.judgement.correct) for x in of] for of in found]
    lengths = [[len(a.completion.token_ids) for a in of_problem] for of_problem in found]
    shares = {
        way: mean(lambda a, way=way: ways(a.judgement) == way)
        for way in ("direct", "steps", "checks")
    }
    by_way = {
        way: ratio(
            lambda a, way=way: a.judgement.correct and ways(a.judgement) == way,
            lambda a, way=way: ways(a.judgement) == way,
        )
        for way in ("direct", "steps", "checks")
    }
    language = {
        id(a): language_share(a.judgement.reply.thinking, problem.language)
        for problem, of_problem in zip(asked, found, strict=True)
        for a in of_problem
    }
    return {
        "problems": len(asked),
        "samples": samples,
        "interval": "95 %, percentile bootstrap over problems",
        "pass@k": {str(k): per_problem([pass_at_k(samples, c, k) for c in right]) for k in ks},
        "cons@k": {str(k): per_problem([cons_at_k(v, k) for v in votes]) for k in ks},
        "format": mean(lambda a: a.judgement.reply.formatted),
        "language": mean(lambda a: language[id(a)]),
        "mixed": ratio(
            lambda a: 0 < language[id(a)] < 1, lambda a: bool(a.judgement.reply.thinking)
        ),
        "tokens_mean": mean(lambda a: len(a.completion.token_ids)),
        "tokens_median": {
            "value": float(np.median(lengths)),
            "interval": list(bootstrap_median(lengths)),
            "n": len(flat),
        },
        "finished": mean(lambda a: a.completion.finish_reason == "stop"),
        "steps_right": ratio(
            lambda a: sum(s.right for s in equations(a.judgement)),
            lambda a: len(equations(a.judgement)),
        ),
        "comparisons_right": ratio(
            lambda a: sum(s.right for s in comparisons(a.judgement)),
            lambda a: len(comparisons(a.judgement)),
        ),
        "verdicts_follow": ratio(  # agree with the digits written before them
            lambda a: sum(v.follows is True for v in a.judgement.verdicts),
            lambda a: sum(v.follows is not None for v in a.judgement.verdicts),
        ),
        "checks": mean(lambda a: a.judgement.checks),
        "errors_noticed": ratio(
            lambda a: sum(not v.accepts and not v.fits for v in a.judgement.verdicts),
            lambda a: sum(not v.fits for v in a.judgement.verdicts),
        ),
        "false_alarms": ratio(
            lambda a: sum(not v.accepts and v.fits for v in a.judgement.verdicts),
            lambda a: sum(v.fits for v in a.judgement.verdicts),
        ),
        "wrong_to_right": mean(lambda a: a.judgement.turns[0]),  # turns per reply
        "right_to_wrong": mean(lambda a: a.judgement.turns[1]),
        "ways": shares,
        "correct_by_way": by_way,
    }


def evaluate(
    sampler: Sampler,
    task: str,
    levels: Sequence[int] | None,
    n: int,
    samples: int,
    seed: int,
    temperature: float = 1.0,
    budget: int | None = None,
    extend: int = 0,
) -> dict[str, Any]:
    """Evaluate a model on n held-out problems of a task, with `samples` replies each.

    Raises:
        ProblemError: if there is no such task or level.
    """
    levels = list(levels or family_of(task).LEVELS)
    asked = heldout(task, levels, n, seed)
    found = attempts(sampler, asked, samples, temperature, seed, budget=budget, extend=extend)
    head = {
        "model": sampler.name,
        "task": task,
        "levels": levels,
        "seed": seed,
        "temperature": temperature,
        "budget": budget,
        "extend": extend,
    }
    return head | summary(asked, found)
