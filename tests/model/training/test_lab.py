"""The program that runs the browser's experiments: requests in, lines out, and it always ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from model.tasks import problems
from model.training import experiments, lab

pytestmark = pytest.mark.slow  # each test starts a process that imports torch
ROOT = Path(__file__).parents[3]
PROBLEM = next(problems("chain", 2, 0, "heldout", "en"))
SMALL = {"steps": 2, "seconds": 1e6, "questions": 2, "group": 2, "max_new_tokens": 8, "asked": 2}
SHORT_RUN = experiments.short_run(PROBLEM, seed=0) | SMALL
ONE_STEP = experiments.one_step(PROBLEM, "base", seed=1)


def ran(request: Any, *, closed: bool = False) -> tuple[list[dict[str, Any]], int]:
    """The output lines for a request, and the exit status; standard input may be closed early."""
    process = subprocess.Popen(
        [sys.executable, "-m", "model.training.lab"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    if closed:
        process.stdin.close()
    lines = [json.loads(line) for line in process.stdout]
    return lines, process.wait()


def test_a_short_run_asks_before_and_after() -> None:
    lines, status = ran(SHORT_RUN)
    assert status == 0
    assert [line["name"] for line in lines] == ["before", "step", "step", "after"]
    assert [line["progress"] for line in lines] == [0.0, 0.5, 1.0, 1.0]
    assert [line["value"]["step"] for line in lines[1:3]] == [1, 2]
    assert all(len(lines[place]["value"]) == 2 for place in (0, 3))


def test_enough_is_enough_but_the_question_is_asked_again() -> None:
    lines, status = ran(SHORT_RUN | {"steps": 10_000}, closed=True)
    assert status == 0
    assert lines[-1]["name"] == "after" and len(lines) < 100


def test_one_step_as_in_a_run() -> None:
    found = {
        name: (progress, value)
        for progress, name, value in lab.one_step(ONE_STEP, threading.Event())
    }
    assert found["drawn"] == (0.5, 8)
    progress, update = found["update"]
    assert progress == 1.0 and update["lr"] > 0 and len(update["replies"]) == 8
    assert sum(reply["advantage"] for reply in update["replies"]) == pytest.approx(0, abs=1e-5)
    json.dumps(update)


def test_a_step_that_nobody_waits_for_is_not_taken() -> None:
    enough = threading.Event()
    enough.set()
    assert [name for _, name, _ in lab.one_step(ONE_STEP, enough)] == ["drawn"]


def test_a_defect_ends_the_process_in_words() -> None:
    lines, status = ran(SHORT_RUN | {"model": "none"})
    assert (lines, status) == ([{"error": "defect"}], 1)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(28, "No space left on device"), "disk"),
        (OSError(2, "No such file"), "defect"),
        (MemoryError(), "memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "memory"),
        (ValueError("x"), "defect"),
    ],
)
def test_causes(error: Exception, cause: str) -> None:
    assert lab.cause(error) == cause


@pytest.mark.skipif(os.name != "posix", reason="priorities are otherwise there")
def test_it_is_nice() -> None:
    program = (
        "import os, sys, io\nfrom model.training import lab\n"
        "sys.stdin = io.StringIO('{\"experiment\": 0}\\n')\nlab.main()\nprint(os.nice(0))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert int(done.stderr.split()[-1]) >= min(19, os.nice(0) + 5)
