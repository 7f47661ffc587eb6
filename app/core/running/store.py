"""A bounded store of results by id: sessions and URLs hold ids, never results."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

MOST = 256


class HasId(Protocol):
    @property
    def id(self) -> str: ...


Stored = TypeVar("Stored", bound=HasId)


class Store(Generic[Stored]):
    """The last `size` results, evicting the oldest first; thread-safe."""

    def __init__(self, size: int = MOST) -> None:
        self._size = size
        self._results: OrderedDict[str, Stored] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, result: Stored) -> str:
        """Keep a result; returns its id."""
        with self._lock:
            self._results[result.id] = result
            self._results.move_to_end(result.id)
            while len(self._results) > self._size:
                self._results.popitem(last=False)
        return result.id

    def get(self, result_id: str | None) -> Stored | None:
        """The result, or None if it is unknown or was evicted."""
        with self._lock:
            return self._results.get(result_id) if result_id else None
