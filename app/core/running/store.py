"""A bounded store of results by id: sessions and URLs hold ids, never results."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

KEPT = 256


class HasId(Protocol):
    @property
    def id(self) -> str: ...


Kept = TypeVar("Kept", bound=HasId)


class Store(Generic[Kept]):
    """The last `size` results, evicting the oldest first; thread-safe."""

    def __init__(self, size: int = KEPT) -> None:
        self._size = size
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, result: Kept) -> str:
        """Keep a result; returns its id."""
        with self._lock:
            self._kept[result.id] = result
            self._kept.move_to_end(result.id)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return result.id

    def get(self, result_id: str | None) -> Kept | None:
        """The result, or None if it is unknown or was evicted."""
        with self._lock:
            return self._kept.get(result_id) if result_id else None
