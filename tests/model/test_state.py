"""Training states: whole or refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from model.training.state import load_state, save_state, truncate_log


@dataclass(frozen=True)
class Settings:
    lr: float
    levels: dict[str, tuple[int, ...]]
    seconds: float | None = None


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    path, settings = tmp_path / "run" / "state.pt", Settings(0.1, {"chain": (2, 3)})
    assert load_state(path, settings) is None
    save_state(path, settings, {"step": 3, "model": {"w": torch.arange(4.0)}})
    save_state(path, settings, {"step": 4, "model": {"w": torch.arange(4.0) + 1}})
    state = load_state(path, settings)
    assert state is not None and state["step"] == 4
    assert torch.equal(state["model"]["w"], torch.arange(4.0) + 1)
    assert [p.name for p in path.parent.iterdir()] == ["state.pt"]


def test_a_run_begun_with_other_settings_is_not_gone_on_with(tmp_path: Path) -> None:
    path, settings = tmp_path / "run" / "state.pt", Settings(0.1, {"chain": (2, 3)})
    save_state(path, settings, {"step": 3})
    changed = replace(settings, lr=0.2, seconds=5.0)
    with pytest.raises(ValueError, match=r"other settings \(lr, seconds\): delete .*run to begin"):
        load_state(path, changed)
    torch.save({"step": 3}, path)  # of a time before settings were kept
    with pytest.raises(ValueError, match=r"lr, levels, seconds"):
        load_state(path, settings)


def test_truncate_log(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    truncate_log(log, 3)  # nothing there yet
    log.write_text('{"step": 1}\n{"step": 2}\n{"st')
    truncate_log(log, 2)
    assert log.read_text() == '{"step": 1}\n{"step": 2}\n'
    truncate_log(log, 0)
    assert log.read_text() == ""
