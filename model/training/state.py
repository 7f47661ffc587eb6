"""The files that a training run needs to resume after a kill: its whole state, and its log."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.errors import UsageError
from model.nn.files import write_files


def digest(tensors: Iterable[Tensor]) -> str:
    """A short hash of tensors, such as the initial weights or the data of a run."""
    content = hashlib.sha256()
    for tensor in tensors:
        content.update(tensor.detach().contiguous().view(torch.uint8).numpy().tobytes())
    return content.hexdigest()[:16]


def save_state(path: Path, settings: Mapping[str, Any], state: dict[str, Any]) -> None:
    """Write the state of a run together with its settings.

    Raises:
        WriteError: if the disk is full; the previously saved state is kept.
    """
    content = io.BytesIO()  # on a full disk, torch.save to a file would leave half of it
    torch.save(state | {"settings": dict(settings)}, content)
    write_files(path.parent, {path.name: content.getvalue()})


def load_state(path: Path, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Load the state that `save_state` wrote; None if there is none.

    Raises:
        UsageError: if the run was begun with other settings, weights or data: continuing it would
            give neither the old run nor the new one.
    """
    if not path.exists():
        return None
    # weights_only refuses pickles that could execute code
    state: dict[str, Any] = torch.load(path, weights_only=True)
    begun = state.get("settings", {})
    missing = object()
    differ = [
        key
        for key in sorted(begun.keys() | settings.keys())
        if begun.get(key, missing) != settings.get(key, missing)
    ]
    if differ:
        said = (
            f"was begun with another {', '.join(differ)}" if begun else "does not say its settings"
        )
        raise UsageError(f"the run in {path.parent} {said}: delete the folder to start over")
    return state


def truncate_log(path: Path, step: int) -> None:
    """Keep the first `step` entries of a log, dropping those after the state that a run resumes
    from, including a line that a kill cut short."""
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)[:step]
        write_files(path.parent, {path.name: "".join(lines).encode()})
