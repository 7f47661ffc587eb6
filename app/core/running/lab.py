"""Experiments that need torch: the server runs each in a process of its own, one at a time.

    experiment = lab().submit(visitor(), {"experiment": "one_step", ...})
    experiment.look(), experiment.results    # in a fragment, as for a ticket of the scheduler

`model.training.experiments` defines the requests and findings. A process ends on Stop, when its
visitor is gone, and with the server, whose end closes its standard input. Others may watch the
running experiment, `lab().running`, but cannot affect it.
"""

from __future__ import annotations

import atexit
import json
import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from model.runtime.work import FullError, Work
from model.training.experiments import Finding

_LOG = logging.getLogger(__name__)
ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "model.training.lab")
WAITING = 6  # experiments that may wait their turn
YOURS = 2  # experiments of one visitor, waiting and running
TICK = 0.2  # seconds between checks whether the visitor is still there
GRACE = 30.0  # seconds that an experiment has to end by itself after Stop


class LabError(RuntimeError):
    """An experiment's process ended without a result; `cause` selects the viewer's message."""

    def __init__(self, cause: Literal["disk", "memory", "defect"]) -> None:
        super().__init__(f"an experiment failed: {cause}")
        self.cause = cause


class Experiment(Work):
    """An experiment requested by a visitor; `results` only ever grows."""

    def __init__(self, visitor: Hashable, request: Mapping[str, Any]) -> None:
        super().__init__(visitor)
        self.request = request
        self.results: list[Finding] = []

    @property
    def progress(self) -> float:
        """The share that is done."""
        return self.results[-1].progress if self.results else 0.0


class Lab:
    """A queue of experiments, and a thread that runs their processes one after another.

    Nobody's second experiment runs before anybody's waiting first.
    """

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._queue: list[Experiment] = []  # the first one is running, or about to
        self._process: subprocess.Popen[str] | None = None
        self._closed = False
        self._wake = threading.Condition()
        threading.Thread(target=self._work, daemon=True, name="lab").start()
        atexit.register(self.close)

    def submit(self, visitor: Hashable, request: Mapping[str, Any]) -> Experiment:
        """Queue an experiment.

        Raises:
            FullError: if the visitor has too many, or too many are waiting.
        """
        experiment = Experiment(visitor, request)
        with self._wake:
            self._tidy()
            wanted = [one for one in self._queue if not one.dropped]
            if sum(one.visitor == visitor for one in wanted) >= YOURS:
                raise FullError("yours")
            if len(wanted) > WAITING:
                raise FullError("everybody's")
            self._queue.append(experiment)
            self._order()
            self._wake.notify()
        return experiment

    @property
    def running(self) -> Experiment | None:
        """The running experiment, for observers; None if there is none."""
        with self._wake:
            first = next(iter(self._queue), None)
        return first if first is not None and first.state == "running" else None

    def close(self) -> None:
        """Kill the current process, and start no other."""
        self._closed = True
        if self._process is not None:
            self._process.kill()

    def _order(self) -> None:
        """Sort everybody's first experiment before their second; a running one stays first."""
        seen: Counter[Hashable] = Counter()
        turns: dict[Experiment, int] = {}
        for one in self._queue:
            turns[one] = seen[one.visitor] if one.state == "waiting" else -1
            seen[one.visitor] += 1
        self._queue.sort(key=turns.__getitem__)

    def _tidy(self) -> None:
        """Remove waiting experiments that were dropped; update the places of the others."""
        for one in [one for one in self._queue if one.state == "waiting" and one.dropped]:
            self._queue.remove(one)
            one.close("stopped")
        for place, one in enumerate(self._queue):
            one.place = place
            one.turn_in = self._queue[0].remaining if place == 1 else None

    def _work(self) -> None:
        while not self._closed:
            with self._wake:
                self._tidy()
                while not self._queue:
                    self._wake.wait()
                experiment = self._queue[0]
                experiment.begin()
            try:
                self._run(experiment)
            except Exception:  # the process could not be started, or a bug
                _LOG.exception("an experiment failed")
                experiment.close("failed", LabError("defect"))
            with self._wake:
                self._queue.remove(experiment)

    def _run(self, experiment: Experiment) -> None:
        """Run an experiment in a process, and make sure that it ends."""
        process = self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            bufsize=1,
        )
        reader = _Reader(process, experiment)
        reader.start()
        assert process.stdin is not None
        given_up_at = float("inf")
        try:
            process.stdin.write(json.dumps(experiment.request) + "\n")
            process.stdin.flush()
            while process.poll() is None:
                if experiment.stopped and given_up_at == float("inf"):
                    process.stdin.close()  # it ends with its next step
                    given_up_at = time.monotonic() + GRACE
                if experiment.unseen or time.monotonic() > given_up_at:
                    process.kill()
                with self._wake:
                    self._tidy()
                reader.join(TICK)  # it ends with the process
        except BrokenPipeError:  # it ended before it read the request
            pass
        finally:
            process.kill()
            process.wait()
        reader.join()
        if experiment.dropped:
            experiment.close("stopped")
        elif process.returncode == 0 and reader.error is None:
            experiment.close("done")
        else:
            _LOG.error("an experiment's process ended with %s", process.returncode)
            # if the system killed the process, it most likely ran out of memory
            killed = process.returncode == -9
            experiment.close("failed", reader.error or LabError("memory" if killed else "defect"))


class _Reader(threading.Thread):
    """Reads a process's output lines into an experiment's results."""

    def __init__(self, process: subprocess.Popen[str], experiment: Experiment) -> None:
        super().__init__(daemon=True, name="lab-reader")
        assert process.stdout is not None
        self._lines, self._experiment = process.stdout, experiment
        self.error: LabError | None = None

    def run(self) -> None:
        for line in self._lines:
            try:
                found = json.loads(line)
                if "error" in found:
                    self.error = LabError(found["error"])
                else:
                    self._experiment.results.append(Finding(**found))
            except (ValueError, TypeError):  # a line cut off by the end of the process
                self.error = LabError("defect")


_LOCK = threading.Lock()
_made: list[Lab] = []


def lab() -> Lab:
    """The server's lab, whose thread lives as long as the server."""
    with _LOCK:
        if not _made:
            _made.append(Lab())
        return _made[0]
