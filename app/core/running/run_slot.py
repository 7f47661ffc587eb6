"""A slot on a page in which one thing is computed at a time: start, follow, stop, finish.

    RUN = RunSlot("start", store)
    RUN.start(requests, make)   # on a click: most runs have ended when this returns; `make` turns
                                # what was computed into a result
    RUN.shown()                 # the last result; the session holds its id
    RUN.area(draw)              # draws inputs and result so that a click reruns nothing else, and
                                # polls longer work: its place in the queue, progress, Stop

Work in progress is a ticket of the scheduler, or an experiment of the lab (`RUN.begin`). A result
is finished, and never changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.core.errors import InputError, in_words, message
from app.core.running import generation
from app.core.running.store import HasId, Store
from app.core.texts import t
from model.runtime.batch import Request
from model.runtime.scheduler import Ticket
from model.runtime.work import FullError, Work

PATIENCE = 0.9  # seconds that a click waits for the result, before the page polls
EVERY = 0.4  # seconds between polls

Held = TypeVar("Held")
Result = TypeVar("Result", bound=HasId)
Make = Callable[[Sequence[Any]], Result | None]
Then = Callable[[Sequence[Any]], Sequence[Request]]


@dataclass(eq=False)
class _Here:
    """A session's state of a slot."""

    work: Work | None = None
    error: str | None = None
    make: Make[Any] | None = None  # for a `RunSlot`: makes a result from what `work` has computed
    then: Then | None = None  # requests to compute after it
    earlier: tuple[Any, ...] = ()  # results of the work before `then`
    result: str | None = None  # the id of the last result


@contextmanager
def _waiting(patience: float) -> Iterator[float]:
    """The time until which to wait, such that all waits in a script run take at most `PATIENCE`."""
    context, state = get_script_run_ctx(), st.session_state
    run = None if context is None else context.cursors  # a new object in every run
    if "slots_waited" not in state or state.slots_waited[0] is not run:
        state.slots_waited = (run, 0.0)
    before, started = state.slots_waited[1], time.monotonic()
    until = started + max(0.0, min(patience, PATIENCE - before))
    yield until
    state.slots_waited = (run, before + time.monotonic() - started)


def of_session(key: str, make: Callable[[], Held]) -> Held:
    """The value under a key of the viewer's session, created by `make` on first use."""
    if key not in st.session_state:
        st.session_state[key] = make()
    held: Held = st.session_state[key]
    return held


class Slot:
    """A place for one piece of work at a time in each session; `name` is unique.

    The results of the work are passed to `_take`. `every`: seconds between polls, each of which
    draws the slot's area again: more for an area with many pictures.
    """

    def __init__(self, name: str, *, every: float = EVERY) -> None:
        self.name, self.every = name, every

    @property
    def _here(self) -> _Here:
        return of_session(f"slot-{self.name}", _Here)

    def _take(self, results: Sequence[Any]) -> None:
        """Keep the results of the work that has just ended."""
        raise NotImplementedError

    def _begin(self, submit: Callable[[], Work], patience: float = PATIENCE) -> None:
        """Stop the current work, submit another, and wait for it for a moment."""
        here = self._here
        if here.work is not None:
            here.work.stop()
        here.error = None
        try:
            here.work = submit()
        except FullError as error:
            here.work, here.error = None, message(error)
            return
        with _waiting(patience) as until:
            while here.work is not None and here.work.wait(max(0.0, until - time.monotonic())):
                self._finish()

    def _finish(self) -> None:
        here = self._here
        assert here.work is not None
        if here.work.error is not None:
            here.error = message(here.work.error)
        self._take(here.work.results)
        here.work = None

    def refuse(self, error: InputError) -> None:
        """Show why nothing was started."""
        self._here.error = str(error)

    def forgive(self) -> None:
        """Show no longer why nothing was started."""
        self._here.error = None

    def stop(self) -> None:
        """Stop the current work; what was computed is shown once its last step has ended."""
        if (work := self._here.work) is not None:
            work.stop()
            with _waiting(PATIENCE) as until:
                if work.wait(until - time.monotonic()):
                    self._finish()

    @property
    def running(self) -> Work | None:
        """The work in progress, if any."""
        return self._here.work

    def error(self) -> str | None:
        """The error message of the last request, if any."""
        return self._here.error

    def area(self, draw: Callable[[], None]) -> None:
        """Draw a part of the page as a fragment with `draw`, which places `status` in it.

        While work is in progress, the fragment polls.
        """
        polls = self.every if self.running is not None else None

        def drawn() -> None:
            if polls is not None and self._ended():
                st.rerun()
            with in_words():
                draw()
            if polls is None and self.running is not None:
                st.rerun()  # a click started longer work: poll from now on

        st.fragment(drawn, run_every=polls)()

    def status(self, text: str | None = None) -> None:
        """Show the last error, and the place or progress of the current work with a Stop button.

        `text` is the caption of the progress bar, in the viewer's language.
        """
        here = self._here
        if here.error is not None:
            st.error(here.error)
        if (work := here.work) is None:
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                t("common.stop"),
                key=f"{self.name}_stop",
                disabled=work.stopped,
                on_click=self.stop,
            )
            if work.state == "waiting" and work.place:
                st.caption(_joined(t("common.waiting", position=work.place), "turn", work.turn_in))
            else:
                text = _joined(text or t("common.under_way"), "left", work.remaining)
                st.progress(work.progress, text)

    def _ended(self) -> bool:
        """Poll the current work; returns True, with its results kept, if it has ended."""
        work = self.running
        if work is not None and work.look() in ("waiting", "running"):
            return False
        if work is not None:
            self._finish()
        return True


