"""The one training loop: its log, its saved state, a kill at any step, a full disk; and losses that
were recorded before pre-training and fine-tuning shared it."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model.errors import UsageError
from model.nn import tokenizer
from model.nn.config import ModelConfig
from model.nn.network import Transformer
from model.training import pretrain, sft
from model.training.loop import TrainingRun
from tests.model.conftest import random_model, smoke, tiny_config

STEPS = 7


class Toy(TrainingRun):
    """Moves the first norm's weights by random numbers that depend on the step."""

    def __init__(self, name: str = "toy", steps: int = STEPS, **limits: Any) -> None:
        model = random_model(tiny_config("MLA")).requires_grad_(True)
        self.weight = model.model.norm.weight
        optimizer = torch.optim.AdamW([self.weight], lr=0.1)
        limits = {"save_every": 3} | limits
        super().__init__(name, model, {"adamw": optimizer}, {"steps": steps}, steps, **limits)

    def update(self) -> dict[str, Any]:
        target = torch.randn(self.weight.shape, generator=torch.Generator().manual_seed(self.step))
        loss = ((self.weight - target) ** 2).mean()
        loss.backward()
        self.optimizers["adamw"].step()
        self.optimizers["adamw"].zero_grad()
        self.tokens += 10
        return {"loss": loss.item(), "said": "먼저"}

    def summary(self, entry: Mapping[str, Any]) -> str:
        return f"loss {entry['loss']:.2f}"


class Killed(BaseException):
    """Like a kill: not an error that anything would catch."""


