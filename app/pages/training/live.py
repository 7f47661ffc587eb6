"""What the Training page computes live: one step of GRPO by hand, and a small run of one's own.

The step is done by the worker that generates, in two turns. Runs have a worker of their own, which
takes one at a time: whoever else wants to train waits, and may watch.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import streamlit as st

from app.core import models
from app.core.jobs import Job, Worker
from app.core.store import Store
from model.tasks.problem import Problem

if TYPE_CHECKING:
    from model.runtime.engine import Engine
    from model.training.grpo_step import Reply

STEPS = 40  # of a run of one's own, at most
SECONDS = 120.0  # of a run of one's own, the question before and after apart
QUESTIONS, GROUP = 8, 8
MAX_TOKENS = 160
ASKED = 16  # replies to the question before and after
MAX_WAITING = 6


class StepJob(Job):
    """One step of GRPO on a question; `replies` are there at its end."""

    def __init__(self, model: str, problem: Problem, seed: int) -> None:
        super().__init__([])
        self.id = uuid4().hex
        self.model, self.problem, self.seed = model, problem, seed
        self.drawn = False  # whether the group is there, and the step is being taken
        self.replies: list[Reply] = []
        self.lr = 0.0

    def parts(self, load: Callable[[str], Engine]) -> list[Iterator[None]]:
        return [self._take(load)]

    def _take(self, load: Callable[[str], Engine]) -> Iterator[None]:
        from model.training import grpo_step  # here, not above: it imports torch

        engine = load(self.model)
        group = grpo_step.sample_group(engine, self.problem, self.seed)
        self.drawn = True
        yield
        self.lr = grpo_step.SETTINGS.lr
        self.replies = grpo_step.learn(engine, group)


@dataclass(frozen=True)
class Given:
    """A reply to the question, before or after."""

    text: str
    tokens: int
    correct: bool


class TrainJob(Job):
    """A small GRPO run from base on questions like one question, which is asked before and after.

    `entries` are those of a GRPO log and only ever grow.
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        super().__init__([])
        self.id = uuid4().hex
        self.problem, self.seed = problem, seed
        self.entries: list[dict[str, Any]] = []
        self.before: list[Given] = []
        self.after: list[Given] = []
        self.seconds = 0.0
        self._enough = threading.Event()

    def stop(self) -> None:
        """End the run after the step under way; the question is asked all the same."""
        if self.state == "running":
            self._enough.set()
        else:
            super().stop()

    @property
    def stopping(self) -> bool:
        return self._enough.is_set()

    def parts(self, load: Callable[[str], Engine]) -> list[Iterator[None]]:
        return [self._train(load)]

    def _train(self, load: Callable[[str], Engine]) -> Iterator[None]:
        from model.training.grpo import GRPO, GRPOConfig  # here, not above: it imports torch

        start = load("base")
        levels: dict[str, tuple[int, ...]] = {self.problem.task: (self.problem.level,)}
        config = GRPOConfig(
            "now", self.seed, STEPS, levels, QUESTIONS, GROUP, max_new_tokens=MAX_TOKENS
        )
        run = GRPO(config, start)
        self.before = self._ask(start)
        yield
        began = time.monotonic()
        while run.step < STEPS and self.seconds < SECONDS and not self._enough.is_set():
            self.entries.append(run.advance())
            self.seconds = time.monotonic() - began
            yield
        self.after = self._ask(run.engine)

    def _ask(self, engine: Engine) -> list[Given]:
        """Replies to the question, with the same random numbers before and after."""
        from model.training.evaluate import attempts  # here, not above: it imports torch

        found = attempts(engine.sampler(), [self.problem], ASKED, 1.0, self.seed, MAX_TOKENS)[0]
        return [
            Given(a.completion.text, len(a.completion.token_ids), a.judgement.correct)
            for a in found
        ]


class Trainer:
    """Gives runs their turn; knows who has it."""

    def __init__(self, load: Callable[[str], Engine]) -> None:
        self._worker = Worker(load, most=1)
        self._jobs: list[TrainJob] = []
        self._lock = threading.Lock()

    def submit(self, job: TrainJob) -> bool:
        """Queue a run; False if too many wait already."""
        with self._lock:
            self._jobs = [one for one in self._jobs if one.active]
            if len(self._jobs) > MAX_WAITING:
                return False
            self._jobs.append(job)
            self._worker.enqueue(job)
        return True

    def running(self) -> TrainJob | None:
        """The run that has its turn now."""
        return next((job for job in list(self._jobs) if job.state == "running"), None)


@st.cache_resource(show_spinner=False)
def trainer() -> Trainer:
    """The server's one trainer."""
    import torch  # here, not above: the first picture does not wait for it

    torch.set_num_threads(1)
    return Trainer(models.engine)


@st.cache_resource(show_spinner=False)
def steps() -> Store[StepJob]:
    """Steps by hand that have been taken."""
    return Store()


@st.cache_resource(show_spinner=False)
def trained() -> Store[TrainJob]:
    """Runs that have ended."""
    return Store()
