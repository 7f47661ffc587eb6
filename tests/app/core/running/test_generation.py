"""The models that the server runs while the kernel is compiled in the background, and after."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
#: A server that cannot compile.
SERVER = """
import sys, threading
from app.core.running import generation
sys.executable = "false"
generation.compile_kernel()
generation.compile_kernel()
for thread in threading.enumerate():
    if thread.name == "kernel":
        thread.join()
"""


@pytest.mark.slow
def test_a_server_that_cannot_compile_its_kernel_says_so(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SERVER],
        cwd=ROOT,
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kernel")},
        capture_output=True,
        check=True,
        text=True,
    )
    assert ran.stderr.count("attempt 1 of 2") == 1
