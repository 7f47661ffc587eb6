"""Runs of one prompt by one model, and their records: what most pages need."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from app.core.assets import models
from app.core.running import store
from app.core.running.run_slot import RunSlot
from model.analysis.interventions import Intervened, Intervention
from model.nn import tokenizer
from model.nn.workspace import Run
from model.record.trace import RunInfo, Trace
from model.runtime.batch import Request
from model.runtime.recording import record


@dataclass(frozen=True)
class PromptRun:
    """A prompt that fits its model's context (see `prompts.fitting`), and how to continue it."""

    model: str
    prompt: str
    max_new_tokens: int
    temperature: float = 0.0
    seed: int = 0
    intervention: Intervention | None = None

    def request(self) -> Request:
        """The request for the scheduler."""
        changed = self.intervention
        engine = self.model if changed is None else Intervened(self.model, changed)
        ids = (tokenizer.BOS, *tokenizer.encode(models.tokenizer(self.model), self.prompt))
        return Request(engine, ids, self.max_new_tokens, self.temperature, self.seed, read=True)

    def trace(self, run: Run) -> Trace:
        """The record of a run of this prompt."""
        date = run.date or datetime.date.today().isoformat()
        info = RunInfo(self.prompt, self.temperature, self.seed, self.max_new_tokens, date)
        return record(run, models.card(self.model), info, models.tokenizer(self.model))


@dataclass(frozen=True, eq=False)
class Traces:
    """The records of prompts that were run together, in order."""

    traces: tuple[Trace, ...]

    @property
    def id(self) -> str:
        """A hash of the content."""
        return hashlib.sha256("/".join(one.id for one in self.traces).encode()).hexdigest()[:16]


TRACES: store.Store[Traces] = store.Store()


class PromptSlot(RunSlot[Traces]):
    """A slot that runs prompts together and shows all of their records, or none."""

    def __init__(self, name: str) -> None:
        super().__init__(name, TRACES)

    def run(self, prompts: Sequence[PromptRun]) -> None:
        """Run prompts; see `RunSlot.start`."""

        def make(runs: Sequence[Run | None]) -> Traces | None:
            ended = [run for run in runs if run is not None]
            if len(ended) < len(prompts):
                return None
            pairs = zip(prompts, ended, strict=True)
            return Traces(tuple(prompt.trace(run) for prompt, run in pairs))

        self.start([prompt.request() for prompt in prompts], make)

    def traces(self) -> tuple[Trace, ...]:
        """The records to show; empty if nothing was run, or they were evicted."""
        found = self.shown()
        return () if found is None else found.traces
