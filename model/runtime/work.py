"""Work under way for a viewer: its state, and whether anybody still looks after it."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Any, Literal

State = Literal["waiting", "running", "done", "stopped", "failed"]
UNSEEN_SECONDS = 10.0  # work that nobody has looked at for so long is dropped
PACE_SECONDS = 2.0  # of running, before its pace says anything about the rest


class FullError(RuntimeError):
    """Too much is in flight: `whose` is "yours" or "everybody's"."""

    def __init__(self, whose: Literal["yours", "everybody's"]) -> None:
        super().__init__(f"too much is in flight ({whose})")
        self.whose = whose


class Work(ABC):
    """What a visitor has asked for, and `results` of it so far; safe for threads.

    Only its own visitor may call `look`, `wait` and `stop`: who merely watches reads the rest.
    """

    results: list[Any]

    def __init__(self, visitor: Hashable) -> None:
        self.visitor = visitor
        self.state: State = "waiting"
        self.error: Exception | None = None  # why, when it failed
        self.place = 0  # how many are served before this one; 0 once running
        self.turn_in: float | None = None  # seconds until it is served, where that can be told
        self._began: tuple[float, float] | None = None  # when, and with what share done
        self._ended = threading.Event()
        self._stop = threading.Event()
        self._seen = time.monotonic()

    @property
    @abstractmethod
    def progress(self) -> float:
        """Share that is done, from 0 to 1."""

    @property
    def remaining(self) -> float | None:
        """Seconds until the end, at the pace so far; None while there is none to go by."""
        if self._began is None:
            return None
        elapsed, done = time.monotonic() - self._began[0], self.progress - self._began[1]
        if elapsed < PACE_SECONDS or done <= 0:
            return None
        return elapsed / done * (1 - self.progress)

    @property
    def active(self) -> bool:
        return self.state in ("waiting", "running")

    @property
    def stopped(self) -> bool:
        """Whether it was told to end: by its visitor, or as it has failed."""
        return self._stop.is_set()

    @property
    def unseen(self) -> bool:
        """Whether nobody has looked for a while."""
        return time.monotonic() - self._seen > UNSEEN_SECONDS

    @property
    def dropped(self) -> bool:
        """Whether it is to end: it was told to, or nobody looks."""
        return self.stopped or self.unseen

    def look(self) -> State:
        """The state, and a sign that somebody is still there."""
        self._seen = time.monotonic()
        return self.state

    def stop(self) -> None:
        """End it soon; what was computed stays, as far as it is."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, but no longer; whether it has ended."""
        self.look()
        ended = self._ended.wait(seconds)
        self.look()
        return ended

    def begin(self) -> None:
        """For whoever computes: its turn has come."""
        self.state, self.place, self.turn_in = "running", 0, None
        if self._began is None:
            self._began = time.monotonic(), self.progress

    def close(self, state: State, error: Exception | None = None) -> None:
        """For whoever computes: nothing more will come."""
        self.state, self.error = state, error
        self._ended.set()
