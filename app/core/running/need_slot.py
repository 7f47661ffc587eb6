"""What pictures need computed: asked for while they are drawn, and computed once for everybody.

    NEEDS = NeedSlot("router_scores")
    runs = NEEDS.have(key, requests)       # as the picture is drawn; None of what is not there yet
    if None in runs: NEEDS.ask("Go on")    # how far it is, with Stop; else a button to have it
    NEEDS.area(draw)                       # draws the part of the page that does this, and follows

A run is named by its request: the model, what is changed in it, the tokens. So equal requests of
all viewers share one run, and it never changes. Who asks for what is under way for another viewer
follows that; if the other stops it, it begins anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import streamlit as st

from app.core.running import generation
from app.core.running.run_slot import PATIENCE, Slot, of_session
from app.core.running.shared_work import SharedWork, TicketPart
from model.nn.workspace import Run
from model.runtime.batch import Request
from model.runtime.scheduler import Ticket

BYTES = 128_000_000  # of runs that are kept: the longest text as all twins read it, twice


class Runs:
    """Runs by their requests, out goes what nobody has looked at for longest; safe for threads.

    It knows what is under way, too, and keeps what has come of that.

    Attention weights are by far the largest part, and kept in half precision: to 1/4,096 at worst.
    """

    def __init__(self, size: int = BYTES) -> None:
        self._size, self._held = size, 0
        self._runs: OrderedDict[Request, Run] = OrderedDict()
        self._under_way: dict[Request, TicketPart] = {}
        self._lock = threading.RLock()

    def put(self, request: Request, run: Run) -> None:
        """Keep a run that has come to its end."""
        with self._lock:
            if request in self._runs:
                return
            halved = replace(run, attention=run.attention.astype(np.float16))
            self._runs[request] = halved
            self._held += nbytes(halved)
            while self._held > self._size:
                self._held -= nbytes(self._runs.popitem(last=False)[1])

    def get(self, requests: Sequence[Request]) -> list[Run | None]:
        """A run for each request; None if it was not computed, or was pushed out."""
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
        """Have what is neither here nor under way computed by `submit`, and follow all of it.

        Raises:
            FullError: as `submit` does.
        """
        with self._lock:
            self._collect()
            missing = [request for request in requests if request not in self._runs]
            if new := [request for request in missing if request not in self._under_way]:
                ticket = submit(visitor, new)
                self._under_way |= {request: (ticket, n) for n, request in enumerate(new)}
            return SharedWork(visitor, [self._under_way[request] for request in missing])

    def _collect(self) -> None:
        """Keep what has come to its end; forget what has been stopped, has failed, or is left."""
        for request, (ticket, number) in [*self._under_way.items()]:
            goes_on = ticket.active and not ticket.dropped  # before its results: they come first
            run = ticket.results[number]
            if run is not None and run.finish_reason != "stopped":
                self.put(request, run)
            elif goes_on:
                continue
            del self._under_way[request]


def nbytes(run: Run) -> int:
    """What a run's arrays take."""
    values = (getattr(run, field.name) for field in fields(run))
    return sum(value.nbytes for value in values if isinstance(value, np.ndarray))


RUNS = Runs()


@dataclass(eq=False)
class _Asked:
    """What a session wants of a slot."""

    key: Hashable = None
    now: bool = False  # whether it is to be computed, or waits for a click


class NeedSlot(Slot):
    """A slot for runs that a picture needs."""

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
        """The runs of requests. What is missing is computed, for no longer than `patience` before
        this returns; what failed or was stopped, only when asked for again.

        Args:
            key: names what is wanted; a new one ends what is under way for another.
            requests: all that is wanted; more may be asked for under the same key later.
            at_once: whether it is computed without a click of the viewer's.
        """
        asked = self._asked
        if asked.key != key:
            if self.running is not None:
                self.running.stop()
                self._here.work = None
            asked.key, asked.now, self._here.error = key, at_once, None
        found = RUNS.get(requests)
        if None in found and asked.now and self.running is None and self.error() is None:
            missing = [r for r, run in zip(requests, found, strict=True) if run is None]
            visitor, submit = generation.visitor(), generation.scheduler().submit
            self._begin(lambda: RUNS.compute(visitor, missing, submit), patience)
            found = RUNS.get(requests)
        return found

    @property
    def share(self) -> str:
        """How much is done of what is under way."""
        return f"{self.running.progress:.0%}" if self.running is not None else "0%"

    def ask(self, button: str, text: str | None = None) -> None:
        """How far it is, see `status`; if nothing is under way, a button to have it computed."""
        self.status(text)
        if self.running is None:
            st.button(button, key=f"{self.name}_ask", on_click=self.again)

    def stop(self) -> None:
        """End what is under way; what was computed is kept."""
        self._asked.now = False
        super().stop()

    def again(self) -> None:
        """Have computed what is missing, also after a Stop or a failure."""
        self._asked.now, self._here.error = True, None

    def _take(self, results: Sequence[Any]) -> None:
        """Nothing: they are everybody's, and `Runs` keeps them."""
