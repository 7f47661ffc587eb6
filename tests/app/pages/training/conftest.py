"""Logs of tiny real runs in place of the shipped ones, or none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.pages.training import training_runs
from model.training import pipeline
from model.training.grpo import GRPO, GRPOConfig
from tests.app.reference import engine as engine_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with the logs of tiny real ones.

    r1-zero is finished, r1-dev1 evaluated; distilled is evaluated for seed 1 but not for seed 2.
    """
    folder = tmp_path_factory.mktemp("runs")
    config = GRPOConfig(
        "r1-zero", 0, 3, {"chain": (2,), "pick": (2,)}, 2, 4, max_new_tokens=16, save_every=3
    )
    run = GRPO(config, engine_of("base"))
    run.train(folder / "work", folder / "r1-zero")
    paths = pipeline.Paths(folder / "work", folder)
    (folder / "runs").symlink_to(folder)
    pipeline.write_run(
        paths,
        "r1-zero",
        {"steps": 3, "questions": 2, "group": 4, "seed": 0, "levels": config.levels},
        "base",
        run.seconds,
        {"rollout_tokens": run.tokens},
    )
    (folder / "r1-dev1").mkdir()
    data = {"documents": 400, "tokens_seen": 90_000}
    pipeline.write_run(paths, "r1-dev1", {"epochs": 3}, "base", 60.0, data)
    data |= {"sampled": 900, "kept": 400, "sampling_seconds": 150}
    for name in ("distilled", "distilled-seed1", "distilled-seed2"):
        (folder / name).mkdir()
        pipeline.write_run(paths, name, {"epochs": 4}, "student-base", 60.0, data)
    measure = {"value": 0.25, "interval": [0.21, 0.29], "n": 500}
    many = {
        "levels": [4], "problems": 500, "samples": 1, "temperature": 1.0, "tokens_median": measure,
        "pass@k": {"1": measure}, "cons@k": {"1": measure}, "checks": measure,
        "language": measure,
    }  # fmt: skip
    tasks = ("chain", "pick")
    evaluation = {
        "date": "2026-11-26",
        "many": dict.fromkeys(tasks, many),
        "greedy": dict.fromkeys(tasks, many),
        "levels": {task: {"4": many} for task in tasks},
        "budget": {task: [many | {"budget": 32}] for task in tasks},
    }
    for name in ("r1-dev1", "distilled", "distilled-seed1"):
        (folder / name / "evaluation.json").write_text(json.dumps(evaluation))
    return folder


@pytest.fixture
def with_runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(training_runs, "RUNS", made)
    return made


@pytest.fixture
def without_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_runs, "RUNS", tmp_path)