def log(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


def test_steps_tokens_and_time_are_counted(tmp_path: Path, capsys: Any) -> None:
    run = Toy(report_every=3)
    run.train(tmp_path / "work", tmp_path / "run")
    assert [(e["step"], e["tokens"], e["said"]) for e in log(tmp_path / "run")] == [
        (i, 10 * i, "먼저") for i in range(1, STEPS + 1)
    ]
    assert run.progress == 1 and run.seconds > 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in told] == [f"toy: step {i}/7" for i in (3, 6, 7)]
    assert "  loss " in told[0] and told[-1].endswith(" tokens/s  0 min left")
    assert "먼저" in (tmp_path / "run/log.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("kill_after", range(1, STEPS + 1))
def test_a_killed_run_ends_as_if_it_had_not_been(tmp_path: Path, kill_after: int) -> None:
    whole, seen = Toy(), []
    whole.train(tmp_path / "whole/work", tmp_path / "whole", lambda: seen.append(whole.step))
    assert seen == [*range(1, STEPS + 1)]
    first = Toy()

    def die() -> None:
        if first.step == kill_after:
            raise Killed

    with pytest.raises(Killed):
        first.train(tmp_path / "work", tmp_path / "run", die)
    with (tmp_path / "run/log.jsonl").open("a") as file:
        file.write('{"step": 8, "tok')  # a line that the kill cut short
    second = Toy()
    again: list[int] = []
    second.train(tmp_path / "work", tmp_path / "run", lambda: again.append(second.step))
    assert torch.equal(second.weight, whole.weight)
    assert log(tmp_path / "run") == log(tmp_path / "whole")
    assert again == [*range((kill_after - 1) // 3 * 3 + 1, STEPS + 1)]  # none is missed
    third = Toy()
    third.train(tmp_path / "work", tmp_path / "run", die)  # nothing is left to do
    assert torch.equal(third.weight, whole.weight) and third.seconds == second.seconds


def test_a_run_without_its_state_begins_anew(tmp_path: Path) -> None:
    Toy().train(tmp_path / "work", tmp_path / "run")
    (tmp_path / "work/toy/state.pt").unlink()
    Toy().train(tmp_path / "work", tmp_path / "run")
    assert [e["step"] for e in log(tmp_path / "run")] == [*range(1, STEPS + 1)]


def test_a_state_of_other_settings_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    class Other(Toy):
        pass

    Toy().train(tmp_path / "work", tmp_path / "run")
    before = (tmp_path / "run/log.jsonl").read_bytes()
    for run, differs in ((Toy(steps=9), "steps"), (Other(), "kind")):
        with pytest.raises(UsageError, match=f"begun with another {differs}:"):
            run.train(tmp_path / "work", tmp_path / "run")
    assert (tmp_path / "run/log.jsonl").read_bytes() == before


def test_a_run_can_end_by_the_clock(tmp_path: Path) -> None:
    for folder, seconds, steps in (("short", 1e-9, 1), ("long", 1e9, STEPS)):
        run = Toy(max_seconds=seconds)
        run.train(tmp_path / folder, tmp_path / folder)
        again = Toy(max_seconds=seconds)
        again.train(tmp_path / folder, tmp_path / folder)
        assert run.step == again.step == steps


def full_disk(wrapped: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Make a method of Path write half and fail, for files with such a name."""

    def failing(self: Path, content: bytes) -> int:
        if name in self.name:
            wrapped(self, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(wrapped(self, content))

    return failing


def test_a_full_disk_leaves_the_last_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Toy()

    def fill() -> None:
        if run.step == 5:
            monkeypatch.setattr(Path, "write_bytes", full_disk(Path.write_bytes, "state"))

    with pytest.raises(OSError, match=r"could not write to .*toy: No space left on device") as told:
        run.train(tmp_path / "work", tmp_path / "run", fill)
    assert "\n" not in str(told.value)
    assert [p.name for p in (tmp_path / "work/toy").iterdir()] == ["state.pt"]
    monkeypatch.undo()
    resumed, whole = Toy(), Toy()
    resumed.train(tmp_path / "work", tmp_path / "run")
    whole.train(tmp_path / "w", tmp_path / "r")
    assert torch.equal(resumed.weight, whole.weight)
    assert log(tmp_path / "run") == log(tmp_path / "r")


SHAPE = ModelConfig(
    vocab_size=300,
    hidden_size=32,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=4,
    intermediate_size=48,
    moe_intermediate_size=16,
    n_routed_experts=8,
    n_shared_experts=1,
    num_experts_per_tok=4,
    n_group=4,
    topk_group=2,
    routed_scaling_factor=2.0,
    norm_topk_prob=True,
    first_k_dense_replace=1,
    max_position_embeddings=32,
    kv_lora_rank=16,
    qk_nope_head_dim=8,
    qk_rope_head_dim=8,
    v_head_dim=8,
)


def test_losses_are_those_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The losses were recorded with the former separate loops of both, on random rows."""
    random = np.random.default_rng(0)
    ids = random.integers(3, 40, (24, 33)).astype(np.uint16)
    learnt = random.random(ids.shape) < 0.8
    np.savez(tmp_path / "train.npz", ids=ids, learnt=np.packbits(learnt, axis=1))
    words = tokenizer.train(["a"], 263)
    words.save(str(tmp_path / "tokenizer.json"))
    monkeypatch.setitem(pretrain.MODELS, "base", lambda _: SHAPE)
    config = replace(smoke("base"), rows_per_step=6, corpus=".")
    pretrain.pretrain(config, tmp_path, tmp_path / "work", tmp_path / "out")
    entries = log(tmp_path / "out/runs/base")
    assert [e["loss"] for e in entries] == pytest.approx(PRETRAINING, abs=2e-3)
    assert [e["tokens"] for e in entries] == [6 * 32 * i for i in range(1, 7)]

    packed = torch.from_numpy(ids.astype(np.int64)), torch.from_numpy(learnt)
    monkeypatch.setattr(sft, "pack_documents", lambda *_: packed)
    torch.manual_seed(0)
    settings = sft.SFTConfig("tiny", seed=0, epochs=2, rows_per_step=7)
    run = sft.FineTuning(settings, Transformer(SHAPE), words, [])
    run.train(tmp_path / "work", tmp_path / "sft")
    assert [e["loss"] for e in log(tmp_path / "sft")] == pytest.approx(FINE_TUNING, abs=2e-3)


PRETRAINING = [5.7406, 5.6666, 5.6101, 5.4833, 5.1623, 5.0835]
FINE_TUNING = [5.7697, 5.7576, 5.7142, 5.7073, 5.4989, 5.5748, 5.4636, 5.5042]


def test_fine_tuning_on_nothing_is_refused() -> None:
    words = tokenizer.train(["a"], 263)
    config = sft.SFTConfig("tiny", seed=0, epochs=2)
    with pytest.raises(ValueError, match="tiny has no documents"):
        sft.FineTuning(config, random_model(tiny_config("MLA")), words, [])
