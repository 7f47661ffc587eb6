"""What models were measured to do on held-out problems: assets/runs/NAME/evaluation.json."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.files import read_json, reading
from app.core.scaling import Point
from model import ASSETS

_SHARE = {"value": float, "interval": [float], "n": int}
_MEASURED = {
    "levels": [int], "problems": int, "temperature": float, "pass@k": {str: _SHARE},
    "cons@k": {str: _SHARE},
}  # fmt: skip
_EVALUATION = {
    "date": str, "many": {str: _MEASURED}, "levels": {str: {str: _MEASURED}},
    "greedy": {str: _MEASURED}, "budget": {str: [_MEASURED]},
}  # fmt: skip


@functools.lru_cache(maxsize=32)
def _read(path: Path, changed: int) -> dict[str, Any]:
    return read_json(path, _EVALUATION)


def of(name: str) -> dict[str, Any] | None:
    """A model's evaluation as the file has it now; None if it was not measured."""
    path = ASSETS / "runs" / name / "evaluation.json"
    if not path.exists() or not (stat := path.stat()).st_size:
        return None
    return _read(path, stat.st_mtime_ns)


def needed(name: str) -> dict[str, Any]:
    """The evaluation of a model that ships with it.

    Raises:
        DamagedFileError: if it is missing.
    """
    path = ASSETS / "runs" / name / "evaluation.json"
    with reading(path):
        return _read(path, path.stat().st_mtime_ns)


@dataclass(frozen=True)
class Typical:
    """What a model's replies to held-out problems of a task and level are like."""

    right: float  # share
    tokens: float  # median
    problems: int
    temperature: float


def typical(name: str, task: str, level: int) -> Typical | None:
    """Of the measurement with the most replies; None if this level was not measured."""
    evaluation = of(name)
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
    """pass@k or cons@k (`measure`) of a task's problems at the level that was asked many times."""
    found = evaluation["many"][task][measure]
    return [_point(int(k), value) for k, value in found.items()]


def by_budget(evaluation: dict[str, Any], task: str) -> list[Point]:
    """Share of right answers under each budget of thinking tokens, which stands for k."""
    return [_point(cut["budget"], cut["pass@k"]["1"]) for cut in evaluation["budget"][task]]


def _point(k: int, measured: dict[str, Any]) -> Point:
    low, high = measured["interval"]
    return Point(k, measured["value"], low, high)
