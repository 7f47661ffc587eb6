"""Who generates when: one worker, which gives every running request one token in turn.

A page submits requests, then reads `job.steps` a few times a second while they grow. More threads
would only compete for the processor's cores; taking turns keeps everyone's text moving. A viewer
who leaves stops being `seen`, and the job ends by itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import streamlit as st

from app.core import texts as texts_module
from model.record.card import ModelCard
from model.record.steps import TokenStep, collect
from model.record.trace import RunInfo, Trace

if TYPE_CHECKING:
    from model.nn.cache import Cache
    from model.runtime.engine import Engine

_LOG = logging.getLogger(__name__)
State = Literal["waiting", "running", "done", "stopped", "failed"]
MAX_RUNNING = 4  # jobs that share the worker; the others wait their turn
UNSEEN_SECONDS = 10.0  # a job that no page has asked about for so long is dropped


@dataclass(frozen=True)
class Request:
    """One model, one prompt."""

    model: str
    prompt: str
    max_new_tokens: int
    temperature: float = 0.0
    seed: int = 0


@dataclass
class Run:
    """One request as it goes on; `steps` only ever grows."""

    request: Request
    card: ModelCard | None = None
    info: RunInfo | None = None
    steps: list[TokenStep] = field(default_factory=list)
    cache: Cache | None = None  # of what was fed so far
    finished: bool = False


class Job:
    """Requests that one viewer made together, e.g. the same prompt to four twins."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.runs = [Run(request) for request in requests]
        self.state: State = "waiting"
        self.error: str | None = None  # for the viewer, when state is "failed"
        self.position = 0  # in the queue: 1 is next; 0 once running
        self._stop = threading.Event()
        self._seen = time.monotonic()

    def stop(self) -> None:
        """Ask the worker to end the job; what was generated stays."""
        self._stop.set()

    def look(self) -> State:
        """The state, and a sign that somebody is still watching."""
        self._seen = time.monotonic()
        return self.state

    @property
    def active(self) -> bool:
        return self.state in ("waiting", "running")

    def parts(self, load: Callable[[str], Engine]) -> list[Iterator[None]]:
        """What the worker does for the job: one step of each part a turn, until all have ended."""
        return [generate(run, load) for run in self.runs]

    def traces(self) -> list[Trace | None]:
        """A trace per request of what there is so far; None before a first token."""
        return [self._trace(run) for run in self.runs]

    def _trace(self, run: Run) -> Trace | None:
        steps = list(run.steps)
        if run.card is None or run.info is None or not steps:
            return None
        if not run.finished:
            reason = "stopped"
        else:
            reason = "stop" if steps[-1].text.endswith("<eos>") else "length"
        return collect(run.card, run.info, steps, reason)


class Worker:
    """A thread that runs jobs, `most` at once; `load` gives the engine of a model's name."""

    def __init__(self, load: Callable[[str], Engine], most: int = MAX_RUNNING) -> None:
        self._load, self._most = load, most
        self._waiting: list[Job] = []
        self._wake = threading.Condition()
        threading.Thread(target=self._work, daemon=True, name="generation").start()

    def submit(self, requests: Sequence[Request]) -> Job:
        """Queue requests; they start as soon as there is room."""
        job = Job(requests)
        self.enqueue(job)
        return job

    def enqueue(self, job: Job) -> None:
        """Queue a job of any kind."""
        with self._wake:
            self._waiting.append(job)
            job.position = len(self._waiting)
            self._wake.notify()

    def _work(self) -> None:
        running: dict[Job, list[Iterator[None]]] = {}
        while True:
            with self._wake:
                while not self._waiting and not running:
                    self._wake.wait()
                while self._waiting and len(running) < self._most:
                    job = self._waiting.pop(0)
                    job.state, job.position = "running", 0
                    running[job] = job.parts(self._load)
                for place, job in enumerate(self._waiting, 1):
                    job.position = place
            for job in list(running):
                self._turn(job, running[job])
                if not job.active:
                    del running[job]

    def _turn(self, job: Job, parts: list[Iterator[None]]) -> None:
        """One token for each request of a job, or one step of whatever else its parts do."""
        unseen = time.monotonic() - job._seen > UNSEEN_SECONDS
        if job._stop.is_set() or unseen:
            job.state = "stopped"
            return
        try:
            parts[:] = [part for part in parts if next(part, "end") != "end"]
        except ValueError as error:  # PromptError, CheckpointError: written for the viewer
            job.error, job.state = str(error), "failed"
            return
        except Exception:  # a defect of ours must not end everybody's worker
            _LOG.exception("a job failed")
            told = [
                texts_module.translated(language, "common.failed")
                for language in texts_module.LANGUAGES
            ]
            job.error, job.state = " · ".join(told), "failed"
            return
        if not parts:
            job.state = "done"


def generate(run: Run, load: Callable[[str], Engine]) -> Iterator[None]:
    """Carry a request out: the prompt at the first turn, then a token each."""
    r = run.request
    engine = load(r.model)
    run.cache = engine.new_cache()
    run.card = engine.card
    run.info = engine.info(r.prompt, r.max_new_tokens, r.temperature, r.seed)
    for step in engine.stream(r.prompt, r.max_new_tokens, r.temperature, r.seed, run.cache):
        run.steps.append(step)
        if not step.in_prompt:
            yield
    run.finished = True


@st.cache_resource(show_spinner=False)
def worker() -> Worker:
    """The server's one worker."""
    import torch  # here, not above: the first picture does not wait for it

    from app.core import models

    torch.set_num_threads(1)  # one thread per token step is fastest for models this small
    return Worker(models.engine)
