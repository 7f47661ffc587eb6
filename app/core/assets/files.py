"""Reads the files that ship with the app, and reports a damaged one by name.

Files written by training are checked for what pages need: `read_json` with a shape. Published
figures never change by themselves: `reference` checks their hash.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from model import ASSETS

#: The hashes of the files next to it, as written by `sha256sum *.json`.
SUMS = ASSETS / "reference" / "SHA256SUMS"
LARGEST = 2**53  # beyond it, JSON's numbers are not exact


#: What reading a damaged file may raise; ValueError includes CheckpointError, ConfigError and
#: RecordError.
_DAMAGE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError),
    zlib.error,
)


class DamagedFileError(Exception):
    """A file is missing or has unexpected content; `file` is its path in `ASSETS`."""

    def __init__(self, path: Path) -> None:
        self.file = path.relative_to(ASSETS).as_posix() if ASSETS in path.parents else path.name
        super().__init__(f"{self.file} is missing or damaged")


@contextmanager
def reporting_damage(path: Path) -> Iterator[None]:
    """Turn any error in reading and interpreting a file into a DamagedFileError.

    Raises:
        DamagedFileError: instead of whatever was raised.
    """
    try:
        yield
    except _DAMAGE as error:
        raise DamagedFileError(path) from error


def read_json(path: Path, shape: object = dict) -> dict[str, Any]:
    """The JSON object in a file, checked against a shape (see `shaped`).

    Raises:
        DamagedFileError: if it cannot be read, or has another shape.
    """
    with reporting_damage(path):
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not shaped(found, shape):
            raise TypeError("unexpected JSON value")
    return found


def reference(path: Path) -> Any:
    """The content of a JSON file of assets/reference, checked against its hash.

    Raises:
        DamagedFileError: if it, or the file of its hashes, is missing or was changed.
    """
    with reporting_damage(SUMS):
        sums = dict(line.split()[::-1] for line in SUMS.read_text(encoding="utf-8").splitlines())
    with reporting_damage(path):
        text = path.read_text(encoding="utf-8")
        if hashlib.sha256(text.encode()).hexdigest() != sums[path.name]:
            raise ValueError("not what was shipped")
        return json.loads(text)


def shaped(value: object, shape: object) -> bool:
    """Whether a JSON value has a shape.

    A shape is a type, [shape of each], (shape of the first, ...), {key: shape}, or a predicate. A
    list in square brackets has at least one entry. Numbers are finite; a float may be whole. The
    key `str` stands for all keys; additional keys are allowed.
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
    """Shape: a whole number above zero."""
    return shaped(value, int) and value > 0  # type: ignore[operator]


def filled(value: object) -> bool:
    """Shape: a text that is not empty."""
    return isinstance(value, str) and bool(value)


def grid(dimensions: int) -> Callable[[object], bool]:
    """Shape: nested lists of numbers that form an array with `dimensions` dimensions."""
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
