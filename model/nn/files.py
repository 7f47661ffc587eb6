"""Atomic file writes: a full disk or a kill leaves the previous content."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class WriteError(OSError):
    """The disk is full or the folder is not writable; has `errno`, `strerror`, and the folder's
    `filename`."""

    def __str__(self) -> str:
        return f"could not write to {self.filename}: {self.strerror}"


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write several files to a folder, creating it if needed. Temporary files are written first and
    then renamed, which takes no more disk space.

    Raises:
        WriteError: if the disk is full or the folder cannot be written; nothing has changed then.
    """
    fresh = {folder / name: folder / f"{name}.tmp" for name in contents}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in zip(fresh.values(), contents.values(), strict=True):
            file.write_bytes(content)
    except OSError as error:
        for file in fresh.values():
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
        raise WriteError(error.errno, error.strerror, str(folder)) from None
    for path, file in fresh.items():
        file.replace(path)


def write_json(path: Path, content: Any, indent: int | None = None) -> None:
    """Write a JSON file.

    Raises:
        WriteError: as in `write_files`.
    """
    text = json.dumps(content, indent=indent, ensure_ascii=False) + "\n"
    write_files(path.parent, {path.name: text.encode()})


def append_line(path: Path, line: str) -> None:
    """Append a line to a file in an existing folder.

    Raises:
        WriteError: if the disk is full; the file then ends as it did before.
    """
    size = path.stat().st_size if path.exists() else 0
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as error:
        if path.exists():
            os.truncate(path, size)
        raise WriteError(error.errno, error.strerror, str(path.parent)) from None
