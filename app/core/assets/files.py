"""The files that ship with the app, read so that one that is damaged is told by its name.

What training writes is checked for what pages need of it: `read_json` with a shape. What is
published elsewhere never changes by itself: `reference` knows it by its hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from model import ASSETS

#: Hashes of the files beside it, as `sha256sum *.json` writes them.
SUMS = ASSETS / "reference" / "SHA256SUMS"
LARGEST = 2**53  # of a number: beyond it JSON's are not exact, and nothing here is measured


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
    # ValueError: CheckpointError, ConfigError and RecordError, too
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
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


def reference(path: Path) -> Any:
    """The content of a JSON file of assets/reference, as it was shipped.

    Raises:
        DamagedFileError: if it, or the file of its hashes, is missing or was changed.
    """
    with reading(SUMS):
        sums = dict(line.split()[::-1] for line in SUMS.read_text(encoding="utf-8").splitlines())
    with reading(path):
        text = path.read_text(encoding="utf-8")
        if hashlib.sha256(text.encode()).hexdigest() != sums[path.name]:
            raise ValueError("not what was shipped")
        return json.loads(text)


def shaped(value: object, shape: object) -> bool:
    """Whether a JSON value is of a shape.

    A shape is a type, [shape of each], (shape of the first, ...), {key: shape}, or a function that
    says it of a value. A list in square brackets has at least one entry. Numbers are finite; a
    float may be whole. The key `str` stands for all keys; others may be there.
    """
    if isinstance(shape, list):
        return (
            isinstance(value, list) and bool(value) and all(shaped(one, shape[0]) for one in value)
        )
    if isinstance(shape, tuple):
        return (
            isinstance(value, list) and len(value) == len(shape) and all(map(shaped, value, shape))
        )
    if isinstance(shape, Mapping):
        if not isinstance(value, dict):
            return False
        if str in shape:
            return all(shaped(one, shape[str]) for one in value.values())
        return all(key in value and shaped(value[key], inner) for key, inner in shape.items())
    if shape in (int, float):
        kinds = (int,) if shape is int else (int, float)
        return type(value) in kinds and -LARGEST < value < LARGEST  # type: ignore[operator]
    if isinstance(shape, type):
        return type(value) is shape
    assert callable(shape)
    return bool(shape(value))


def count(value: object) -> bool:
    """The shape of a whole number above zero."""
    return shaped(value, int) and value > 0  # type: ignore[operator]


def filled(value: object) -> bool:
    """The shape of a text that is not empty."""
    return isinstance(value, str) and bool(value)


def grid(dimensions: int) -> Callable[[object], bool]:
    """The shape of nested lists of numbers that are an array of so many dimensions."""
    nested: object = float
    for _ in range(dimensions):
        nested = [nested]

    def regular(value: object) -> bool:
        if not shaped(value, nested):
            return False
        try:
            return np.array(value, float).ndim == dimensions
        except ValueError:  # ragged
            return False

    return regular
