"""Helpers that commands share."""

from __future__ import annotations

from pathlib import Path

from model.errors import UsageError
from model.nn import shipped


def shipped_folder(name: str) -> Path:
    """The folder of a shipped checkpoint.

    Raises:
        UsageError: if none has this name.
    """
    folders = shipped.folders()
    if name not in folders:
        known = ", ".join(folders) or "none is shipped yet"
        raise UsageError(f"there is no model {name!r}; choose one of: {known}")
    return folders[name]
