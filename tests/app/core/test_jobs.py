"""The worker that takes turns: fairness, the queue, Stop, viewers who leave, defects."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.core import jobs
from app.core.jobs import Request, Worker
from model.record.card import ModelCard
from model.record.steps import TokenStep
from model.record.trace import RunInfo

CARD = ModelCard(name="m", moe_layers=(1,), n_routed_experts=4, num_experts_per_tok=2)
INFO = RunInfo("p", 0.0, 0, 5, "2026-01-01")


class Scripted:
    """An engine whose tokens come when they are let go, and which notes who was served."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.gate = threading.Semaphore(0)

    def load(self, name: str) -> Any:
        if name == "missing":
            raise ValueError("there is no such model")
        return SimpleNamespace(
            card=CARD, info=lambda *_: INFO, stream=self.stream, new_cache=lambda: None
        )

    def stream(
        self, prompt: str, n: int, temperature: float, seed: int, cache: None
    ) -> Iterator[TokenStep]:
        if prompt == "defect":
            raise RuntimeError("boom")
        ids, weights = np.array([[0, 1]], np.int16), np.ones((1, 2), np.float16)
        for i in range(n):
            self.gate.acquire()
            self.served.append(prompt)
            yield TokenStep(i, "x", -1.0, 0.5, False, ids, weights, 10 * i, 0.1 * i)


@pytest.fixture
def engine() -> Scripted:
    return Scripted()


@pytest.fixture
def worker(engine: Scripted) -> Worker:
    return Worker(engine.load)


def until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        time.sleep(0.005)
    raise AssertionError("it never came true")


def test_jobs_get_one_token_each_in_turn(worker: Worker, engine: Scripted) -> None:
    one = worker.submit([Request("m", "a", 20)])
    until(lambda: one.state == "running")
    two = worker.submit([Request("m", "b", 20)])
    engine.gate.release(40)
    until(lambda: not one.active and not two.active)
    assert (one.state, two.state) == ("done", "done")
    both = "".join(engine.served)
    begun = both.index("b")
    assert "aaa" not in both[begun : both.rindex("a")]


def test_a_job_waits_until_another_ends(worker: Worker, engine: Scripted) -> None:
    running = [worker.submit([Request("m", "a", 50)]) for _ in range(jobs.MAX_RUNNING)]
    engine.gate.release(8)  # a token is under way until it is let go
    until(lambda: all(job.state == "running" for job in running))
    first, second = (worker.submit([Request("m", "c", 1)]) for _ in range(2))
    assert first.state == second.state == "waiting"
    assert (first.position, second.position) == (1, 2)
    engine.gate.release(1000)
    until(lambda: first.state == second.state == "done")


def test_stop_keeps_what_is_there(worker: Worker, engine: Scripted) -> None:
    job = worker.submit([Request("m", "a", 100)])
    engine.gate.release(3)
    until(lambda: len(job.runs[0].steps) == 3)
    job.stop()
    engine.gate.release(2)
    until(lambda: job.state == "stopped")
    [trace] = job.traces()
    assert trace is not None and 3 <= len(trace) <= 5 and trace.finish_reason == "stopped"


def test_nobody_looking_ends_a_job(
    worker: Worker, engine: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "UNSEEN_SECONDS", 0.05)
    job = worker.submit([Request("m", "a", 100)])
    time.sleep(2 * jobs.UNSEEN_SECONDS)
    engine.gate.release()  # the token that was under way
    until(lambda: job.state == "stopped")
    assert len(job.runs[0].steps) <= 1


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (Request("missing", "a", 1), "there is no such model"),
        (Request("m", "defect", 1), "Please run it again"),
    ],
)
def test_a_failed_job_says_so_and_the_worker_goes_on(
    worker: Worker, engine: Scripted, request_: Request, told: str
) -> None:
    bad = worker.submit([request_])
    until(lambda: not bad.active)
    assert bad.state == "failed" and told in (bad.error or "")
    good = worker.submit([Request("m", "a", 2)])
    engine.gate.release(2)
    until(lambda: good.state == "done")
