"""The cache of the kernel's machine code: where it is, whether it is filled, how to fill it.

Compiling takes about 15 s of one core, reading the code 0.2 s. So it is compiled once, by a process
of its own (`python -m model.nn.compiled`), into a folder named after the sources and this machine's
CPU: code of another version or machine is never loaded. Import this module before the kernel.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numba

_LOG = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
BESIDE = HERE / "__pycache__"
SOURCES = ("simd.py", "ops.py", "layout.py", "kernel.py", "decoding.py")
DONE = "complete"
ATTEMPTS = 2  # a lack of memory may be over a moment later


def _name() -> str:
    """The folder's name, a hash of the sources, the libraries and the CPU."""
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
    digest.update(llvm.get_host_cpu_name().encode())
    digest.update(llvm.get_host_cpu_features().flatten().encode())
    for source in SOURCES:
        digest.update((HERE / source).read_bytes())
        digest.update(str((HERE / source).stat().st_mtime_ns).encode())  # numba checks it, too
    return digest.hexdigest()[:16]


def _parents() -> list[Path]:
    """NUMBA_CACHE_DIR if set, then next to the sources, then this user's temporary folder."""
    user = os.getuid() if os.name == "posix" else 0
    given = os.environ.get("NUMBA_CACHE_DIR")
    parents = [BESIDE, Path(tempfile.gettempdir()) / f"inside-r1-{user}"]
    return [Path(given).resolve(), *parents] if given else parents


def folder_in(parents: Iterable[Path]) -> Path:
    """The kernel's folder in the first usable parent, else in a new temporary one.

    Whoever can change its files can run code as this user, so nobody else may be able to write
    there or to replace the folder.
    """
    name = f"kernel-{_name()}"
    for parent in (one.absolute() for one in parents):
        try:
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # whoever may write next to the sources could change the sources themselves
            if parent != BESIDE and not _private(parent):
                continue
            (parent / name).mkdir(mode=0o700, exist_ok=True)
            with tempfile.TemporaryFile(dir=parent / name):
                if _private(parent / name):
                    return parent / name
        except OSError:
            continue
    folder = Path(tempfile.mkdtemp(prefix="inside-r1-")) / name
    folder.mkdir(mode=0o700)
    return folder


def _private(folder: Path) -> bool:
    """Whether a folder belongs to this user and nobody else may write to it; False for a link."""
    if os.name != "posix":
        return True
    found = folder.lstat()
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


FOLDER = folder_in(_parents())
# read when the kernel's functions are defined
setattr(numba.config, "CACHE_DIR", str(FOLDER))  # noqa: B010 (its module declares no types)


def native(**options: Any) -> Any:
    """numba's decorator for the kernel: it releases the interpreter lock, does not raise on a
    division by zero, and counts no references, since the kernel never allocates an array."""
    return numba.njit(_nrt=False, nogil=True, error_model="numpy", **options)  # type: ignore[call-overload]


def ready() -> bool:
    """Whether the compiled code is in the folder, so that the kernel can run at once."""
    return (FOLDER / DONE).exists()


def compile_all() -> None:
    """Compile in this process and keep the code; quick if it was compiled before."""
    from model.nn.workspace import warm_up  # the kernel imports this module, for `native`

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
        cwd=HERE.parents[1],
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
    from model.nn.compiled import compile_all as compile_once  # the module that the kernel sees

    compile_once()
