"""The checkpoints that ship with the project, and what each says about itself. No torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from model import ASSETS
from model.nn.config import CheckpointError

FOLDER = ASSETS / "checkpoints"


@dataclass(frozen=True)
class About:
    """What a checkpoint is: its `family` ("base", "twin", "history", ...), its training."""

    name: str
    family: str
    tokens: int
    steps: int
    seed: int
    date: str  # ISO, of the end of training


def about(folder: Path) -> About:
    """What the about.json of a checkpoint folder says.

    Raises:
        CheckpointError: if it is missing or incomplete.
    """
    try:
        return About(**json.loads((folder / "about.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{folder.name} has no usable about.json.") from error


def folders() -> dict[str, Path]:
    """Names and folders of all shipped checkpoints."""
    return {path.parent.name: path.parent for path in sorted(FOLDER.glob("*/about.json"))}
