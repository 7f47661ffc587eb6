"""Work in progress for a viewer: its state, and whether anybody is still watching it."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Any, Literal

State = Literal["waiting", "running", "done", "stopped", "failed"]
UNSEEN_SECONDS = 10.0  # work that nobody has looked at for this long is dropped
PACE_SECONDS = 2.0  # running time before the remaining time is estimated


class FullError(RuntimeError):
    """Too much work is in flight: `whose` is "yours" or "everybody's"."""

    def __init__(self, whose: Literal["yours", "everybody's"]) -> None:
        super().__init__(f"too much is in flight ({whose})")
        self.whose = whose


class Work(ABC):
    """A visitor's request and its `results` so far; thread-safe.

    Only its own visitor may call `look`, `wait` and `stop`; other observers read the rest.
    """

    results: list[Any]

    def __init__(self, visitor: Hashable) -> None:
        self.visitor = visitor
        self.state: State = "waiting"
        self.error: Exception | None = None  # the reason, if it failed
        self.place = 0  # how many are served before this one; 0 once running
        self.turn_in: float | None = None  # estimated seconds until it is served, if known
        self._began: tuple[float, float] | None = None  # when it began, and the share done then
        self._ended = threading.Event()
        self._stop = threading.Event()
        self._seen = time.monotonic()

    @property
    @abstractmethod
    def progress(self) -> float:
        """The share that is done, from 0 to 1."""

    @property
    def remaining(self) -> float | None:
        """Seconds until the end at the pace so far; None while that is unknown."""
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
        """Whether it was told to end, by its visitor or because it failed."""
        return self._stop.is_set()

    @property
    def unseen(self) -> bool:
        """Whether nobody has looked at it for `UNSEEN_SECONDS`."""
        return time.monotonic() - self._seen > UNSEEN_SECONDS

    @property
    def dropped(self) -> bool:
        """Whether it should end: it was stopped, or nobody is watching."""
        return self.stopped or self.unseen

    def look(self) -> State:
        """Return the state, and note that somebody is still watching."""
        self._seen = time.monotonic()
        return self.state

    def stop(self) -> None:
        """Ask it to end soon; results so far are kept."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` for the end; returns whether it has ended."""
        self.look()
        ended = self._ended.wait(seconds)
        self.look()
        return ended

    def begin(self) -> None:
        """Called by the worker when it starts."""
        self.state, self.place, self.turn_in = "running", 0, None
        if self._began is None:
            self._began = time.monotonic(), self.progress

    def close(self, state: State, error: Exception | None = None) -> None:
        """Called by the worker when nothing more will come."""
        self.state, self.error = state, error
        self._ended.set()
