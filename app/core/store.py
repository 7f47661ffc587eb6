"""Finished traces by id, bounded: sessions and URLs hold ids, never traces."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import streamlit as st

from model import ASSETS
from model.record.trace import Trace

if TYPE_CHECKING:
    from model.nn.cache import Cache, Prefix

KEPT = 256


class HasId(Protocol):
    @property
    def id(self) -> str: ...


Kept = TypeVar("Kept", bound=HasId)


class Store(Generic[Kept]):
    """The last `size` traces, or others with an id, oldest out first; safe for threads."""

    def __init__(self, size: int = KEPT) -> None:
        self._size = size
        self._traces: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, trace: Kept) -> str:
        """Keep a trace; return its id."""
        with self._lock:
            self._traces[trace.id] = trace
            self._traces.move_to_end(trace.id)
            while len(self._traces) > self._size:
                self._traces.popitem(last=False)
        return trace.id

    def get(self, trace_id: str | None) -> Kept | None:
        """The trace, or None if it is unknown or was pushed out."""
        with self._lock:
            return self._traces.get(trace_id) if trace_id else None

    def drop(self, trace_id: str) -> None:
        """Forget one."""
        with self._lock:
            self._traces.pop(trace_id, None)


@st.cache_resource(show_spinner=False)
def store() -> Store[Trace]:
    """The server's one store."""
    return Store()


@dataclass(frozen=True, eq=False)
class Memory:
    """What attention keeps of a trace's tokens, by the trace's id."""

    id: str
    prefix: Prefix


@st.cache_resource(show_spinner=False)
def memories() -> Store[Memory]:
    """Caches of the last runs, to go on from: up to some 2 MB each."""
    return Store(size=32)


def remember(trace: Trace, cache: Cache | None) -> None:
    """Keep a run's own cache, to go on from any of its tokens without computing them again."""
    from model.nn.cache import Prefix  # here, not above: it imports torch

    if cache is not None:
        ids = tuple(trace.token_ids[: trace.fed].tolist())
        memories().put(Memory(trace.id, Prefix(ids, cache)))


@st.cache_resource(max_entries=32, show_spinner=False)
def sample(name: str) -> Trace:
    """A recorded run: assets/samples/NAME.json."""
    path = ASSETS / "samples" / f"{name}.json"
    return Trace.from_json(json.loads(path.read_text(encoding="utf-8")))