class RunSlot(Slot, Generic[Result]):
    """A slot that shows each session's last result; results go to a shared `store`."""

    def __init__(self, name: str, store: Store[Result]) -> None:
        super().__init__(name)
        self.store = store

    def start(
        self, requests: Sequence[Request], make: Make[Result], then: Then | None = None
    ) -> None:
        """Compute requests, stopping the current work; the last result is shown until a new one.

        Args:
            requests: what to compute.
            make: makes a result from a run for each request, None for those that have not ended;
                returns None if that is too little to show.
            then: the requests to compute afterwards, given the runs; `make` gets the runs of both,
                in this order.
        """
        self.begin(lambda: _submit(requests), make, then)

    def begin(
        self, submit: Callable[[], Work], make: Make[Result], then: Then | None = None
    ) -> None:
        """Like `start`, for any kind of work: `submit` queues it, `make` gets its results."""
        here = self._here
        here.make, here.then, here.earlier = make, then, ()
        self._begin(submit)
        if here.work is None:  # it was refused
            self._let_go()

    def _let_go(self) -> None:
        """Release everything but the result of finished work, since its inputs may be large."""
        here = self._here
        here.make, here.then, here.earlier = None, None, ()

    def _finish(self) -> None:
        here = self._here
        then, here.then = here.then, None
        assert here.work is not None
        if here.work.state == "done" and then is not None:
            runs = (*here.earlier, *here.work.results)
            if more := then(runs):
                try:
                    here.work, here.earlier = _submit(more), runs
                    return
                except FullError as error:
                    here.error = message(error)
        super()._finish()
        self._let_go()

    def _take(self, results: Sequence[Any]) -> None:
        here = self._here
        assert here.make is not None
        if (result := here.make((*here.earlier, *results))) is not None:
            here.result = self.store.put(result)

    def forget(self) -> None:
        """Forget this session's result."""
        self._here.result = None

    def shown(self) -> Result | None:
        """The last result, unless it was evicted from the store."""
        return self.store.get(self._here.result)

    def growing(self) -> Result | None:
        """The partial result of the current work, else the last result."""
        here = self._here
        if here.work is not None and here.make is not None:
            so_far = here.make((*here.earlier, *here.work.results))
            if so_far is not None:
                return so_far
        return self.shown()


def _joined(text: str, what: str, seconds: float | None) -> str:
    """A text with an estimated time, rounded to a plausible precision; just the text if None."""
    if seconds is None:
        return text
    if seconds >= 90:
        return f"{text} · {t(f'common.minutes_{what}', n=round(seconds / 60))}"
    step = 5 if seconds >= 10 else 1
    return f"{text} · {t(f'common.seconds_{what}', n=max(step, round(seconds / step) * step))}"


def _submit(requests: Sequence[Request]) -> Ticket:
    return generation.scheduler().submit(generation.visitor(), requests)
