"""Whether the kernel's machine code is there, and how it gets there.

Compiling takes about 15 s of one core, reading the code 0.2 s. So it is compiled once, by a process
of its own (`python -m model.nn.compiled`), into the folder that `machine_code` has found.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

from model.nn.machine_code import FOLDER
from model.nn.workspace import warm_up

_LOG = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
DONE = "complete"
ATTEMPTS = 2  # a lack of memory may be over a moment later


def ready() -> bool:
    """Whether the compiled code is in the folder, so that the kernel can run at once."""
    return (FOLDER / DONE).exists()


def compile_all() -> None:
    """Compile in this process, and keep the code. Quick if that has been done."""
    warm_up()
    (FOLDER / DONE).touch()


def start() -> subprocess.Popen[bytes] | None:
    """Start a process that fills the folder, without waiting; None if it is filled already."""
    if ready():
        return None
    # the other process must use the same folder
    given = {"NUMBA_CACHE_DIR": str(FOLDER.parent)}
    return subprocess.Popen(
        [sys.executable, "-m", "model.nn.compiled"],
        cwd=ROOT,
        env=os.environ | given,
        stdin=subprocess.DEVNULL,
    )


def compile_apart() -> None:
    """Fill the folder as `start` does and wait for it; log a failure and try once more."""
    for attempt in range(1, ATTEMPTS + 1):
        process = start()
        if process is None or process.wait() == 0:
            return
        _LOG.error(
            "the kernel was not compiled (attempt %d of %d): the process ended with %d",
            attempt,
            ATTEMPTS,
            process.returncode,
        )


if __name__ == "__main__":
    compile_all()
