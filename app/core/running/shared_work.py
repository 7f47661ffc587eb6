"""Work of several visitors on one thing: who asks for what another has under way follows it."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence

from model.runtime.scheduler import Ticket
from model.runtime.work import State, Work

TicketPart = tuple[Ticket, int]  # a ticket, and which of its sequences


class SharedWork(Work):
    """Sequences of tickets, the visitor's own and others'; it ends when all of them have.

    Who follows another's ticket looks after it, too: it goes on if the other leaves. Stop ends
    one's own tickets; nobody can end another's.
    """

    def __init__(self, visitor: Hashable, parts: Sequence[TicketPart]) -> None:
        super().__init__(visitor)
        self._parts = tuple(parts)
        self._tickets = tuple(dict.fromkeys(ticket for ticket, _ in parts))
        self.look()

    @property
    def progress(self) -> float:
        """Share of the sequences that have ended."""
        return sum(result is not None for result in self.results) / max(len(self._parts), 1)

    def look(self) -> State:
        """The state of all tickets together, and a sign that somebody is still there."""
        super().look()
        states = [ticket.look() for ticket in self._tickets]
        self.results = [ticket.results[number] for ticket, number in self._parts]
        self.error = next((one.error for one in self._tickets if one.error is not None), None)
        waiting = all(state == "waiting" for state in states)
        self.place = max((one.place for one in self._tickets), default=0) if waiting else 0
        self.state = self._of(states)
        if self.state == "running":
            self.begin()
        return self.state

    def _of(self, states: Sequence[State]) -> State:
        mine = [s for t, s in zip(self._tickets, states, strict=True) if t.visitor == self.visitor]
        left = mine if self.stopped else states  # nobody who has stopped waits for others
        if {*left} & {"waiting", "running"}:
            return "waiting" if {*left} == {"waiting"} else "running"
        if "failed" in left:
            return "failed"
        return "stopped" if self.stopped or "stopped" in left else "done"

    def wait(self, seconds: float) -> bool:
        """Wait for the end of all, but no longer; whether they have ended."""
        until = time.monotonic() + seconds
        for ticket in self._tickets:
            if not self.stopped or ticket.visitor == self.visitor:
                ticket.wait(max(0.0, until - time.monotonic()))
        self.look()
        return not self.active

    def stop(self) -> None:
        """End one's own part soon; what was computed stays."""
        super().stop()
        for ticket in self._tickets:
            if ticket.visitor == self.visitor:
                ticket.stop()
