"""The table of goals, from hand-made evaluations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model.errors import UsageError
from model.training import goals, results


def measure(value: float, half: float = 0.01) -> dict[str, Any]:
    return {"value": value, "interval": [value - half, value + half], "n": 8000}


def replies(right: float, length: float, **changes: float) -> dict[str, Any]:
    measured = {
        "format": 0.99,
        "language": 0.99,
        "errors_noticed": 0.95,
        "false_alarms": 0.02,
        "wrong_to_right": 0.5,
        "right_to_wrong": 0.01,
    } | changes
    return {
        "pass@k": {"1": measure(right)},
        "cons@k": {str(results.SAMPLES): measure(min(1, right + 0.05))},
        "tokens_mean": measure(length),
    } | {key: measure(value) for key, value in measured.items()}


def evaluation(chain: float, pick: float, length: float, **changes: float) -> dict[str, Any]:
    return {
        "many": {
            "chain": replies(chain, 100, **changes),
            "pick": replies(pick, length, **changes),
        },
        "levels": {"chain": {str(results.HARD_LEVEL): replies(0.5 if chain > 0.5 else 0.02, 200)}},
        "budget": {"pick": [replies(right, 50) for right in (0.1, 0.2, 0.3, 0.5, 0.5)]},
    }


def found() -> dict[str, Any]:
    log = [{"by_task": {"pick": {"length": 10.0 * i}}, "at_cap": 0.02} for i in range(9)]
    return {
        "base": evaluation(0.2, 0.1, 60),
        "r1-zero": evaluation(0.9, 0.7, 200, format=0.95, language=0.95),
        "r1": evaluation(0.9, 0.7, 200),
        "student-base": evaluation(0.1, 0.05, 50),
        "student-rl": evaluation(0.4, 0.1, 50),
        "distilled": evaluation(0.6, 0.3, 150),
        "log": log,
    }


def test_all_goals_are_reached_by_what_reaches_them(tmp_path: Path) -> None:
    assert [g.what for g in goals.goals(found()) if not g.reached] == []
    for name, one in found().items():
        folder = tmp_path / ("r1-zero" if name == "log" else name)
        folder.mkdir(exist_ok=True)
        if name == "log":
            (folder / "log.jsonl").write_text("".join(json.dumps(e) + "\n" for e in one))
        else:
            (folder / "evaluation.json").write_text(json.dumps(one))
    table = goals.table(tmp_path).splitlines()
    assert len(table) == 2 + len(goals.goals(found()))
    assert all(line.count("|") == 5 for line in table)


@pytest.mark.parametrize(
    ("name", "other", "missed"),
    [
        ("base", evaluation(0.3, 0.1, 60), 1),
        ("base", evaluation(0.2, 0.1, 150), 1),
        ("r1-zero", evaluation(0.9, 0.7, 200), 4),  # r1 is no better in format and language
        ("r1-zero", evaluation(0.9, 0.7, 200, format=0.9, language=0.9, errors_noticed=0.5), 2),
        ("r1-zero", evaluation(0.9, 0.7, 200, format=0.9, language=0.9, right_to_wrong=0.1), 2),
        ("r1", evaluation(0.8, 0.7, 200), 1),
        ("distilled", evaluation(0.34, 0.3, 150), 2),
        ("student-base", evaluation(0.2, 0.3, 150), 1),
    ],
)
def test_what_is_not_reached_says_so(name: str, other: dict[str, Any], missed: int) -> None:
    changed = found() | {name: other}
    assert sum(not g.reached for g in goals.goals(changed)) == missed


def test_length_that_falls_in_the_end(tmp_path: Path) -> None:
    changed = found()
    changed["log"] = changed["log"][:6] + changed["log"][:3]
    assert [g.what for g in goals.goals(changed) if not g.reached] == [
        "pick: length by thirds of r1-zero's training"
    ]
    with pytest.raises(UsageError, match="base is not measured"):
        goals.load(tmp_path)
