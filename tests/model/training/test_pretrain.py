"""Pre-training: the optimizer, the loss, the schedule, and a run that is killed and resumes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from model.data import corpus
from model.errors import UsageError
from model.nn import config, shipped
from model.nn.cache import Cache
from model.nn.network import Experts, Transformer
from model.runtime.engine import Engine
from model.training import heldout, pretrain, stages
from model.training.optim import Muon, orthogonalise, split_parameters
from model.training.pretrain import PretrainConfig, Pretraining, masked_loss, schedule
from tests.model.conftest import random_model, smoke, tiny_config


@pytest.mark.parametrize("shape", [(96, 256), (256, 96), (16, 96, 48), (5, 7, 24, 96), (1, 8)])
def test_orthogonalise(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    matrices = torch.randn(shape)
    done = orthogonalise(matrices)
    assert done.shape == matrices.shape
    values = torch.linalg.svdvals(done)
    assert values.min() > 0.6 and values.max() < 1.3
    torch.testing.assert_close(orthogonalise(matrices * 1e3), done, atol=1e-3, rtol=0)
    if len(shape) > 2:  # each matrix of a stack by itself
        torch.testing.assert_close(done[0], orthogonalise(matrices[0]), atol=1e-5, rtol=1e-4)
    near = torch.linalg.svd(matrices, full_matrices=False)
    direction = (done * (near.U @ near.Vh)).sum((-2, -1)) / min(shape[-2:])
    assert (direction > 0.6).all()


def test_muon_first_step() -> None:
    weight = torch.nn.Parameter(torch.zeros(8, 32))
    weight.grad = torch.randn(8, 32)
    optimizer = Muon([weight], lr=0.1)
    optimizer.step()
    torch.testing.assert_close(weight.detach(), -0.1 * orthogonalise(weight.grad))
    tall = torch.nn.Parameter(torch.zeros(32, 8))
    tall.grad = torch.randn(32, 8)
    Muon([tall], lr=0.1).step()
    torch.testing.assert_close(tall.detach(), -0.1 * 2 * orthogonalise(tall.grad))


def test_every_parameter_has_one_optimizer(tiny: config.ModelConfig) -> None:
    model = Transformer(tiny)
    matrices, others = split_parameters(model)
    ids = [id(p) for p in (*matrices, *others)]
    assert sorted(ids) == sorted(id(p) for p in model.parameters())
    names = {id(p): n for n, p in model.named_parameters()}
    by_adam = {names[id(p)] for p in others}
    assert {"model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"} <= by_adam
    assert "model.layers.1.mlp.gate.weight" in by_adam
    stacks = [m.gate_up_proj for m in model.modules() if isinstance(m, Experts)]
    assert {id(p) for p in stacks} <= {id(p) for p in matrices}


def test_masked_loss_is_the_sum_over_what_is_learnt() -> None:
    model = random_model(tiny_config("MLA"))
    ids = torch.randint(64, (3, 20))
    learnt = torch.rand(3, 20) < 0.4
    total, count = masked_loss(model, ids, learnt)
    each = F.cross_entropy(model(ids[:, :-1]).transpose(1, 2), ids[:, 1:], reduction="none")
    assert count == int(learnt[:, 1:].sum())
    torch.testing.assert_close(total, each[learnt[:, 1:]].sum())
    # a last token that is not learnt is nobody's context: it has no influence at all
    learnt[:, -1] = False
    other = ids.clone()
    other[:, -1] = (ids[:, -1] + 1) % 64
    assert masked_loss(model, ids, learnt)[0] == masked_loss(model, other, learnt)[0]


@given(
    st.integers(1, 5000), st.floats(0, 0.2), st.floats(0.05, 1), st.floats(0, 1, exclude_max=True)
)
def test_schedule_stays_in_bounds(steps: int, warmup: float, decay: float, at: float) -> None:
    run = PretrainConfig("base", seed=0, steps=steps, warmup=warmup, decay=decay)
    assert 0 < schedule(run, int(at * steps)) <= 1


def test_schedule() -> None:
    run = PretrainConfig("base", seed=0, steps=1000, warmup=0.1, decay=0.5)
    factors = [schedule(run, step) for step in range(1000)]
    assert factors[:100] == pytest.approx([(i + 1) / 100 for i in range(100)])
    assert set(factors[100:501]) == {1.0}
    assert factors[501:] == pytest.approx([(1000 - i) / 500 for i in range(501, 1000)])
    assert schedule(smoke("base"), 0) == 1.0  # no warm-up shorter than a step


@pytest.fixture(scope="module")
def small_corpus(tmp_path_factory: pytest.TempPathFactory, words: Tokenizer) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    config = corpus.CorpusConfig(0, 40, 192, words.get_vocab_size(), long_rows=12)
    corpus.build(config, folder / "corpus", words)
    return folder


class Killed(BaseException):
    """Like a kill: not an error that anything would catch."""


def run(small_corpus: Path, folder: Path, kill_after: int | None, name: str = "base") -> Path:
    """Train a smoke run, optionally killed within an update; returns the folder of its results."""
    config = replace(smoke(name), snapshots=(0.5,))
    update = Pretraining.update

    def killed_update(run: Pretraining) -> dict[str, Any]:
        if run.step == kill_after:
            raise Killed
        return update(run)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pretraining, "update", killed_update)
        pretrain.pretrain(config, small_corpus, folder / "work", folder / "out")
    return folder / "out"


def entries(out: Path, name: str = "base") -> list[dict[str, Any]]:
    lines = (out / "runs" / name / "log.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_end(small_corpus: Path, tmp_path: Path) -> None:
    whole = run(small_corpus, tmp_path / "whole", kill_after=None)
    for kill_after in (0, 3, 5):  # before the first state, between two, just after the last
        cut = tmp_path / f"cut{kill_after}"
        with pytest.raises(Killed):
            run(small_corpus, cut, kill_after)
        log = cut / "out" / "runs" / "base" / "log.jsonl"
        if kill_after == 3:
            with log.open("a") as file:
                file.write('{"step": 4, "tok')  # a line that the kill cut short
        resumed = run(small_corpus, cut, kill_after=None)
        assert entries(resumed) == entries(whole)
        for checkpoint in ("base", "base-50pct"):
            a, b = (out / "checkpoints" / checkpoint for out in (whole, resumed))
            weights = [(f / "model.safetensors").read_bytes() for f in (a, b)]
            assert weights[0] == weights[1]
            assert shipped.about(a) == shipped.about(b)
    assert [e["step"] for e in entries(whole)] == [1, 2, 3, 4, 5, 6]
    about = shipped.about(whole / "checkpoints" / "base-50pct")
    assert (about.family, about.steps, about.tokens) == ("history", 3, 3 * 4 * 192)
    assert entries(whole)[-1]["loss"] < entries(whole)[0]["loss"]


@pytest.mark.slow
def test_a_dense_model_has_no_gates_to_balance(
    small_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = run(small_corpus, tmp_path, kill_after=None, name="student-base")
    log = entries(out, "student-base")
    assert log[-1]["loss"] < log[0]["loss"]
    assert all(entry["max_vio"] == [] for entry in log)
    folder = out / "checkpoints" / "student-base"
    assert shipped.about(folder).family == "student"
    monkeypatch.setattr(heldout, "ROWS", 2)
    monkeypatch.setattr(heldout, "DOMAIN_ROWS", 4)
    found = heldout.results(Engine.load(folder), out / "runs" / "student-base")
    assert found["attention"] == "GQA" and "max_vio" not in found


def kept(shape: config.ModelConfig) -> dict[str, int]:
    """The numbers that a layer caches per token."""
    one = replace(shape, num_hidden_layers=1, first_k_dense_replace=0)
    cache = Cache(one)
    Transformer(one)(torch.tensor([[5]]), cache)
    return {name: part.numel() for name, part in cache.layers[0].items()}


def test_runs_of_twins_differ_in_kind_and_seed_only() -> None:
    runs = [pretrain.full(name) for name in pretrain.TWIN_RUNS]
    assert len(runs) == 15 and {r.seed for r in runs} == {0, 1, 2}
    assert len({replace(r, name="", seed=0) for r in runs}) == 1


@pytest.mark.slow
def test_rows_grow_long(small_corpus: Path, tmp_path: Path) -> None:
    run = replace(smoke("student-base"), short=0.5)
    trainer = Pretraining(run, small_corpus)
    seen: list[tuple[int, ...]] = []
    hidden = trainer.model.hidden

    def listening(ids: torch.Tensor, *rest: Any, **more: Any) -> torch.Tensor:
        seen.append(tuple(ids.shape))
        return hidden(ids, *rest, **more)

    trainer.model.hidden = listening  # type: ignore[method-assign]
    trainer.train(tmp_path / "work", tmp_path)
    assert seen == [(2, 192)] * 6 + [(1, 384)] * 6
    assert trainer.tokens == 768 * 6


def test_twins_see_the_same_rows_in_the_same_order(small_corpus: Path) -> None:
    runs = [
        Pretraining(smoke(name), small_corpus)
        for name, family in pretrain.FAMILIES.items()
        if family in ("base", "twin")
    ]
    for step in range(3):
        ids = [t.rows.batch(step, 4)[0] for t in runs]
        assert all(torch.equal(ids[0], other) for other in ids[1:])
    order = runs[0].rows.order
    assert sorted(order) == list(range(40))
    shapes = [t.model.config for t in runs]
    assert [c.attention for c in shapes] == ["MLA"] + ["MLA", "MLA", "MHA", "GQA", "MQA"] * 3
    numbers = {name: sum(kept(pretrain.TWINS[name](768)).values()) for name in pretrain.TWINS}
    assert numbers == {
        "base-mla": 72, "base-mla32": 32, "base-mha": 256, "base-gqa": 128, "base-mqa": 32
    }  # fmt: skip
    same = ("hidden_size", "n_routed_experts", "num_experts_per_tok", "num_hidden_layers")
    for name in same:
        assert len({vars(c)[name] for c in shapes}) == 1


def test_the_auxiliary_loss_is_the_papers_and_evens_the_load() -> None:
    model = random_model(tiny_config("MLA"), seed=2).requires_grad_(True)
    gate = next(iter(model.gates().values()))
    x_ND = torch.randn(50, gate.weight.shape[1]) + 1  # alike, so that few experts are liked
    for _ in range(2):  # what a tap holds is what one pass saw, and the layers' sum
        tap = pretrain.AuxiliaryLossTap()
        weights, ids, scores = gate(x_ND)
        tap.gate(1, ids, weights, scores, gate.e_score_correction_bias)
    experts, chosen = scores.shape[1], ids.shape[1]
    expected = 0.0
    for e in range(experts):
        f = experts / (chosen * 50) * sum(e in row for row in ids.tolist())
        expected += f * np.mean(scores[:, e].detach().numpy() / scores.detach().numpy().sum(1))
    loss = tap.take()
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-5) and tap.take() == 0
    assert tap.load[1].tolist() == ids.flatten().bincount(minlength=experts).tolist()
    loss.backward()
    busy, idle = tap.load[1].argmax(), tap.load[1].argmin()
    assert gate.weight.grad is not None
    toward = -(gate.weight.grad @ x_ND.mean(0))  # a step down the gradient moves scores by this
    assert toward[busy] < toward[idle]
    before = pretrain.max_violation(tap.load[1])
    optimizer = torch.optim.Adam([gate.weight], lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        tap = pretrain.AuxiliaryLossTap()
        weights, ids, scores = gate(x_ND)
        tap.gate(1, ids, weights, scores, gate.e_score_correction_bias)
        tap.take().backward()
        optimizer.step()
    assert pretrain.max_violation(tap.load[1]) < before / 2


@pytest.mark.slow
def test_runs_on_balance_differ_in_what_balances_only(small_corpus: Path, tmp_path: Path) -> None:
    runs = [pretrain.full(name) for name in pretrain.BALANCE]
    same = [replace(r, name="", bias_update_speed=0, aux_loss_alpha=0) for r in runs]
    assert same == [same[0]] * 3
    logs = {}
    for name, (speed, alpha) in pretrain.BALANCE.items():
        config = replace(smoke(name), bias_update_speed=speed, aux_loss_alpha=alpha, log_load=True)
        pretrain.pretrain(config, small_corpus, tmp_path / "work", tmp_path / "out")
        logs[name] = entries(tmp_path / "out", name)
    first = [log[0] for log in logs.values()]
    assert first[0]["load"] == first[1]["load"] == first[2]["load"]
    assert first[0]["loss"] == first[1]["loss"]  # the task's own, without the auxiliary loss
    for name, log in logs.items():
        moved = any(b for layer in log[-1]["bias"] for b in layer)
        assert moved == (name == "balance-bias")
        for entry in log:
            chosen = pretrain.MODELS[name](100).num_experts_per_tok
            assert {sum(layer) for layer in entry["load"]} == {4 * 192 * chosen}
            vio = [max(layer) / (sum(layer) / len(layer)) - 1 for layer in entry["load"]]
            assert entry["max_vio"] == pytest.approx(vio, abs=1e-3)
    assert logs["balance-loss"][-1]["load"] != logs["balance-none"][-1]["load"]


@pytest.mark.parametrize(
    ("stage", "name"),
    [("cook", None), ("pretrain", None), ("pretrain", "x"), ("heldout", "x"), ("corpus", "base")],
)
def test_wrong_stage_or_name(stage: str, name: str | None) -> None:
    with pytest.raises(UsageError, match=r"no stage|needs a model|takes no name"):
        stages.run(stage, name)
