"""Distillation and its controls in miniature, and the command that makes everything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from model.data.corpus import Document, tokenise
from model.nn import checkpoints, shipped
from model.nn.shipped import seeded
from model.runtime.sampler import Sampler
from model.training import distill, pipeline, pretrain, stages
from model.training.grpo import GRPOConfig
from model.training.reproduce import reproduce
from tests.model.conftest import ABOUT, random_model, tiny_config


def small_grpo(*args: Any, **settings: Any) -> GRPOConfig:
    return GRPOConfig(*args, **settings, questions=2, group=2, max_new_tokens=6)


def scripted(
    teacher: Sampler, seed: int, questions: int, samples: int
) -> tuple[list[Document], dict[str, int]]:
    counts = {"sampled": questions * samples, "kept": 9, "sampled_tokens": 500}
    counts["sampling_seconds"] = 1
    return distill.direct_documents(seed, 9), counts


@pytest.fixture
def paths(tmp_path: Path, words: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> pipeline.Paths:
    found = pipeline.Paths(tmp_path / "work", tmp_path / "assets")
    for name, kind in (("base", "MLA"), ("r1", "MLA"), ("student-base", "Qwen2")):
        shape = tiny_config(kind, words.get_vocab_size(), max_position_embeddings=384)
        checkpoints.save(found.checkpoint(name), random_model(shape), words, ABOUT)
    monkeypatch.setattr(pipeline, "accepted_documents", scripted)
    monkeypatch.setattr(distill, "GRPOConfig", small_grpo)
    monkeypatch.setattr(distill, "DIRECT_ANSWERS", 6)
    monkeypatch.setattr(distill, "EPOCHS", 1)
    return found


def test_every_stage(paths: pipeline.Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, (needed, train) in distill.STAGES.items():
        assert all(paths.checkpoint(start).exists() for start in needed)
        if name.startswith("student-rl"):
            monkeypatch.setattr(distill, "cost", lambda _: (0.05, 9))
        train(paths)
        about = shipped.about(paths.checkpoint(name))
        assert about.name == name
        kind = checkpoints.read_config(paths.checkpoint(name)).model_type
        family = ("sft", "deepseek_v3") if name == "sft-only" else ("student", "qwen2")
        assert (about.family, kind) == family
    run = json.loads((paths.run("distilled") / "run.json").read_text())
    assert run["from"] == "student-base"
    assert run["data"]["sampled"] == distill.QUESTIONS * distill.SAMPLES
    assert run["data"]["kept"] == run["data"]["documents"] == 9
    assert run["data"]["sampling_seconds"] == 1
    for name in distill.STUDENTS:
        ran = [paths.run(seeded(name, seed)) / "run.json" for seed in distill.SEEDS]
        assert [json.loads(file.read_text())["run"]["seed"] for file in ran] == [0, 1, 2]
    weights = [
        (paths.checkpoint(seeded(name, seed)) / "model.safetensors").read_bytes()
        for name in ("distilled", "distilled-control")  # so short a GRPO may learn nothing
        for seed in distill.SEEDS
    ]
    assert len(set(weights)) == 6
    control = json.loads((paths.run("distilled-control") / "run.json").read_text())
    assert control["data"]["documents"] == 9
    log = (paths.run("student-rl") / "log.jsonl").read_text().splitlines()
    times = [json.loads(line)["seconds"] for line in log]
    assert times[-1] >= 0.05 > (times[-2] if len(times) > 1 else 0)


def test_cost_counts_the_teacher(tmp_path: Path) -> None:
    paths = pipeline.Paths(tmp_path, tmp_path)
    paths.run("distilled").mkdir(parents=True)
    run = {"minutes": 2.5, "data": {"sampling_seconds": 40, "documents": 7}}
    (paths.run("distilled") / "run.json").write_text(json.dumps(run))
    assert distill.cost(paths) == (190.0, 7)


def test_direct_documents_teach_the_answer_alone(words: Tokenizer) -> None:
    for document in distill.direct_documents(seed=2, n=20):
        _, learnt = tokenise(words, document)
        assert not learnt[0] and learnt[-1]
        assert document.pieces[1].text.startswith("<think></think><answer>")


def test_everything_is_made_after_what_it_needs() -> None:
    made: set[str] = set()
    order = stages.everything()
    assert len(set(order)) == len(order)
    for stage, name in order:
        if stage == "reason":
            assert name is not None and made.issuperset(stages.REASONING[name][0])
        if stage in ("pretrain", "reason") and name is not None:
            made.add(name)
    assert made == {*pretrain.MODELS, *stages.REASONING}
    assert order[0] == ("corpus", None) and order[-1] == ("samples", None)


def test_reproduce_skips_what_is_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = [("corpus", None), ("pretrain", "base"), ("samples", None)]
    ran: list[tuple[str, str | None]] = []

    def run(stage: str, name: str | None) -> None:
        ran.append((stage, name))
        if ran == order[:2]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reproduce(order, run, tmp_path / "work")
    assert list(reproduce(order, run, tmp_path / "work")) == ["corpus", "pretrain base", "samples"]
    assert ran == [order[0], order[1], order[1], order[2]]
    reproduce(order, run, tmp_path / "work")
    assert len(ran) == 4
    assert "stage 2 of 3, pretrain base: finished before" in capsys.readouterr().out
