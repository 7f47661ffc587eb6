"""Runs that pictures need: requested while they are drawn, and computed once for all viewers.

    NEEDS = NeedSlot("router_scores")
    runs = NEEDS.have(key, requests)       # while drawing; None for runs that are not there yet
    if None in runs: NEEDS.ask("Go on")    # progress with Stop, or a button to start
    NEEDS.area(draw)                       # draws the part of the page that does this, and polls

A run is identified by its request: the model, its intervention, the tokens. So equal requests of
all viewers share one run, which never changes. A viewer who requests a run in progress for another
viewer follows it; if the other stops it, it is started again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import streamlit as st

from app.core.assets import run_files
from app.core.running import generation
from app.core.running.run_slot import EVERY, PATIENCE, Slot, of_session
from app.core.running.shared_work import SharedWork, TicketPart
from model.nn.workspace import Run
from model.runtime.batch import Request
from model.runtime.scheduler import Ticket

BYTES = 128_000_000  # of runs kept: twice the longest text as read by all twins


class Runs:
    """A thread-safe LRU cache of runs by their requests.

    It also tracks runs in progress, and keeps their results.
    Attention weights are by far the largest part; they are kept in half precision, with an error of
    at most 1/4,096.
    """

    def __init__(self, size: int = BYTES) -> None:
        self._size, self._held = size, 0
        self._runs: OrderedDict[Request, Run] = OrderedDict()
        self._under_way: dict[Request, TicketPart] = {}
        self._lock = threading.RLock()

    def put(self, request: Request, run: Run) -> None:
        """Keep a finished run."""
        with self._lock:
            if request in self._runs:
                return
            halved = replace(run, attention=run.attention.astype(np.float16))
            self._runs[request] = halved
            self._held += nbytes(halved)
            while self._held > self._size:
                self._held -= nbytes(self._runs.popitem(last=False)[1])

    def get(self, requests: Sequence[Request]) -> list[Run | None]:
        """The run for each request; None if it was not computed, or was evicted."""
        with self._lock:
            self._collect()
            for request in requests:
                if request in self._runs:
                    self._runs.move_to_end(request)
            return [self._runs.get(request) for request in requests]

    def compute(
        self,
        visitor: Hashable,
        requests: Sequence[Request],
        submit: Callable[[Hashable, Sequence[Request]], Ticket],
    ) -> SharedWork:
        """Submit the runs that are neither cached nor in progress, and follow all missing ones.

        Raises:
            FullError: as raised by `submit`.
        """
        with self._lock:
            self._collect()
            missing = [request for request in requests if request not in self._runs]
            if new := [request for request in missing if request not in self._under_way]:
                ticket = submit(visitor, new)
                self._under_way |= {request: (ticket, n) for n, request in enumerate(new)}
            return SharedWork(visitor, [self._under_way[request] for request in missing])

    def _collect(self) -> None:
        """Keep finished runs; forget those that were stopped, failed, or were abandoned."""
        for request, (ticket, number) in [*self._under_way.items()]:
            # read before the results, which are set before the ticket ends
            goes_on = ticket.active and not ticket.dropped
            run = ticket.results[number]
            if run is not None and run.finish_reason != "stopped":
                self.put(request, run)
            elif goes_on:
                continue
            del self._under_way[request]


def nbytes(run: Run) -> int:
    """The bytes of a run's arrays."""
    values = (getattr(run, field.name) for field in fields(run))
    return sum(value.nbytes for value in values if isinstance(value, np.ndarray))


RUNS = Runs()


@dataclass(eq=False)
class _Asked:
    """What a session requests from a slot."""

    key: Hashable = None
    now: bool = False  # whether to compute it without waiting for a click


class NeedSlot(Slot):
    """A slot for runs that a picture needs; it computes none that are in a file of recorded runs.

    `recorded` is the name of that file; see `run_files`. Its runs have a date.
    """

    def __init__(self, name: str, *, every: float = EVERY, recorded: str | None = None) -> None:
        super().__init__(name, every=every)
        self._recorded = recorded

    @property
    def _asked(self) -> _Asked:
        return of_session(f"slot-{self.name}-asked", _Asked)

    def have(
        self,
        key: Hashable,
        requests: Sequence[Request],
        *,
        at_once: bool = True,
        patience: float = PATIENCE,
    ) -> list[Run | None]:
        """The runs for requests. Missing ones are started, and waited for up to `patience` seconds;
        those that failed or were stopped only start when requested again.

        Args:
            key: identifies what is requested; a new key stops the work for another.
            requests: the requests; more may be added under the same key later.
            at_once: whether to compute without a click of the viewer.
        """
        asked = self._asked
        if asked.key != key:
            if self.running is not None:
                self.running.stop()
                self._here.work = None
            asked.key, asked.now, self._here.error = key, at_once, None
        found = self._known(requests)
        if None in found and asked.now and self.running is None and self.error() is None:
            missing = [r for r, run in zip(requests, found, strict=True) if run is None]
            visitor, submit = generation.visitor(), generation.scheduler().submit
            self._begin(lambda: RUNS.compute(visitor, missing, submit), patience)
            found = self._known(requests)
        return found

    def _known(self, requests: Sequence[Request]) -> list[Run | None]:
        """The runs that are recorded or computed; None for those that are neither."""
        computed = RUNS.get(requests)
        if self._recorded is None:
            return computed
        return [
            run_files.recorded(self._recorded, request) or run
            for request, run in zip(requests, computed, strict=True)
        ]

    @property
    def share(self) -> str:
        """The progress of the current work, as a percentage."""
        return f"{self.running.progress:.0%}" if self.running is not None else "0%"

    def ask(self, button: str, text: str | None = None) -> None:
        """Show the progress (see `status`), or a button to start if nothing is in progress."""
        self.status(text)
        if self.running is None:
            st.button(button, key=f"{self.name}_ask", on_click=self.again)

    def stop(self) -> None:
        """Stop the current work; finished runs are kept."""
        self._asked.now = False
        super().stop()

    def again(self) -> None:
        """Compute missing runs, even after a Stop or a failure."""
        self._asked.now, self._here.error = True, None

    def _take(self, results: Sequence[Any]) -> None:
        """Do nothing: the results are shared, and kept by `Runs`."""
