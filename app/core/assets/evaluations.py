"""The evaluations of models on held-out problems: assets/runs/NAME/evaluation.json."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core import numbers
from app.core.assets.files import count, read_json, reporting_damage, shaped
from app.core.pass_and_cons import Point
from model import ASSETS
from model.tasks import TASKS, pick

_SHARE = {"value": float, "interval": (float, float), "n": count}


def _by_k(value: object) -> bool:
    """Whether a value is shares by k, including k = 1."""
    return (
        isinstance(value, dict)
        and "1" in value
        and all(k.isdecimal() and shaped(share, _SHARE) for k, share in value.items())
    )


_MEASURED = {
    "levels": [int], "problems": count, "samples": count, "temperature": float, "pass@k": _by_k,
    "cons@k": _by_k, "tokens_median": _SHARE,
}  # fmt: skip
_MANY = _MEASURED | {"checks": _SHARE, "language": _SHARE}
_EVALUATION = {
    "date": str, "many": dict.fromkeys(TASKS, _MANY), "levels": {str: {str: _MEASURED}},
    "greedy": dict.fromkeys(TASKS, _MEASURED),
    "budget": {task: [_MEASURED | {"budget": count}] for task in TASKS},
}  # fmt: skip
#: for the two models whose verdicts differ, which know no chains (`model.training.results`)
_OF_PAIR = {
    "date": str, "many": {pick.NAME: _MEASURED | {"errors_noticed": _SHARE, "false_alarms": _SHARE}}
}  # fmt: skip


@functools.lru_cache(maxsize=32)
def _read(path: Path, changed: int) -> dict[str, Any]:
    paired = path.parent.name.startswith("verdict-")
    return read_json(path, _OF_PAIR if paired else _EVALUATION)


def of_model(name: str) -> dict[str, Any] | None:
    """A model's evaluation, read again if the file has changed; None if it was not evaluated."""
    return read(ASSETS / "runs" / name / "evaluation.json")


def read(path: Path) -> dict[str, Any] | None:
    """The evaluation in a file, read again if that has changed; None if there is none."""
    return _read(path, path.stat().st_mtime_ns) if path.exists() else None


def needed(name: str) -> dict[str, Any]:
    """The evaluation of a model that must have one.

    Raises:
        DamagedFileError: if it is missing.
    """
    path = ASSETS / "runs" / name / "evaluation.json"
    with reporting_damage(path):
        return _read(path, path.stat().st_mtime_ns)


def date(*names: str) -> str:
    """The first and the last date of models' evaluations, or the one that there is; "" if none."""
    return numbers.span(str(one["date"]) for one in map(of_model, names) if one is not None)


@dataclass(frozen=True)
class Typical:
    """Typical figures for a model's replies to held-out problems of a task and level."""

    right: float  # share
    tokens: float  # median
    problems: int
    temperature: float


def typical(name: str, task: str, level: int) -> Typical | None:
    """The figures from the evaluation with the most replies; None if the level has none."""
    evaluation = of_model(name)
    if evaluation is None:
        return None
    many = evaluation["many"].get(task)
    if many is not None and many["levels"] == [level]:
        found = many
    else:
        found = evaluation["levels"].get(task, {}).get(str(level))
    if found is None:
        return None
    right, tokens = found["pass@k"]["1"]["value"], found["tokens_median"]["value"]
    return Typical(right, tokens, found["problems"], found["temperature"])


def by_k(evaluation: dict[str, Any], task: str, measure: str) -> list[Point]:
    """pass@k or cons@k (`measure`) for a task, at the level evaluated with many replies."""
    found = evaluation["many"][task][measure]
    return [_point(int(k), value) for k, value in found.items()]


def greedy(evaluation: dict[str, Any], task: str) -> Point:
    """pass@1 for a task at that level, with the most likely token each time."""
    return _point(1, evaluation["greedy"][task]["pass@k"]["1"])


def level(evaluation: dict[str, Any], task: str) -> int:
    """The level of a task that was evaluated with many replies, and under budgets."""
    return int(evaluation["many"][task]["levels"][0])


def by_budget(evaluation: dict[str, Any], task: str) -> list[Point]:
    """The share of right answers under each budget of thinking tokens, given as k."""
    return [_point(cut["budget"], cut["pass@k"]["1"]) for cut in evaluation["budget"][task]]


def _point(k: int, measured: dict[str, Any]) -> Point:
    low, high = measured["interval"]
    return Point(k, measured["value"], low, high)
