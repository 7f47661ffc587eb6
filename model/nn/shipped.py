"""The checkpoints that ship with the project, and their about.json; needs no torch."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from model import ASSETS
from model.nn.config import CheckpointError

FOLDER = ASSETS / "checkpoints"
_REPEAT = re.compile(r"(.+)-seed(\d+)")


def seeded(name: str, seed: int) -> str:
    """The name of a model trained with a seed: NAME for the first, NAME-seed1 for seed 1."""
    return f"{name}-seed{seed}" if seed else name


def without_seed(name: str) -> tuple[str, int]:
    """Undo `seeded`: the name of the model with the first seed, and the seed."""
    match = _REPEAT.fullmatch(name)
    return (match[1], int(match[2])) if match else (name, 0)


@dataclass(frozen=True)
class About:
    """The about.json of a checkpoint: `family` ("base", "twin", "history", ...) and training."""

    name: str
    family: str
    tokens: int
    steps: int
    seed: int  # of its training, as its name says: 0 for the first, whatever its stages drew with
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


def on_the_way(end: Path) -> list[Path]:
    """The checkpoints of a training, by steps: NAME-step5 and so on, and its `end`, NAME."""

    def steps(path: Path) -> int:
        return int(path.name.removeprefix(f"{end.name}-step"))

    return [*sorted(end.parent.glob(f"{end.name}-step*"), key=steps), end]
