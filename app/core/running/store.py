"""Ended results by id, bounded: sessions and URLs hold ids, never results. And recorded runs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from app.core.assets import models
from app.core.assets.files import read_json, reading
from model import ASSETS
from model.record.trace import Trace

KEPT = 256


class HasId(Protocol):
    @property
    def id(self) -> str: ...


Kept = TypeVar("Kept", bound=HasId)


class Store(Generic[Kept]):
    """The last `size` results, oldest out first; safe for threads."""

    def __init__(self, size: int = KEPT) -> None:
        self._size = size
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, result: Kept) -> str:
        """Keep a result; return its id."""
        with self._lock:
            self._kept[result.id] = result
            self._kept.move_to_end(result.id)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return result.id

    def get(self, result_id: str | None) -> Kept | None:
        """The result, or None if it is unknown or was pushed out."""
        with self._lock:
            return self._kept.get(result_id) if result_id else None


@lru_cache(maxsize=32)
def sample(name: str) -> Trace:
    """A recorded run: assets/samples/NAME.json."""
    path = ASSETS / "samples" / f"{name}.json"
    with reading(path):
        found = Trace.from_json(read_json(path))
        models.folder(found.card.name)  # its model ships, too
        if not found.expert_ids.size:
            raise ValueError("a run of our own has experts")
    return found
