"""The one training loop: take a step, log it, save the state, and resume after a kill.

Pre-training, supervised fine-tuning and GRPO differ only in what a step does: each is a
`TrainingRun` with its own `update`.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch.optim import Optimizer

from model.nn.files import append_line
from model.nn.network import Transformer
from model.training.state import load_state, save_state, truncate_log


class TrainingRun(ABC):
    """A run in memory: a model, its optimizers, and the progress of training.

    Nothing touches the disk before `train`. All randomness follows from the settings and from
    `step`, so that a run that was killed and resumed ends with the same weights as any other.
    """

    def __init__(
        self,
        name: str,
        model: Transformer,
        optimizers: Mapping[str, Optimizer],
        settings: Mapping[str, Any],
        steps: int,
        save_every: int,
        report_every: int = 1,
        max_seconds: float | None = None,
    ) -> None:
        """`settings` determine the run; a saved state with other settings is refused.

        The run ends after `steps`, or with the first step that ends after `max_seconds`. Its state
        is saved every `save_every` steps, a line is printed every `report_every`, and both happen
        at the end.
        """
        self.name, self.model, self.optimizers = name, model, dict(optimizers)
        self.settings = {"kind": type(self).__name__} | dict(settings)
        self.steps, self.max_seconds = steps, max_seconds
        self.save_every, self.report_every = save_every, report_every
        self.step, self.tokens, self.seconds = 0, 0, 0.0

    @abstractmethod
    def update(self) -> dict[str, Any]:
        """Update the weights once and add to `tokens`; returns the measures to log for this step.

        `step` is the number of steps before this one.
        """

    @abstractmethod
    def summary(self, entry: Mapping[str, Any]) -> str:
        """The few measures of a log entry to show in the progress line."""

    def advance(self) -> dict[str, Any]:
        """Take one step; returns its log entry, with the step, tokens and seconds so far."""
        started = time.perf_counter()
        entry = self.update()
        self.step += 1
        self.seconds += time.perf_counter() - started
        counted = {"step": self.step, "tokens": self.tokens, "seconds": round(self.seconds, 1)}
        return counted | entry

    @property
    def progress(self) -> float:
        """The share of the run that is done; 1 or more at its end."""
        by_clock = self.seconds / self.max_seconds if self.max_seconds else 0.0
        return max(self.step / self.steps, by_clock)

    def train(
        self, work: Path, log_folder: Path, after_step: Callable[[], None] | None = None
    ) -> None:
        """Run to the end from wherever the last call was interrupted.

        The state is kept in `work`/`name`, the log in `log_folder`/log.jsonl, one line per step.
        `after_step` is called after each step, before the state is saved: a run that is killed
        never skips a step, but may repeat one.

        Raises:
            UsageError: if `work` holds the state of a run with other settings.
            WriteError: if the disk is full; what was saved before is still there.
        """
        state_file, log_file = work / self.name / "state.pt", log_folder / "log.jsonl"
        log_folder.mkdir(parents=True, exist_ok=True)
        if state := load_state(state_file, self.settings):
            self._resume(state)
            print(f"{self.name}: resuming after step {self.step:,}", flush=True)
        truncate_log(log_file, self.step)
        while self.progress < 1:
            entry = self.advance()
            append_line(log_file, json.dumps(entry, ensure_ascii=False))
            if self.step % self.report_every == 0 or self.progress >= 1:
                print(self._report(entry), flush=True)
            if after_step is not None:
                after_step()
            if self.step % self.save_every == 0 or self.progress >= 1:
                save_state(state_file, self.settings, self._state())

    def _report(self, entry: Mapping[str, Any]) -> str:
        left = max(0.0, (1 / self.progress - 1) * self.seconds / 60)
        return (
            f"{self.name}: step {self.step:,}/{self.steps:,}  {self.summary(entry)}  "
            f"{self.tokens / self.seconds:,.0f} tokens/s  {left:.0f} min left"
        )

    def _state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizers": {name: one.state_dict() for name, one in self.optimizers.items()},
            "step": self.step,
            "tokens": self.tokens,
            "seconds": self.seconds,
        }

    def _resume(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.step, self.tokens, self.seconds = state["step"], state["tokens"], state["seconds"]
