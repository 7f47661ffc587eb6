"""Helpers for the scheduler's tests: requests, and waiting for them."""

from __future__ import annotations

from model.runtime.batch import Request
from model.runtime.scheduler import Ticket

PROMPT = (0, *range(40, 60))


def request(seed: int, n: int = 40, ids: tuple[int, ...] = PROMPT) -> Request:
    return Request("base", ids, n, 1.0, seed)


def ended(ticket: Ticket) -> Ticket:
    for _ in range(60):
        if ticket.wait(1.0):
            return ticket
    raise AssertionError(f"still {ticket.state} after a minute")
