"""The scheduler when something fails: the failed work ends, everything else continues."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from model.nn.config import CheckpointError
from model.nn.workspace import Keep, KernelModel, Run, Workspace
from model.runtime import scheduler
from model.runtime.batch import TOGETHER, Request
from model.runtime.scheduler import SHARE, Scheduler
from tests.model.runtime.scheduling import PROMPT, ended, request


def test_a_defect_ends_its_own_requests_only(
    model: KernelModel, caplog: pytest.LogCaptureFixture
) -> None:
    def load(engine: Hashable) -> KernelModel:
        if engine == "missing":
            raise CheckpointError("there is no such model")
        if engine == "defect":
            raise RuntimeError("boom")
        return model

    crowd = Scheduler(load)
    missing = crowd.submit("A", [Request("missing", PROMPT, 5), request(1)])
    defect = crowd.submit("B", [Request("defect", PROMPT, 5)])
    too_long = crowd.submit("C", [request(0, ids=tuple(range(5_000)))])
    fine = crowd.submit("D", [request(1)])
    assert ended(missing).state == ended(defect).state == ended(too_long).state == "failed"
    assert isinstance(missing.error, CheckpointError)
    assert isinstance(defect.error, RuntimeError)
    assert "boom" in caplog.text and "do not fit the model's context" in caplog.text
    assert "no such model" not in caplog.text  # told to whoever asked
    assert ended(fine).state == "done"
    assert ended(crowd.submit("A", [request(3)])).state == "done"


class Held:
    """A model whose turns wait until they are released, and then fail if told to."""

    def __init__(self, model: KernelModel, error: Exception | None = None) -> None:
        self._model, self._error = model, error
        self.begun, self.go_on = threading.Event(), threading.Event()

    def workspace(self, rows: int, keep: Keep) -> Workspace:
        workspace = self._model.workspace(rows, keep)
        advance = workspace.advance

        def held(slots: NDArray[np.int64], steps: int) -> int:
            self.begun.set()
            assert self.go_on.wait(60)
            if self._error is not None:
                raise self._error
            return advance(slots, steps)

        workspace.advance = held  # type: ignore[method-assign]
        return workspace


def several(engine: str, n: int) -> list[Request]:
    """Sequences with different prompts, so that they need not wait for one another."""
    return [replace(request(seed, ids=(0, 40 + seed)), engine=engine) for seed in range(n)]


@pytest.mark.parametrize("error", [None, RuntimeError("boom")], ids=str)
def test_what_fails_while_a_batch_of_its_is_computed_leaves_that_batch(
    model: KernelModel, error: Exception | None
) -> None:
    held = {f"base-{n}": Held(model, error) for n in range(2)}

    def load(engine: Hashable) -> KernelModel:
        if str(engine).startswith("missing"):
            assert held[f"base-{str(engine)[-1]}"].begun.wait(60)
            raise CheckpointError("there is no such model")
        return held[str(engine)]  # type: ignore[return-value]

    crowd = Scheduler(load)
    for n, name in enumerate(held):  # twice: there are two threads that it could end
        asked = [*several(name, SHARE), Request(f"missing-{n}", PROMPT)]
        ticket = crowd.submit("A", asked)
        while ticket.error is None:
            ticket.wait(0.01)
        assert ticket.active  # some of it is being computed
        held[name].go_on.set()
        assert ended(ticket).state == "failed"
        assert isinstance(ticket.error, CheckpointError)  # what failed first
    again = crowd.submit("A", several("base-0", SHARE))
    assert ended(again).state == ("done" if error is None else "failed")
    assert again.error is error


def test_what_cannot_leave_a_batch_ends_no_thread(model: KernelModel) -> None:
    held = Held(model)

    class Full:
        def workspace(self, rows: int, keep: Keep) -> Workspace:
            workspace = held.workspace(rows, keep)

            def take(row: int, seconds: NDArray[np.float32]) -> Run:
                raise MemoryError

            workspace.take = take  # type: ignore[method-assign]
            return workspace

    crowd = Scheduler(lambda engine: Full() if engine == "full" else model)  # type: ignore[arg-type, return-value]
    ticket = crowd.submit("A", several("full", 4))
    assert held.begun.wait(60)
    ticket.stop()
    held.go_on.set()
    assert ended(ticket).state == "failed"
    assert isinstance(ticket.error, MemoryError)
    assert ended(crowd.submit("A", [request(1)])).state == "done"


def test_a_defect_of_the_scheduler_ends_no_thread(
    model: KernelModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scheduler, "PAUSE", 0.0)

    class Odd:
        """A visitor whose comparison with others fails at first."""

        asked = 0
        __hash__ = object.__hash__

        def __eq__(self, other: object) -> bool:
            self.asked += 1
            if self.asked == 1:
                raise RuntimeError("boom")
            return self is other

    alone = Scheduler(lambda engine: model, threads=1)
    assert ended(alone.submit(Odd(), [request(1)])).state == "done"
    assert "boom" in caplog.text


def test_a_refusal_costs_no_row(model: KernelModel) -> None:
    alone = Scheduler(lambda engine: model, threads=1)
    refused = [alone.submit("A", [request(-1)]) for _ in range(TOGETHER)]
    assert {ended(one).state for one in refused} == {"failed"}
    assert ended(alone.submit("A", [request(1)])).state == "done"
