"""Evaluation on held-out problems: accuracy, consensus, format, length, self-checks.

Intervals are 95 %, by percentile bootstrap over problems, since the samples of one problem are not
independent.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
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
APPROACHES = ("direct", "steps", "checks")


@dataclass(frozen=True)
class Attempt:
    """A sampled reply to a problem, with its judgement."""

    completion: Completion
    judgement: Judgement


JudgedReplies = Sequence[Sequence[Attempt]]
"""Of each problem, its replies"""

Measure = dict[str, Any]
"""{"value", "interval": [low, high], "n"}"""


def approach(judgement: Judgement) -> str:
    """How a reply gets to its answer: at once ("direct"), in "steps", or in steps that it "checks".

    One of `APPROACHES`.
    """
    if judgement.checks:
        return "checks"
    return "steps" if judgement.steps else "direct"


def equations(judgement: Judgement) -> list[ReasoningStep]:
    """The steps that are equations."""
    return [step for step in judgement.steps if step.kind != "compare"]


def comparisons(judgement: Judgement) -> list[ReasoningStep]:
    """The steps that are comparisons of two digits."""
    return [step for step in judgement.steps if step.kind == "compare"]


def held_out_problems(task: str, levels: Sequence[int], n: int, seed: int) -> list[Problem]:
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


def summary(asked: Sequence[Problem], found: JudgedReplies) -> dict[str, Any]:
    """All measures, each as {"value", "interval", "n"}; n counts what the value is a share of."""
    return {
        "problems": len(asked),
        "samples": len(found[0]),
        "interval": "95 %, percentile bootstrap over problems",
        **_accuracy(found),
        **_language(asked, found),
        **_length(found),
        **_steps(found),
        **_checks(found),
        **_approaches(found),
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
    asked = held_out_problems(task, levels, n, seed)
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


# --- Parts of a summary ------------------------------------------------------------------------


def _ratio(
    found: JudgedReplies, top: Callable[[Attempt], float], bottom: Callable[[Attempt], float]
) -> Measure:
    """The sum of `top` over all replies by that of `bottom`; no value where that is 0."""
    a = [sum(top(x) for x in of_problem) for of_problem in found]
    b = [sum(bottom(x) for x in of_problem) for of_problem in found]
    if not sum(b):
        return {"value": None, "interval": None, "n": 0}
    return {
        "value": round(sum(a) / sum(b), 4),
        "interval": [round(x, 4) for x in bootstrap_ratio(a, b)],
        "n": int(sum(b)),
    }


def _mean(found: JudgedReplies, of: Callable[[Attempt], float]) -> Measure:
    """The mean of `of` over all replies."""
    return _ratio(found, of, lambda _: 1)


def _per_problem(values: Sequence[float]) -> Measure:
    """The mean of one value of each problem."""
    interval = bootstrap_ratio(values, np.ones(len(values)))
    return {
        "value": round(float(np.mean(values)), 4),
        "interval": [round(x, 4) for x in interval],
        "n": len(values),
    }


def _accuracy(found: JudgedReplies) -> dict[str, Any]:
    """How often one of k replies is right, and their majority, for k = 1, 2, 4, ..."""
    samples = len(found[0])
    ks = [2**i for i in range(samples.bit_length()) if 2**i <= samples]
    right = [sum(x.judgement.correct for x in of_problem) for of_problem in found]
    votes = [[(x.judgement.vote, x.judgement.correct) for x in of] for of in found]
    return {
        "pass@k": {str(k): _per_problem([pass_at_k(samples, c, k) for c in right]) for k in ks},
        "cons@k": {str(k): _per_problem([cons_at_k(v, k) for v in votes]) for k in ks},
    }


def _language(asked: Sequence[Problem], found: JudgedReplies) -> dict[str, Measure]:
    """Whether replies keep the format, and think in the question's language."""
    share = {
        id(a): language_share(a.judgement.reply.thinking, problem.language)
        for problem, of_problem in zip(asked, found, strict=True)
        for a in of_problem
    }
    return {
        "format": _mean(found, lambda a: a.judgement.reply.formatted),
        "language": _mean(found, lambda a: share[id(a)]),
        "mixed": _ratio(
            found, lambda a: 0 < share[id(a)] < 1, lambda a: bool(a.judgement.reply.thinking)
        ),
    }


def _length(found: JudgedReplies) -> dict[str, Measure]:
    """How many tokens replies have, and how many of them come to their end."""
    lengths = [[len(a.completion.token_ids) for a in of_problem] for of_problem in found]
    return {
        "tokens_mean": _mean(found, lambda a: len(a.completion.token_ids)),
        "tokens_median": {
            "value": float(np.median(lengths)),
            "interval": list(bootstrap_median(lengths)),
            "n": sum(map(len, lengths)),
        },
        "finished": _mean(found, lambda a: a.completion.finish_reason == "stop"),
    }


def _steps(found: JudgedReplies) -> dict[str, Measure]:
    """How many steps are right, and how many verdicts on them fit what is written before them."""
    return {
        "steps_right": _ratio(
            found,
            lambda a: sum(s.right for s in equations(a.judgement)),
            lambda a: len(equations(a.judgement)),
        ),
        "comparisons_right": _ratio(
            found,
            lambda a: sum(s.right for s in comparisons(a.judgement)),
            lambda a: len(comparisons(a.judgement)),
        ),
        "verdicts_follow": _ratio(  # what the digits written before them say
            found,
            lambda a: sum(v.follows is True for v in a.judgement.verdicts),
            lambda a: sum(v.follows is not None for v in a.judgement.verdicts),
        ),
    }


def _checks(found: JudgedReplies) -> dict[str, Measure]:
    """How often replies check themselves, what they notice, and what comes of it."""
    return {
        "checks": _mean(found, lambda a: a.judgement.checks),
        "errors_noticed": _ratio(
            found,
            lambda a: sum(not v.accepts and not v.fits for v in a.judgement.verdicts),
            lambda a: sum(not v.fits for v in a.judgement.verdicts),
        ),
        "false_alarms": _ratio(
            found,
            lambda a: sum(not v.accepts and v.fits for v in a.judgement.verdicts),
            lambda a: sum(v.fits for v in a.judgement.verdicts),
        ),
        "wrong_to_right": _mean(found, lambda a: a.judgement.turns[0]),  # turns per reply
        "right_to_wrong": _mean(found, lambda a: a.judgement.turns[1]),
    }


def _approaches(found: JudgedReplies) -> dict[str, dict[str, Measure]]:
    """How common each approach is, and how often it leads to the right answer."""

    def takes(wanted: str) -> Callable[[Attempt], bool]:
        return lambda a: approach(a.judgement) == wanted

    def succeeds(wanted: str) -> Callable[[Attempt], bool]:
        return lambda a: a.judgement.correct and approach(a.judgement) == wanted

    return {
        "approaches": {name: _mean(found, takes(name)) for name in APPROACHES},
        "correct_by_approach": {
            name: _ratio(found, succeeds(name), takes(name)) for name in APPROACHES
        },
    }
