"""The scheduler: computes the sequences of all visitors in the running batches of their models.

Visitors take turns by the compute time they have had so far, the least served first (start-time
fair queueing), so that one who draws thousands of samples leaves others at least half of the time.
Visitors with only a row or two in a batch are included in every turn, since a row costs little.
A turn is about 20 ms of the kernel, which releases the interpreter lock. The threads that compute
have a lower priority than those that answer viewers.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from model.errors import ReadableError
from model.nn.workspace import Keep, Run
from model.runtime.batch import TOGETHER, Batch, ModelLike, Request
from model.runtime.work import FullError, State, Work

_LOG = logging.getLogger(__name__)

Key = tuple[Hashable, Keep]  # of batches: the key that loads the model, and what is recorded
FEW = 2  # a visitor with up to this many rows in a batch is included in everybody's turn
SHARE = TOGETHER - 4  # rows of a batch that one visitor may take
IN_FLIGHT = 2_048  # sequences that one visitor may have waiting and running
WAITING = 20_000  # sequences that all visitors together may have
RESERVE = 4_000  # of these, reserved for visitors with at most `FEW_IN_FLIGHT`
FEW_IN_FLIGHT = 64
NICE = 5  # of the threads: a third of the CPU weight of other threads
IDLE_SECONDS = 60.0  # how long an unused batch is kept
IDLE_MOST = 8  # maximum number of unused batches: each position of a slider opens its own
PAUSE = 1.0  # seconds that a thread pauses after an unexpected error, lest it fill the log


class Ticket(Work):
    """The sequences that a visitor requested at once, and the result of each."""

    def __init__(self, visitor: Hashable, requests: Sequence[Request]) -> None:
        super().__init__(visitor)
        self.requests = tuple(requests)
        self.results: list[Run | None] = [None] * len(requests)
        self.left: dict[Key, deque[int]] = {}  # not admitted yet, by the batch that they need
        for number, request in enumerate(requests):
            self.left.setdefault((request.engine, request.keep), deque()).append(number)
        self.done = 0
        self.served = 0.0  # compute time in seconds

    @property
    def progress(self) -> float:
        """The share of sequences that have ended."""
        return self.done / max(len(self.requests), 1)


@dataclass(eq=False)
class _Visitor:
    """A visitor's tickets in flight, and the compute time they have had."""

    served: float
    tickets: list[Ticket] = field(default_factory=list)

    @property
    def in_flight(self) -> int:
        return sum(len(ticket.requests) - ticket.done for ticket in self.tickets)


@dataclass(eq=False)
class _RunningBatch:
    """A batch and the visitors in it. Keys are (ticket, index of the sequence in it)."""

    batch: Batch[tuple[Ticket, int]]
    holds: dict[tuple[Ticket, int], Hashable] = field(default_factory=dict)  # key → visitor
    busy: bool = False
    used: float = 0.0

    def of(self, visitor: Hashable) -> list[tuple[Ticket, int]]:
        return [key for key, owner in self.holds.items() if owner == visitor]


