"""What a training run keeps so that it can go on after a kill: its whole state, and its log."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def digest(tensors: Iterable[Tensor]) -> str:
    """A short name of the tensors' content: of the weights or the data that a run begins with."""
    content = hashlib.sha256()
    for tensor in tensors:
        content.update(tensor.detach().contiguous().view(torch.uint8).numpy().tobytes())
    return content.hexdigest()[:16]


def save_state(path: Path, settings: Mapping[str, Any], state: dict[str, Any]) -> None:
    """Write the state and all that the run follows from beside the old file, then swap.

    A kill leaves one of the two.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".tmp")
    torch.save(state | {"settings": dict(settings)}, fresh)
    fresh.replace(path)


def load_state(path: Path, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """The state that `save_state` wrote, None where there is none.

    Raises:
        ValueError: if it was begun with other settings, weights or data: its end would be that of
            neither run.
    """
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, weights_only=True)
    begun = state.get("settings", {})
    missing = object()
    differ = [
        key
        for key in sorted(begun.keys() | settings.keys())
        if begun.get(key, missing) != settings.get(key, missing)
    ]
    if differ:
        said = f"begun with another {', '.join(differ)}" if begun else "kept without its settings"
        raise ValueError(f"{path} was {said}: delete {path.parent} to begin anew")
    return state


def truncate_log(path: Path, step: int) -> None:
    """Keep the first `step` entries: what came after the state that a run resumes from goes, and
    with it a line that a kill cut short."""
    if path.exists():
        kept = path.read_text(encoding="utf-8").splitlines(keepends=True)[:step]
        path.write_text("".join(kept), encoding="utf-8")
