"""The files that ship with the app, read so that one that is damaged is told by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
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


def read_json(path: Path, shape: object = dict) -> dict[str, Any]:
    """The JSON object in a file, of a shape that `shaped` describes.

    Raises:
        DamagedFileError: if it cannot be read, or holds something else.
    """
    with reading(path):
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not shaped(found, shape):
            raise TypeError("another JSON value than wanted")
    return found


def shaped(value: object, shape: object) -> bool:
    """Whether a JSON value is of a shape: a type, [shape of each], or {key: shape}.

    A float is finite, and may be whole; the key `str` stands for all keys; others may be there.
    """
    if isinstance(shape, list):
        return isinstance(value, list) and all(shaped(one, shape[0]) for one in value)
    if isinstance(shape, Mapping):
        if not isinstance(value, dict):
            return False
        if str in shape:
            return all(shaped(one, shape[str]) for one in value.values())
        return all(key in value and shaped(value[key], inner) for key, inner in shape.items())
    if shape is float:
        return isinstance(value, (int, float)) and type(value) is not bool and isfinite(value)
    return type(value) is shape
