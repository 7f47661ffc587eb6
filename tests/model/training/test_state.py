"""Training states: whole or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from model.errors import UsageError
from model.training.state import digest, load_state, save_state, truncate_log

SETTINGS = {"lr": 0.1, "levels": {"chain": (2, 3)}, "seconds": None, "start": "ab12"}


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "run" / "state.pt"
    assert load_state(path, SETTINGS) is None
    save_state(path, SETTINGS, {"step": 3, "model": {"w": torch.arange(4.0)}})
    save_state(path, SETTINGS, {"step": 4, "model": {"w": torch.arange(4.0) + 1}})
    state = load_state(path, SETTINGS)
    assert state is not None and state["step"] == 4
    assert torch.equal(state["model"]["w"], torch.arange(4.0) + 1)
    assert [p.name for p in path.parent.iterdir()] == ["state.pt"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (SETTINGS | {"lr": 0.2, "seconds": 5.0}, "lr, seconds"),
        (SETTINGS | {"start": "cd34"}, "start"),
        (SETTINGS | {"new": 1}, "new"),
        ({key: SETTINGS[key] for key in ("lr", "levels", "start")}, "seconds"),
    ],
)
def test_a_run_begun_otherwise_is_not_gone_on_with(
    tmp_path: Path, changed: dict[str, object], told: str
) -> None:
    path = tmp_path / "run" / "state.pt"
    save_state(path, SETTINGS, {"step": 3})
    with pytest.raises(UsageError, match=rf"run was begun with another {told}: delete the folder"):
        load_state(path, changed)


def test_a_state_of_a_time_before_settings_were_kept_is_told(tmp_path: Path) -> None:
    torch.save({"step": 3}, tmp_path / "state.pt")
    with pytest.raises(UsageError, match="does not say its settings"):
        load_state(tmp_path / "state.pt", SETTINGS)


def test_a_digest_is_of_the_content() -> None:
    one = torch.arange(6.0)
    assert digest([one]) == digest([one.clone()]) == digest([one.view(2, 3)])
    assert digest([one]) != digest([one + 1e-6])
    assert digest([one.bool()]) != digest([one])


def test_truncate_log(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    truncate_log(log, 3)  # nothing there yet
    log.write_text('{"step": 1}\n{"step": 2}\n{"st')
    truncate_log(log, 2)
    assert log.read_text() == '{"step": 1}\n{"step": 2}\n'
    truncate_log(log, 0)
    assert log.read_text() == ""
