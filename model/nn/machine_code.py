"""Where the kernel's machine code is kept: a folder that nobody else can write in.

It is named after the sources and this machine's CPU: code of another version or another machine is
never read. What fills it is `compiled`.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numba

HERE = Path(__file__).resolve().parent
BESIDE = HERE / "__pycache__"
SOURCES = ("simd.py", "ops.py", "layout.py", "kernel.py", "decoding.py")


def _name() -> str:
    """Of the folder: differs with the sources, the libraries and the CPU."""
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
    digest.update(llvm.get_host_cpu_name().encode())
    digest.update(llvm.get_host_cpu_features().flatten().encode())
    for source in SOURCES:
        digest.update((HERE / source).read_bytes())
        digest.update(str((HERE / source).stat().st_mtime_ns).encode())  # numba looks at it, too
    return digest.hexdigest()[:16]


def _parents() -> list[Path]:
    """NUMBA_CACHE_DIR if it is set, then beside the sources, then a temporary one of this user."""
    user = os.getuid() if os.name == "posix" else 0
    given = os.environ.get("NUMBA_CACHE_DIR")
    parents = [BESIDE, Path(tempfile.gettempdir()) / f"inside-r1-{user}"]
    return [Path(given).resolve(), *parents] if given else parents


def folder_in(parents: Iterable[Path]) -> Path:
    """The kernel's folder in the first of these that will do, else in a new temporary one.

    Whoever can change what lies there can run code as this user: only they may write there, nor
    may others put another folder in its place.
    """
    name = f"kernel-{_name()}"
    for parent in (one.absolute() for one in parents):
        try:
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # whoever may write beside the sources may as well change these
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
    """Whether a folder is this user's, and nobody else may write in it; a link is not."""
    if os.name != "posix":
        return True
    found = folder.lstat()
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


FOLDER = folder_in(_parents())
# read when the kernel's functions are defined
setattr(numba.config, "CACHE_DIR", str(FOLDER))  # noqa: B010 (its module declares no types)


def native(**options: Any) -> Any:
    """numba's decorator for the kernel: without the interpreter lock, no error for a division by 0,
    and as no array is ever made inside, none is counted."""
    return numba.njit(_nrt=False, nogil=True, error_model="numpy", **options)  # type: ignore[call-overload]
