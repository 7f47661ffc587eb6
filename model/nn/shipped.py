"""The checkpoints that ship with the project, and their about.json; needs no torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from model import ASSETS
from model.nn.config import CheckpointError

FOLDER = ASSETS / "checkpoints"


@dataclass(frozen=True)
class About:
    """The about.json of a checkpoint: `family` ("base", "twin", "history", ...) and training."""

    name: str
    family: str
    tokens: int
    steps: int
    seed: int
    date: str  # ISO, of the end of training


def about(folder: Path) -> About:
    """Read the about.json of a checkpoint folder.

    Raises:
        CheckpointError: if it is missing or incomplete.
    """
    try:
        return About(**json.loads((folder / "about.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{folder.name} has no usable about.json.") from error


def folders() -> dict[str, Path]:
    """The folders of all shipped checkpoints, by name."""
    return {path.parent.name: path.parent for path in sorted(FOLDER.glob("*/about.json"))}
