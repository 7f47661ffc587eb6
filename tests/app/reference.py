"""The PyTorch network of shipped checkpoints, to compare with what pages show."""

from __future__ import annotations

import functools

from model.nn import shipped
from model.runtime.engine import Engine


@functools.lru_cache(maxsize=4)
def engine(name: str) -> Engine:
    """The engine of a shipped checkpoint."""
    return Engine.load(shipped.folders()[name])
