"""A place on a page where one thing is computed at a time: start, follow, stop, finish.

    RUN = RunSlot("start", make)        # make: what has been computed so far → an ended result
    RUN.start(requests)                 # a click: most runs have ended when this returns
    RUN.shown()                         # the last result; kept by its id, which the session holds
    RUN.follow()                        # in a fragment of `RUN.every`: how far it is, and Stop

What is under way is work: a ticket of the scheduler, or an experiment of the lab (`RUN.begin`).
What has ended is a result, and never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st

from app.core import generation
from app.core.errors import InputError, told
from app.core.store import HasId, Store
from app.core.texts import t
from model.runtime.batch import Request
from model.runtime.work import FullError, Work

PATIENCE = 0.9  # seconds that a click waits for the end, before the page follows it
EVERY = 0.4  # seconds between two looks at what goes on longer

Result = TypeVar("Result", bound=HasId)
Make = Callable[[Sequence[Any]], Result | None]


@dataclass(eq=False)
class _Here(Generic[Result]):
    """What a session has in a slot."""

    work: Work | None = None
    make: Make[Result] | None = None
    result: str | None = None  # its id
    error: str | None = None


class RunSlot(Generic[Result]):
    """One slot of a page, for all sessions; `name` is unique. Ended results go to `store`."""

    def __init__(self, name: str, store: Store[Result]) -> None:
        self.name, self._store = name, store

    @property
    def _here(self) -> _Here[Result]:
        key = f"slot-{self.name}"
        if key not in st.session_state:
            st.session_state[key] = _Here()
        here: _Here[Result] = st.session_state[key]
        return here

    def start(self, requests: Sequence[Request], make: Make[Result]) -> None:
        """Have requests computed; what is under way ends, what is shown stays until there is more.

        Args:
            requests: what to compute.
            make: the result of what there is: a run for each request, None where it has not ended;
                None if that is too little to be shown.
        """
        visitor = generation.visitor()
        self.begin(lambda: generation.scheduler().submit(visitor, requests), make)

    def begin(self, submit: Callable[[], Work], make: Make[Result]) -> None:
        """Have any work done, as `start` does: `submit` queues it, `make` gets its results."""
        here = self._here
        if here.work is not None:
            here.work.stop()
        here.error, here.make = None, make
        try:
            here.work = submit()
        except FullError as error:
            here.work, here.error = None, told(error)
            return
        if here.work.wait(PATIENCE):
            self._finish()

    def refuse(self, error: InputError) -> None:
        """Say why nothing was started."""
        self._here.error = str(error)

    def stop(self) -> None:
        """End what is under way; what was computed is shown, once the last step has ended."""
        if (work := self._here.work) is not None:
            work.stop()
            if work.wait(PATIENCE):
                self._finish()

    def forget(self) -> None:
        """Show nothing of one's own any more."""
        self._here.result = None

    @property
    def running(self) -> Work | None:
        """What is under way."""
        return self._here.work

    @property
    def every(self) -> float | None:
        """How often a fragment that follows the run has to look: None if there is nothing."""
        return EVERY if self.running is not None else None

    def error(self) -> str | None:
        """What to tell about the last request."""
        return self._here.error

    def shown(self) -> Result | None:
        """The last result that ended, unless it was pushed out of the store."""
        return self._store.get(self._here.result)

    def growing(self) -> Result | None:
        """The result of what is under way so far, else the last that ended."""
        here = self._here
        if here.work is not None and here.make is not None:
            so_far = here.make(here.work.results)
            if so_far is not None:
                return so_far
        return self.shown()

    def follow(self, text: str | None = None) -> None:
        """How far the run is, with Stop; draws the page anew once it has ended.

        `text` stands above the bar, in the viewer's language.
        """
        work = self.running
        if work is None:
            return
        if work.look() not in ("waiting", "running"):
            self._finish()
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                t("common.stop"),
                key=f"slot-stop-{self.name}",
                disabled=work.stopped,
                on_click=self.stop,
            )
            if work.state == "waiting":
                st.caption(t("common.waiting", position=work.place))
            else:
                st.progress(work.progress, text)

    def _finish(self) -> None:
        here = self._here
        work, make = here.work, here.make
        assert work is not None and make is not None
        here.work = here.make = None
        if work.error is not None:
            here.error = told(work.error)
        if (result := make(work.results)) is not None:
            here.result = self._store.put(result)
