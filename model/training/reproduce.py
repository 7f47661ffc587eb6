"""Trains every model from scratch, in order: `python -m model train reproduce`.

Finished stages are noted in the work folder and skipped when the command is run again; an
interrupted stage resumes from its last saved state. To start over, delete the work folder.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from model.nn.files import write_json

StageName = tuple[str, str | None]  # a stage, and the name of its model


def reproduce(
    stages: Sequence[StageName], run: Callable[[str, str | None], Any], work: Path
) -> dict[str, float]:
    """Run all stages that are not finished yet; returns the minutes of each, by its label.

    For an interrupted stage, only its last part is counted.
    """
    done_file = work / "reproduced.json"
    done: dict[str, float] = json.loads(done_file.read_text()) if done_file.exists() else {}
    for i, (stage, name) in enumerate(stages, 1):
        label = f"{stage} {name}" if name else stage
        head = f"stage {i} of {len(stages)}, {label}"
        if label in done:
            print(f"{head}: finished before, {done[label]:.1f} min", flush=True)
            continue
        print(f"{head}: begins", flush=True)
        started = time.perf_counter()
        run(stage, name)
        done[label] = round((time.perf_counter() - started) / 60, 2)
        write_json(done_file, done, indent=1)
        print(f"{head}: {done[label]:.1f} min, {sum(done.values()):.1f} min in all", flush=True)
    return done
