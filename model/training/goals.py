"""The goals set for the models and whether they were reached, by the evaluations in assets/runs.

A goal is reached if the measured value meets it, whatever its interval; where two models should
differ, their 95 % intervals must not touch. All values are for held-out problems, at temperature 1.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import UsageError
from model.training.evaluate import Measure
from model.training.results import CHOSEN_LEVEL, HARD_LEVEL, SAMPLES

NAMES = ("base", "r1-zero", "r1", "student-base", "student-rl", "distilled")


@dataclass(frozen=True)
class Goal:
    """One row of the table."""

    what: str
    wanted: str
    found: str
    reached: bool


def load(runs: Path) -> dict[str, Any]:
    """The evaluations that the goals refer to, by model, and r1-zero's log as "log".

    Raises:
        UsageError: if one is missing.
    """
    found: dict[str, Any] = {}
    for name in NAMES:
        path = runs / name / "evaluation.json"
        if not path.exists():
            raise UsageError(f"{name} is not measured: run python -m model train results {name}")
        found[name] = json.loads(path.read_text(encoding="utf-8"))
    lines = (runs / "r1-zero" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    found["log"] = [json.loads(line) for line in lines]
    return found


def table(runs: Path) -> str:
    """The table of all goals, in Markdown."""
    rows = [(g.what, g.wanted, g.found, "yes" if g.reached else "no") for g in goals(load(runs))]
    lines = [("goal", "wanted", "found", "reached"), ("---",) * 4, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def goals(found: dict[str, Any]) -> list[Goal]:
    """The goals, applied to a set of evaluations (see `load`)."""
    return [*_accuracy(found), *_thinking(found), *_checks(found), *_others(found)]


def _right(evaluation: dict[str, Any], task: str) -> Measure:
    return evaluation["many"][task]["pass@k"]["1"]


def _hard(evaluation: dict[str, Any]) -> Measure:
    return evaluation["levels"]["chain"][str(HARD_LEVEL)]["pass@k"]["1"]


def _between(what: str, measure: Measure, low: float, high: float) -> Goal:
    wanted = f"{100 * low:.0f} to {100 * high:.0f} %" if high < 1 else f"at least {100 * low:.0f} %"
    value = measure["value"]
    return Goal(what, wanted, percent(measure), value is not None and low <= value <= high)


def _accuracy(found: dict[str, Any]) -> list[Goal]:
    base, zero = found["base"], found["r1-zero"]
    chain, pick = f"chain, level {CHOSEN_LEVEL}", f"pick, level {CHOSEN_LEVEL}"
    hard = f"chain, level {HARD_LEVEL}"
    return [
        _between(f"{chain}: base", _right(base, "chain"), 0.10, 0.25),
        _between(f"{chain}: r1-zero", _right(zero, "chain"), 0.85, 1),
        _between(f"{hard}: base", _hard(base), 0.0, 0.03),
        _between(f"{hard}: r1-zero", _hard(zero), 0.40, 1),
        _between(f"{pick}: base", _right(base, "pick"), 0.05, 0.20),
        _between(f"{pick}: r1-zero", _right(zero, "pick"), 0.60, 1),
    ]


def _thinking(found: dict[str, Any]) -> list[Goal]:
    pick = f"pick, level {CHOSEN_LEVEL}"
    lengths = [found[name]["many"]["pick"]["tokens_mean"]["value"] for name in ("base", "r1-zero")]
    logged = [entry["by_task"]["pick"]["length"] for entry in found["log"]]
    thirds = [float(np.mean(part)) for part in np.array_split(logged, 3)]
    capped = float(np.mean([entry["at_cap"] for entry in found["log"][-len(logged) // 3 :]]))
    rights = [cut["pass@k"]["1"]["value"] for cut in found["r1-zero"]["budget"]["pick"]]
    return [
        Goal(
            f"{pick}: length of r1-zero beside base's",
            "at least twice",
            f"{lengths[1]:.0f} and {lengths[0]:.0f} tokens",
            lengths[1] >= 2 * lengths[0],
        ),
        Goal(
            "pick: length by thirds of r1-zero's training",
            "last above middle",
            " → ".join(f"{third:.0f}" for third in thirds) + " tokens",
            thirds[2] > thirds[1],
        ),
        Goal("replies at the cap, last third", "under 10 %", f"{100 * capped:.1f} %", capped < 0.1),
        Goal(
            f"{pick}: r1-zero by budget of thinking",
            "rises over four budgets or more",
            " → ".join(f"{100 * right:.0f}" for right in rights) + " %",
            _rise(rights) >= 4,
        ),
    ]


def _rise(values: Sequence[float]) -> int:
    """The length of the longest strictly increasing run of consecutive values."""
    best = run = 1
    for before, after in itertools.pairwise(values):
        run = run + 1 if after > before else 1
        best = max(best, run)
    return best


def _checks(found: dict[str, Any]) -> list[Goal]:
    rows = []
    for task in ("chain", "pick"):
        measured = found["r1-zero"]["many"][task]
        mended, spoilt = measured["wrong_to_right"]["value"], measured["right_to_wrong"]["value"]
        label = f"{task}, level {CHOSEN_LEVEL}: r1-zero"
        rows += [
            _between(f"{label} notices wrong values", measured["errors_noticed"], 0.9, 1),
            _between(f"{label} doubts right ones", measured["false_alarms"], 0.0, 0.05),
            Goal(
                f"{label}, turns wrong → right and right → wrong a reply",
                "ten times as many",
                f"{mended:.3f} and {spoilt:.3f}",
                mended >= 10 * spoilt and mended > 0,
            ),
        ]
    return rows


def _apart(what: str, above: Measure, below: Measure, by: float = 0.0) -> Goal:
    """The goal that one measure exceeds another: by `by`, or with disjoint intervals if 0."""
    reached = (
        above["value"] >= below["value"] + by if by else above["interval"][0] > below["interval"][1]
    )
    wanted = f"{100 * by:.0f} points more" if by else "more, intervals apart"
    return Goal(what, wanted, f"{percent(above)} and {percent(below)}", reached)


def _others(found: dict[str, Any]) -> list[Goal]:
    zero, r1, distilled = found["r1-zero"], found["r1"], found["distilled"]
    rows = []
    for task in ("chain", "pick"):
        label = f"{task}, level {CHOSEN_LEVEL}"
        ours, theirs = _right(r1, task), _right(zero, task)
        rows += [
            Goal(
                f"{label}: r1 and r1-zero",
                "no less, but for noise",
                f"{percent(ours)} and {percent(theirs)}",
                ours["interval"][1] >= theirs["interval"][0],
            ),
            *(
                _apart(f"{label}, {key}: r1 and r1-zero", r1["many"][task][key], many)
                for key, many in ((k, zero["many"][task][k]) for k in ("format", "language"))
            ),
            *(
                _apart(
                    f"{label}: cons@{SAMPLES} and pass@1 of {name}",
                    found[name]["many"][task]["cons@k"][str(SAMPLES)],
                    _right(found[name], task),
                )
                for name in ("base", "r1-zero")
            ),
        ]
    label = f"chain, level {CHOSEN_LEVEL}"
    student = _right(found["student-base"], "chain")
    taught = _right(distilled, "chain")
    return [
        *rows,
        _between(f"{label}: student-base", student, 0.05, 0.15),
        _apart(f"{label}: distilled and student-base", taught, student, by=0.25),
        _apart(f"{label}: distilled and student-rl", taught, _right(found["student-rl"], "chain")),
    ]


def percent(measure: Measure) -> str:
    """A share with its interval."""
    if measure["value"] is None:
        return "–"
    low, high = (100 * x for x in measure["interval"])
    return f"{100 * measure['value']:.1f} % [{low:.1f}, {high:.1f}]"