class Scheduler:
    """Threads that compute all sequences; `load` returns the model for a request's `engine`."""

    def __init__(self, load: Callable[[Hashable], ModelLike], threads: int = 2) -> None:
        self._load, self._most = load, threads
        self._visitors: dict[Hashable, _Visitor] = {}
        self._batches: dict[Key, list[_RunningBatch]] = {}
        self._loading: set[Key] = set()
        self._wake = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, daemon=True, name=f"generation-{n}")
            for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()
        atexit.register(self.close)  # a thread that the interpreter's end meets in C++ aborts it

    def close(self) -> None:
        """End the threads after their current turns."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(timeout=5.0)

    def submit(self, visitor: Hashable, requests: Sequence[Request]) -> Ticket:
        """Queue sequences of a visitor; they start as soon as there is room.

        Raises:
            FullError: if the visitor, or all visitors together, have too many in flight.
        """
        ticket = Ticket(visitor, requests)
        with self._wake:
            everybody = sum(one.in_flight for one in self._visitors.values())
            known = self._visitors.get(visitor)
            own = (known.in_flight if known is not None else 0) + len(requests)
            if own > IN_FLIGHT:
                raise FullError("yours")
            # A few tabs at their limits must leave room for somebody else's single reply.
            room = WAITING if own <= FEW_IN_FLIGHT else WAITING - RESERVE
            if everybody + len(requests) > room:
                raise FullError("everybody's")
            if not requests:
                ticket.close("done")
                return ticket
            if known is None:
                # newcomers start level with the least served of those present
                level = min((one.served for one in self._visitors.values()), default=0.0)
                known = self._visitors[visitor] = _Visitor(level)
            known.tickets.append(ticket)
            self._wake.notify()
        return ticket

    def run(self, requests: Sequence[Request]) -> list[Run]:
        """Compute sequences and wait for all of them; for callers without a viewer.

        Raises:
            Exception: whatever made the computation fail.
        """
        ticket = self.submit(threading.get_ident(), requests)
        while not ticket.wait(1.0):
            pass
        if ticket.error is not None:
            raise ticket.error
        return [result for result in ticket.results if result is not None]

    # --- The threads -----------------------------------------------------------------------------

    def _work(self) -> None:
        if sys.platform == "linux":  # elsewhere, nice would affect the whole process
            os.nice(NICE)
        while not self._closed:
            try:
                with self._wake:
                    turn = None if self._closed else self._next()
                    if turn is None and not self._closed:
                        self._wake.wait(1.0)
                if turn is not None:
                    turn()
            except Exception:  # a bug must not end the thread that serves everybody
                _LOG.exception("a generation thread went wrong, and goes on")
                time.sleep(PAUSE)

    def _next(self) -> Callable[[], None] | None:
        """The next job for a thread: a turn, loading a model, or None."""
        self._drop()
        order = sorted(self._visitors, key=lambda one: self._visitors[one].served)
        for place, visitor in enumerate(order):
            for ticket in self._visitors[visitor].tickets:
                ticket.place = place if ticket.state == "waiting" else 0
        for visitor in order:
            found = self._turn_of(visitor)
            if found is not None:
                return found
        return None

    def _turn_of(self, visitor: Hashable) -> Callable[[], None] | None:
        for ticket in sorted(self._visitors[visitor].tickets, key=lambda one: one.served):
            try:
                key = self._admit(ticket)
            except Exception as error:  # no batch can take the request: only its own ticket ends
                self._fail({ticket}, error)
                continue
            if key is not None:
                self._loading.add(key)
                return lambda: self._open(key)
        mine = [
            running
            for batches in self._batches.values()
            for running in batches
            if not running.busy and running.of(visitor)
        ]
        if not mine:
            return None
        running = min(mine, key=lambda one: one.used)
        along = [
            key
            for key, owner in running.holds.items()
            if owner == visitor or len(running.of(owner)) <= FEW
        ]
        running.busy = True
        return lambda: self._turn(running, along)

    def _admit(self, ticket: Ticket) -> Key | None:
        """Give rows to a ticket's next sequences; returns the key of a batch to open, if any."""
        for key, left in ticket.left.items():
            if key in self._loading:
                continue
            batches = [one for one in self._batches.get(key, []) if not one.batch.outdated]
            while left and any(self._admitted(ticket, left[0], running) for running in batches):
                left.popleft()
                ticket.begin()
            if left and self._wants_another(batches, ticket):
                return key
        return None

    def _admitted(self, ticket: Ticket, number: int, running: _RunningBatch) -> bool:
        if running.busy or len(running.of(ticket.visitor)) >= SHARE:
            return False
        if not running.batch.admit((ticket, number), ticket.requests[number]):
            return False
        running.holds[ticket, number] = ticket.visitor
        return True

    def _wants_another(self, batches: list[_RunningBatch], ticket: Ticket) -> bool:
        """Whether to open another batch: there is none, or others are in all of them."""
        if not batches:
            return True
        others = all(len(running.of(ticket.visitor)) < len(running.holds) for running in batches)
        return others and len(batches) < self._most

    def _open(self, key: Key) -> None:
        """Load a model and open a batch for it."""
        engine, keep = key
        try:
            running = _RunningBatch(Batch(self._load(engine).workspace(TOGETHER, keep)))
        except Exception as error:
            with self._wake:
                self._loading.discard(key)
                self._fail({one for one in self._tickets() if one.left.get(key)}, error)
            return
        with self._wake:
            self._loading.discard(key)
            running.used = time.monotonic()
            self._batches.setdefault(key, []).append(running)
            self._wake.notify_all()

    def _turn(self, running: _RunningBatch, along: list[tuple[Ticket, int]]) -> None:
        """Compute a turn of a batch and deliver the sequences that have ended."""
        started = time.perf_counter()
        try:
            ended, error = running.batch.turn(along), None
        except Exception as problem:
            ended, error = [], problem
        elapsed = time.perf_counter() - started
        with self._wake:
            running.busy, running.used = False, time.monotonic()
            for ticket, _ in along:
                ticket.served += elapsed / len(along)
                if (visitor := self._visitors.get(ticket.visitor)) is not None:
                    visitor.served += elapsed / len(along)
            if error is not None:  # the state of the batch is unknown: drop it and all in it
                for batches in self._batches.values():
                    batches[:] = [one for one in batches if one is not running]
                self._fail({ticket for ticket, _ in running.holds}, error)
            for key, run in ended:
                del running.holds[key]
                self._deliver(*key, run)
            self._wake.notify_all()

    def _deliver(self, ticket: Ticket, number: int, run: Run) -> None:
        ticket.results[number] = run
        ticket.done += 1
        if ticket.done == len(ticket.requests):
            self._close(ticket, "done")

    def _fail(self, tickets: set[Ticket], error: Exception) -> None:
        """End tickets with an error; their sequences leave all batches."""
        if not isinstance(error, ReadableError):
            _LOG.error("computing failed", exc_info=error)
        for ticket in tickets:
            ticket.error = ticket.error or error
            ticket.stop()
            self._end(ticket)

    def _end(self, ticket: Ticket) -> None:
        """Remove a ticket and close it; if part of it is being computed, `_drop` tries again."""
        ticket.left.clear()
        if self._take_out(ticket):
            self._close(ticket, "stopped" if ticket.error is None else "failed")

    def _close(self, ticket: Ticket, state: State) -> None:
        visitor = self._visitors[ticket.visitor]
        visitor.tickets.remove(ticket)
        if not visitor.tickets:
            del self._visitors[ticket.visitor]
        ticket.close(state, ticket.error)

    def _drop(self) -> None:
        """End tickets that failed, were stopped, or are no longer watched; drop unused batches."""
        for ticket in [one for one in self._tickets() if one.dropped]:
            self._end(ticket)
        idle = [one for batches in self._batches.values() for one in batches if not one.holds]
        idle.sort(key=lambda one: one.used, reverse=True)
        since = time.monotonic() - IDLE_SECONDS
        left = [
            one
            for n, one in enumerate(idle)
            if n >= IDLE_MOST or one.used < since or one.batch.outdated
        ]
        for key, batches in list(self._batches.items()):
            kept = [one for one in batches if one not in left]
            if kept:
                self._batches[key] = kept
            else:
                del self._batches[key]

    def _take_out(self, ticket: Ticket) -> bool:
        """Remove a ticket's sequences from the batches; False if some are being computed now.

        Those removed never come back, so that the rest can be removed after the current turns.
        """
        out = True
        for batches in self._batches.values():
            for running in batches:
                mine = [key for key in running.holds if key[0] is ticket]
                if mine and running.busy:
                    out = False
                    continue
                for key in mine:
                    del running.holds[key]
                    try:
                        reading = running.batch.reading(key)
                        run = running.batch.leave(key)
                        ticket.results[key[1]] = None if reading else run
                    except Exception as error:  # e.g. no memory for a copy of the run
                        _LOG.error("a sequence was lost as it left", exc_info=error)
                        ticket.error = ticket.error or error
        return out

    def _tickets(self) -> list[Ticket]:
        return [ticket for one in self._visitors.values() for ticket in one.tickets]
