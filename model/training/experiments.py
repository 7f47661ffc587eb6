"""What the lab (`model.training.lab`) can be asked, in plain JSON, and its answers. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from model.tasks.problem import Problem

#: Of a short run.
START = "base"
STEPS, SECONDS = 40, 120.0  # it ends after these steps, or with the step in which this time is over
QUESTIONS, GROUP, MAX_TOKENS = 8, 8, 160
ASKED = 16  # replies to the question before and after
#: Of decoding times.
CONTEXTS = (64, 256, 1_024, 4_096, 16_384)
ROUNDS, REPEATS = 3, 5  # rounds over all paths and lengths, so that a busy moment hits all alike


class Finding(NamedTuple):
    """One line of an experiment's answer."""

    progress: float  # share of the experiment that is done
    name: str
    value: Any


def one_step(problem: Problem, model: str, seed: int) -> dict[str, Any]:
    """One step of GRPO on a question, from a shipped checkpoint."""
    asked = asdict(problem)
    return {"experiment": "one_step", "model": model, "problem": asked, "seed": seed}


def short_run(problem: Problem, seed: int) -> dict[str, Any]:
    """GRPO on questions of a question's task and level; it is asked itself before and after."""
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
    """Seconds of decoding steps; `paths` by name: a shipped model, and whether it absorbs."""
    return {
        "experiment": "decoding_times",
        "ways": [[path, model, absorb] for path, (model, absorb) in paths.items()],
        "contexts": list(CONTEXTS),
        "rounds": ROUNDS,
        "repeats": REPEATS,
    }
