"""The files that ship with the app, read so that one that is damaged is told by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from model import ASSETS
from model.nn.config import CheckpointError
from model.record.trace import RecordError


class DamagedFileError(Exception):
    """A file is missing, or holds something else than it should; `file` is its path in `ASSETS`."""

    def __init__(self, path: Path) -> None:
        self.file = path.relative_to(ASSETS).as_posix() if ASSETS in path.parents else path.name
        super().__init__(f"{self.file} is missing or damaged")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file's content is read and understood into one error.

    Raises:
        DamagedFileError: instead of whatever was raised.
    """
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedFileError(path) from error
    except (CheckpointError, RecordError) as error:
        raise DamagedFileError(path) from error


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        DamagedFileError: if it cannot be read, or holds none.
    """
    with reading(path):
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise TypeError("no JSON object")
    return found
