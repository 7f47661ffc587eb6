"""Work shared by visitors: one who requests what another is computing follows that work."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence

from model.runtime.scheduler import Ticket
from model.runtime.work import State, Work

TicketPart = tuple[Ticket, int]  # a ticket, and the index of a sequence in it


class SharedWork(Work):
    """Sequences of the visitor's own and others' tickets; it ends when all of them have.

    Following another's ticket keeps it alive, so it continues if the other leaves. Stop ends one's
    own tickets only; nobody can end another's.
    """

    def __init__(self, visitor: Hashable, parts: Sequence[TicketPart]) -> None:
        super().__init__(visitor)
        self._parts = tuple(parts)
        self._tickets = tuple(dict.fromkeys(ticket for ticket, _ in parts))
        self.look()

    @property
    def progress(self) -> float:
        """The share of sequences that have ended."""
        return sum(result is not None for result in self.results) / max(len(self._parts), 1)

    def look(self) -> State:
        """Return the combined state of all tickets, and note that somebody is still watching."""
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
        left = mine if self.stopped else states  # after Stop, others' tickets no longer matter
        if {*left} & {"waiting", "running"}:
            return "waiting" if {*left} == {"waiting"} else "running"
        if "failed" in left:
            return "failed"
        return "stopped" if self.stopped or "stopped" in left else "done"

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` for all to end; returns whether they have."""
        until = time.monotonic() + seconds
        for ticket in self._tickets:
            if not self.stopped or ticket.visitor == self.visitor:
                ticket.wait(max(0.0, until - time.monotonic()))
        self.look()
        return not self.active

    def stop(self) -> None:
        """Ask one's own tickets to end soon; results so far are kept."""
        super().stop()
        for ticket in self._tickets:
            if ticket.visitor == self.visitor:
                ticket.stop()
