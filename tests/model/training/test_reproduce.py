"""Everything from scratch with the command's own stages, in miniature, in the real order."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.data import held_out
from model.data.corpus import CorpusConfig, Document
from model.nn import shipped
from model.runtime.sampler import Sampler
from model.training import (
    distill,
    evaluate,
    experiments,
    gate,
    heldout,
    pipeline,
    pretrain,
    recorded_training,
    results,
    stages,
)
from model.training.grpo import GRPOConfig

REPLY_TOKENS = 4
OTHER_SEED = "-seed"  # in names; what is trained again with another seed takes the same way
ASSETS = stages.ASSETS  # the shipped ones
FULL, THINK, COLD_START = pretrain.full, evaluate.think, pipeline.cold_start_documents


def small_run(name: str) -> pretrain.PretrainConfig:
    """A few steps, otherwise as in the full run."""
    whole = FULL(name)
    shares = (0.5,) if whole.snapshots else ()
    return replace(whole, steps=2, rows_per_step=2, rows_per_pass=1, snapshots=shares)


def small_grpo(name: str, seed: int, steps: int, *rest: Any, **settings: Any) -> GRPOConfig:
    small = {"questions": 2, "group": 2, "max_new_tokens": REPLY_TOKENS}
    return GRPOConfig(name, seed, 1, *rest, **settings, **small)


def cold_start(seed: int, n: int) -> list[Document]:
    return COLD_START(seed, min(n, 8))


def scripted(
    teacher: Sampler, seed: int, questions: int, samples: int
) -> tuple[list[Document], dict[str, int]]:
    """Script the replies, since an untrained model has no right ones to keep."""
    return distill.direct_documents(seed, 8), {
        "sampled": 8,
        "kept": 8,
        "sampled_tokens": 80,
        "sampling_seconds": 1,
    }


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for everything, with every size cut down."""
    assets = tmp_path / "assets"

    def think(sampler: Sampler, prompts: Any, t: float, seed: int, n: int, *rest: Any) -> Any:
        return THINK(sampler, prompts, t, seed, REPLY_TOKENS, *rest)

    def one_seed(stages: dict[str, Any]) -> dict[str, Any]:
        return {name: stage for name, stage in stages.items() if OTHER_SEED not in name}

    for module, name, value in (
        (pretrain, "MODELS", one_seed(pretrain.MODELS)),
        (stages, "REASONING", one_seed(stages.REASONING)),
        (results, "ORDER", tuple(name for name in results.ORDER if OTHER_SEED not in name)),
        (stages, "ASSETS", assets),
        (stages, "WORK", tmp_path / "work"),
        (stages, "CORPUS", CorpusConfig(seed=0, rows=24, context=384, vocab_size=420, long_rows=8)),
        (stages, "CONTEXT_TOKENS", REPLY_TOKENS),
        (shipped, "FOLDER", assets / "checkpoints"),
        (pretrain, "full", small_run),
        (held_out, "EACH", 1),
        (heldout, "ROWS", 2),
        (heldout, "DOMAIN_ROWS", 1),
        (gate, "PROBLEMS", 1),
        (gate, "SAMPLES", 1),
        (stages, "PAIR_ROWS", 4),
        (pipeline, "GRPOConfig", small_grpo),
        (pipeline, "accepted_documents", scripted),
        (pipeline, "cold_start_documents", cold_start),
        (distill, "GRPOConfig", small_grpo),
        (distill, "DIRECT_ANSWERS", 8),
        (evaluate, "think", think),
        (results, "PROBLEMS", 1),
        (results, "SAMPLES", 2),
        (results, "LEVEL_SAMPLES", 1),
        (results, "BUDGETS", (2,)),
        (recorded_training, "MAX_TOKENS", REPLY_TOKENS),
        *((experiments, name, 2) for name in ("STEPS", "QUESTIONS", "GROUP", "ASKED")),
        (experiments, "MAX_TOKENS", REPLY_TOKENS),
    ):
        monkeypatch.setattr(module, name, value)
    return tmp_path


def test_every_run_that_ships_has_a_stage_with_all_seeds() -> None:
    trained = {name for stage, name in stages.everything() if stage in ("pretrain", "reason")}
    assert trained == {path.parent.name for path in (ASSETS / "runs").glob("*/run.json")}


@pytest.mark.slow
def test_everything_is_made_by_one_command(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = stages.run("reproduce", None)
    order = stages.everything()
    assert [*done] == [f"{stage} {name}" if name else stage for stage, name in order]
    made = {folder.name for folder in (small / "assets" / "checkpoints").iterdir()}
    assert made >= {*pretrain.MODELS, *stages.REASONING, "base-50pct"}
    for name in results.ORDER:
        found = json.loads((small / "assets" / "runs" / name / "evaluation.json").read_text())
        assert found["name"] == name
    tables = stages.run("tables", None)
    assert all(f"| `{name}` |" in tables for name in (*pretrain.MODELS, *results.ORDER))
    samples = {file.stem for file in (small / "assets" / "samples").iterdir()}
    assert samples == {file.stem for file in (ASSETS / "samples").iterdir()}
    capsys.readouterr()
    assert stages.run("reproduce", None) == done
    assert capsys.readouterr().out.count("finished before") == len(order)
