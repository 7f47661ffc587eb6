"""Requests to the lab (`model.training.lab`) in plain JSON, and its findings. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from model.tasks.problem import Problem

#: Settings of a short run.
START = "base"
STEPS, SECONDS = 40, 120.0  # it ends after these steps, or with the first step past this time
QUESTIONS, GROUP, MAX_TOKENS = 8, 8, 160
ASKED = 16  # replies to the question before and after
#: Settings of decoding times.
CONTEXTS = (64, 256, 1_024, 4_096, 16_384)
ROUNDS, REPEATS = 3, 5  # rounds over all paths and lengths, so that a busy moment hits all alike


class Finding(NamedTuple):
    """One line of an experiment's output."""

    progress: float  # the share of the experiment that is done
    name: str
    value: Any


def one_step(problem: Problem, model: str, seed: int) -> dict[str, Any]:
    """The request for one GRPO step on a question, from a shipped checkpoint."""
    asked = asdict(problem)
    return {"experiment": "one_step", "model": model, "problem": asked, "seed": seed}


def short_run(problem: Problem, seed: int) -> dict[str, Any]:
    """The request for a short GRPO run at a question's task and level; the question itself is asked
    before and after."""
    return {
        "experiment": "short_run",
        "model": START,
        "problem": asdict(problem),
        "seed": seed,
        "steps": STEPS,
        "seconds": SECONDS,
        "questions": QUESTIONS,
        "group": GROUP,
        "max_new_tokens": MAX_TOKENS,
        "asked": ASKED,
    }


def decoding_times(paths: Mapping[str, tuple[str, bool]]) -> dict[str, Any]:
    """The request for seconds of decoding steps; `paths` by name: a shipped model, and whether it
    absorbs."""
    return {
        "experiment": "decoding_times",
        "paths": [[path, model, absorb] for path, (model, absorb) in paths.items()],
        "contexts": list(CONTEXTS),
        "rounds": ROUNDS,
        "repeats": REPEATS,
    }
