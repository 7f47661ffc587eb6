"""A place on a page where one thing is computed at a time: start, follow, stop, finish.

    RUN = RunSlot("start", store)
    RUN.start(requests, make)   # a click: most runs have ended when this returns; `make` gives an
                                # ended result of what was computed
    RUN.shown()                 # the last result; the session holds its id
    RUN.area(draw)              # draws inputs and result so that a click reruns nothing else, and
                                # follows what takes longer: its place, how far it is, Stop

What is under way is work: a ticket of the scheduler, or an experiment of the lab (`RUN.begin`).
What has ended is a result, and never changes.
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

PATIENCE = 0.9  # seconds that a click waits for the end, before the page follows it
EVERY = 0.4  # seconds between two looks at what takes longer

Held = TypeVar("Held")
Result = TypeVar("Result", bound=HasId)
Make = Callable[[Sequence[Any]], Result | None]
Then = Callable[[Sequence[Any]], Sequence[Request]]


@dataclass(eq=False)
class _Here:
    """What a session has in a slot."""

    work: Work | None = None
    error: str | None = None
    make: Make[Any] | None = None  # of a `RunSlot`: the result of what `work` has found
    then: Then | None = None  # what has to be computed after it
    earlier: tuple[Any, ...] = ()  # results of the work that `then` continued from
    result: str | None = None  # and the id of the last one


@contextmanager
def _waiting(patience: float) -> Iterator[float]:
    """Until when to wait: one run of a script waits for `PATIENCE` in all, whoever asks for it."""
    context, state = get_script_run_ctx(), st.session_state
    run = None if context is None else context.cursors  # another object in every run
    if "slots_waited" not in state or state.slots_waited[0] is not run:
        state.slots_waited = (run, 0.0)
    before, started = state.slots_waited[1], time.monotonic()
    until = started + max(0.0, min(patience, PATIENCE - before))
    yield until
    state.slots_waited = (run, before + time.monotonic() - started)


def of_session(key: str, make: Callable[[], Held]) -> Held:
    """What the viewer's session holds under a key, made when it is first asked for."""
    if key not in st.session_state:
        st.session_state[key] = make()
    held: Held = st.session_state[key]
    return held


class Slot:
    """Where one thing at a time is under way in each session; `name` is unique.

    What the work has found goes to `_take`.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def _here(self) -> _Here:
        return of_session(f"slot-{self.name}", _Here)

    def _take(self, results: Sequence[Any]) -> None:
        """Keep what the work that has ended, `running` until now, has found."""
        raise NotImplementedError

    def _begin(self, submit: Callable[[], Work], patience: float = PATIENCE) -> None:
        """Have work done, and wait a little for its end; what is under way ends."""
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
        """Say why nothing was started."""
        self._here.error = str(error)

    def stop(self) -> None:
        """End what is under way; what was computed is shown, once the last step has ended."""
        if (work := self._here.work) is not None:
            work.stop()
            with _waiting(PATIENCE) as until:
                if work.wait(until - time.monotonic()):
                    self._finish()

    @property
    def running(self) -> Work | None:
        """What is under way."""
        return self._here.work

    def error(self) -> str | None:
        """What to tell about the last request."""
        return self._here.error

    def area(self, draw: Callable[[], None]) -> None:
        """Draw a part of the page with `draw`, which says where `status` stands, by itself.

        While something is under way, the part looks a few times a second whether it has ended.
        """
        polls = EVERY if self.running is not None else None

        def drawn() -> None:
            if polls is not None and self._ended():
                st.rerun()
            with in_words():
                draw()
            if polls is None and self.running is not None:
                st.rerun()  # a click began what takes longer: from now on, look after it

        st.fragment(drawn, run_every=polls)()

    def status(self, text: str | None = None) -> None:
        """Of what is under way: its place or how far it is, with Stop; else what went wrong.

        `text` stands above the bar, in the viewer's language.
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
        """Look after what is under way; True if it has ended, and what it left is kept."""
        work = self.running
        if work is not None and work.look() in ("waiting", "running"):
            return False
        if work is not None:
            self._finish()
        return True


class RunSlot(Slot, Generic[Result]):
    """A slot that shows what ended last, for all sessions; results go to `store`."""

    def __init__(self, name: str, store: Store[Result]) -> None:
        super().__init__(name)
        self.store = store

    def start(
        self, requests: Sequence[Request], make: Make[Result], then: Then | None = None
    ) -> None:
        """Have requests computed; what is under way ends, what is shown stays until there is more.

        Args:
            requests: what to compute.
            make: the result of what there is: a run for each request, None where it has not ended;
                None if that is too little to be shown.
            then: what has to be computed after all that, given the runs; `make` gets the runs of
                both, in this order.
        """
        self.begin(lambda: _submit(requests), make, then)

    def begin(
        self, submit: Callable[[], Work], make: Make[Result], then: Then | None = None
    ) -> None:
        """Have any work done, as `start` does: `submit` queues it, `make` gets its results."""
        here = self._here
        here.make, here.then, here.earlier = make, then, ()
        self._begin(submit)
        if here.work is None:  # it was refused
            self._let_go()

    def _let_go(self) -> None:
        """Of what has ended a session keeps the result alone: what it was made of may be large."""
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
        """Show nothing of one's own any more."""
        self._here.result = None

    def shown(self) -> Result | None:
        """The last result that ended, unless it was pushed out of the store."""
        return self.store.get(self._here.result)

    def growing(self) -> Result | None:
        """The result of what is under way so far, else the last that ended."""
        here = self._here
        if here.work is not None and here.make is not None:
            so_far = here.make((*here.earlier, *here.work.results))
            if so_far is not None:
                return so_far
        return self.shown()


def _joined(text: str, what: str, seconds: float | None) -> str:
    """A text, and how long something takes, as exactly as one may believe it; nothing of None."""
    if seconds is None:
        return text
    if seconds >= 90:
        return f"{text} · {t(f'common.minutes_{what}', n=round(seconds / 60))}"
    step = 5 if seconds >= 10 else 1
    return f"{text} · {t(f'common.seconds_{what}', n=max(step, round(seconds / step) * step))}"


def _submit(requests: Sequence[Request]) -> Ticket:
    return generation.scheduler().submit(generation.visitor(), requests)
