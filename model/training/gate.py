"""The gate before reinforcement learning: whether a base model's checks are informative.

`python -m model train gate NAME` measures this on held-out problems of all levels, with the model's
own replies at temperature 1, and writes assets/runs/NAME/gate.json. If checks carry no information,
reinforcement learning only removes them; then the corpus has to change, not the gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.nn.files import write_json
from model.runtime.sampler import Sampler
from model.tasks import TASKS
from model.tasks.problem import Problem
from model.training.evaluate import Attempt, attempts, held_out_problems, summary
from model.training.pretrain import PAIR

PROBLEMS, SAMPLES, SEED = 560, 4, 11  # problems per task, replies to each
#: models whose gate.json is shipped
GATED = ("base", "student-base", *PAIR)
LEAST_NOTICED, MOST_DOUBTED = 0.9, 0.1  # share of wrong values, of right ones


def measure(sampler: Sampler, folder: Path) -> dict[str, Any]:
    """Measure both tasks, with accuracy and length by level and whether the gate opens; writes and
    returns gate.json."""
    found: dict[str, Any] = {
        "name": sampler.name,
        "command": f"python -m model train gate {sampler.name}",
        "tasks": {},
    }
    for task, family in TASKS.items():
        asked = held_out_problems(task, family.LEVELS, PROBLEMS, SEED)
        replies = attempts(sampler, asked, SAMPLES, temperature=1.0, seed=SEED)
        measured = summary(asked, replies) | {"by_level": by_level(asked, replies)}
        found["tasks"][task] = measured | {"opens": opens(measured)}
    write_json(folder / "gate.json", found, indent=1)
    return found


def opens(measured: dict[str, Any]) -> bool:
    """Whether enough wrong values are noticed and few enough right ones doubted."""
    noticed, doubted = (measured[key]["value"] for key in ("errors_noticed", "false_alarms"))
    return None not in (noticed, doubted) and noticed >= LEAST_NOTICED and doubted <= MOST_DOUBTED


def by_level(
    asked: Sequence[Problem], replies: Sequence[Sequence[Attempt]]
) -> dict[str, dict[str, float]]:
    """The share of right replies and their mean length in tokens, by level."""
    levels: dict[str, list[Attempt]] = {}
    for problem, of_problem in zip(asked, replies, strict=True):
        levels.setdefault(str(problem.level), []).extend(of_problem)
    return {
        level: {
            "right": round(sum(a.judgement.correct for a in of) / len(of), 4),
            "tokens": round(sum(len(a.completion.token_ids) for a in of) / len(of), 1),
        }
        for level, of in levels.items()
    }
