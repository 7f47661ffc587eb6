"""What a training run keeps so that it can go on after a kill: its whole state, and its log."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch


def save_state(path: Path, config: Any, state: dict[str, Any]) -> None:
    """Write the state and the run's settings (a dataclass) beside the old file, then swap.

    A kill leaves one of the two.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".tmp")
    torch.save(state | {"settings": asdict(config)}, fresh)
    fresh.replace(path)


def load_state(path: Path, config: Any) -> dict[str, Any] | None:
    """The state that `save_state` wrote, None where there is none.

    Raises:
        ValueError: if the run was begun with other settings: its end would be that of neither.
    """
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, weights_only=True)
    begun, now = state.get("settings", {}), asdict(config)
    if differ := [key for key in now if key not in begun or begun[key] != now[key]]:
        raise ValueError(
            f"{path} was begun with other settings ({', '.join(differ)}): "
            f"delete {path.parent} to begin anew"
        )
    return state


def truncate_log(path: Path, step: int) -> None:
    """Keep the first `step` entries: what came after the state that a run resumes from goes, and
    with it a line that a kill cut short."""
    if path.exists():
        kept = path.read_text(encoding="utf-8").splitlines(keepends=True)[:step]
        path.write_text("".join(kept), encoding="utf-8")
