"""The gate before reinforcement learning, with a model too small to pass it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model.runtime.engine import Engine
from model.tasks import TASKS
from model.training import gate


@pytest.mark.parametrize(
    ("noticed", "doubted", "opens"),
    [(0.9, 0.1, True), (0.89, 0.0, False), (1.0, 0.11, False), (None, 0.0, False)],
)
def test_who_passes(noticed: float | None, doubted: float, opens: bool) -> None:
    measured: dict[str, Any] = {
        "errors_noticed": {"value": noticed},
        "false_alarms": {"value": doubted},
    }
    assert gate.opens(measured) == opens


def test_it_is_measured_and_kept(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "PROBLEMS", 14)
    monkeypatch.setattr(gate, "SAMPLES", 1)
    found = gate.measure(engine.sampler(), tmp_path)
    assert json.loads((tmp_path / "gate.json").read_text()) == json.loads(json.dumps(found))
    for task, family in TASKS.items():
        measured = found["tasks"][task]
        assert measured["problems"] == 14 and not measured["opens"]
        assert [int(level) for level in measured["by_level"]] == [*family.LEVELS]
