"""Where the kernel's machine code is kept, whether it is there, and how it gets there.

Compiling takes about 15 s of one core, reading the code 0.4 s. So it is compiled once, by a process
of its own (`python -m model.nn.compiled`), into a folder named after the sources and this machine's
CPU: code of another version or another machine is never read. Import this before the kernel.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numba

HERE = Path(__file__).parent
SOURCES = ("simd.py", "ops.py", "layout.py", "kernel.py", "decoding.py")
DONE = "complete"


def _name() -> str:
    """Of the folder: differs with the sources, the libraries and the CPU."""
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
    digest.update(llvm.get_host_cpu_name().encode())
    digest.update(llvm.get_host_cpu_features().flatten().encode())
    for source in SOURCES:
        digest.update((HERE / source).read_bytes())
        digest.update(str((HERE / source).stat().st_mtime_ns).encode())  # numba looks at it, too
    return digest.hexdigest()[:16]


def _folder() -> Path:
    """NUMBA_CACHE_DIR if it is set, else beside the sources, else a temporary one of this user."""
    parents = [HERE / "__pycache__", Path(tempfile.gettempdir()) / f"inside-r1-{_user()}"]
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        parents.insert(0, Path(given))
    for parent in parents:
        folder = parent / f"kernel-{_name()}"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="inside-r1-"))


def _user() -> int:
    return os.getuid() if os.name == "posix" else 0


FOLDER = _folder()
# read when the kernel's functions are defined
setattr(numba.config, "CACHE_DIR", str(FOLDER))  # noqa: B010 (its module declares no types)


def native(**options: Any) -> Any:
    """numba's decorator for the kernel: without the interpreter lock, no error for a division by 0,
    and as no array is ever made inside, none is counted."""
    return numba.njit(_nrt=False, nogil=True, error_model="numpy", **options)  # type: ignore[call-overload]


def ready() -> bool:
    """Whether the kernel runs at once: its code is in the folder."""
    return (FOLDER / DONE).exists()


def compile_all() -> None:
    """Compile in this process, and keep the code. Quick if that has been done."""
    from model.nn.room import warm_up

    warm_up()
    (FOLDER / DONE).touch()


def start() -> subprocess.Popen[bytes] | None:
    """Fill the folder from a process of low priority, unless it is filled; do not wait."""
    if ready():
        return None
    # where the code is kept must be the same there
    given = {"NUMBA_CACHE_DIR": str(FOLDER.parent)}
    return subprocess.Popen(
        [sys.executable, "-m", "model.nn.compiled"],
        cwd=HERE.parents[1],
        env=os.environ | given,
        stdin=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    from model.nn.compiled import compile_all as compile_once  # the module that the kernel sees

    compile_once()
