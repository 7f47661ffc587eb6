"""Helpers for a page's runs: waiting for their end, their results, and busy servers."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence

from streamlit.testing.v1 import AppTest

from app.core.running.prompt_runs import TRACES
from model.record.trace import Trace
from model.runtime.batch import Request
from model.runtime.scheduler import Ticket
from model.runtime.work import Work

SECONDS = 120.0  # CI's cores may be busy


def under_way(app: AppTest, slot: str) -> Work | None:
    """The work in progress in the page's slot."""
    found: Work | None = app.session_state[f"slot-{slot}"].work
    return found


def ended(app: AppTest, slot: str) -> AppTest:
    """Rerun the page, as the browser does, until no work is in progress in its slot."""
    until = time.monotonic() + SECONDS
    while (ticket := under_way(app, slot)) is not None:
        assert time.monotonic() < until, f"still {ticket.state}"
        ticket.wait(0.5)
        app.run()
    return app


def traces(app: AppTest, slot: str) -> tuple[Trace, ...]:
    """The traces that the slot shows."""
    found = TRACES.get(app.session_state[f"slot-{slot}"].result)
    return () if found is None else found.traces


class Busy:
    """A scheduler that serves others first; use it in place of `generation.scheduler`."""

    def __init__(self, place: int = 3) -> None:
        self.tickets: list[Ticket] = []
        self.place = place

    def submit(self, visitor: Hashable, requests: Sequence[Request]) -> Ticket:
        ticket = Ticket(visitor, requests)
        ticket.place = self.place
        self.tickets.append(ticket)
        return ticket


class Failing(Busy):
    """A scheduler whose work always fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def submit(self, visitor: Hashable, requests: Sequence[Request]) -> Ticket:
        ticket = super().submit(visitor, requests)
        ticket.close("failed", self.error)
        return ticket
