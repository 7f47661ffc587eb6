"""Experiments in processes of their own: one at a time, ended with their viewer; their errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.running import lab as lab_module
from app.core.running.lab import Experiment, Lab, LabError
from model.runtime import work
from model.runtime.work import FullError

ROOT = Path(__file__).parents[4]
PATIENCE = 60.0  # seconds; a machine may be busy

#: A process that does what its request says, without torch.
SCRIPTED = """
import json, os, signal, sys, threading, time
request = json.loads(sys.stdin.readline())
enough = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), enough.set()), daemon=True).start()
def tell(**line):
    print(json.dumps(line), flush=True)
tell(progress=0.5, name="pid", value=os.getpid())
what = request["do"]
if what == "go on":
    enough.wait(60)
    tell(progress=1.0, name="last words", value=request["seed"])
elif what == "hang":
    time.sleep(60)
elif what == "crash":
    raise SystemExit(3)
elif what == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
elif what == "disk":
    tell(error="disk")
    raise SystemExit(1)
elif what == "babble":
    print('{"progress": 0.', flush=True)
"""


@pytest.fixture
def lab() -> Lab:
    return Lab((sys.executable, "-c", SCRIPTED))


def until(true: Callable[[], object], *looking: Experiment) -> None:
    """Wait for something, while the viewers of some experiments look after them."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        for one in looking:
            one.look()
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def values(experiment: Experiment) -> dict[str, object]:
    return {found.name: found.value for found in list(experiment.results)}


def test_an_experiment_reports_and_ends(lab: Lab) -> None:
    one = lab.submit("a", {"do": "nothing"})
    assert one.wait(PATIENCE)
    assert (one.state, one.error, one.progress) == ("done", None, 0.5)
    assert lab.running is None


def test_stop_lets_it_finish_with_what_it_has(lab: Lab) -> None:
    one = lab.submit("a", {"do": "go on", "seed": 7})
    until(lambda: one.results, one)
    one.stop()
    assert one.wait(PATIENCE)
    assert one.state == "stopped" and values(one)["last words"] == 7


def test_what_hangs_is_killed_some_time_after_stop(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab_module, "GRACE", 0.3)
    one = lab.submit("a", {"do": "hang"})
    until(lambda: one.results, one)
    one.stop()
    assert one.wait(PATIENCE)
    assert one.state == "stopped" and one.error is None
    assert not alive(one.results[0].value)


@pytest.mark.parametrize(
    ("do", "cause"),
    [("crash", "defect"), ("killed", "memory"), ("disk", "disk"), ("babble", "defect")],
)
def test_an_end_without_a_result_has_a_cause(lab: Lab, do: str, cause: str) -> None:
    one = lab.submit("a", {"do": do})
    assert one.wait(PATIENCE)
    assert one.state == "failed"
    assert isinstance(one.error, LabError) and one.error.cause == cause
    after = lab.submit("a", {"do": "nothing"})
    assert after.wait(PATIENCE) and after.state == "done"


def test_no_process_at_all_is_told_like_a_defect() -> None:
    one = Lab(("/nowhere/python",)).submit("a", {"do": "nothing"})
    assert one.wait(PATIENCE)
    assert isinstance(one.error, LabError) and one.error.cause == "defect"


@pytest.mark.slow
def test_one_at_a_time_and_the_others_know_their_places(lab: Lab) -> None:
    first, second, third = (lab.submit(who, {"do": "go on", "seed": 0}) for who in "abc")
    until(lambda: first.results, first, second, third)
    assert lab.running is first
    assert [(one.state, one.place) for one in (second, third)] == [("waiting", 1), ("waiting", 2)]
    until(lambda: second.turn_in is not None, first, second, third)  # as the first one's pace is
    assert third.turn_in is None
    second.stop()
    assert second.wait(PATIENCE) and second.results == []
    until(lambda: third.place == 1, first, third)
    first.stop()
    until(lambda: lab.running is third, first, third)
    third.stop()
    assert third.wait(PATIENCE)


def test_an_experiment_whose_viewer_has_left_ends_although_others_watch(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runs, B queues and watches; A's tab is closed: B's experiment runs, and B can stop it."""
    ghost = lab.submit("a", {"do": "hang"})
    mine = lab.submit("b", {"do": "go on", "seed": 3})
    until(lambda: ghost.results, ghost, mine)
    monkeypatch.setattr(work, "UNSEEN_SECONDS", 0.5)

    def watched() -> bool:
        shown = lab.running
        return shown is mine and bool(shown.results)

    until(watched, mine)
    assert ghost.state == "stopped" and not alive(ghost.results[0].value)
    mine.stop()
    until(lambda: not mine.active, mine)
    assert values(mine)["last words"] == 3


def test_queued_experiments_whose_tabs_are_closed_do_not_count(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lab.submit("first", {"do": "go on", "seed": 0})
    ghosts = [lab.submit(n, {"do": "hang"}) for n in range(lab_module.WAITING)]
    with pytest.raises(FullError) as told:
        lab.submit("another", {"do": "hang"})
    assert told.value.whose == "everybody's"
    monkeypatch.setattr(work, "UNSEEN_SECONDS", 0.2)
    until(lambda: all(one.state == "stopped" for one in ghosts), first)
    monkeypatch.setattr(work, "UNSEEN_SECONDS", PATIENCE)
    mine = lab.submit("another", {"do": "nothing"})
    until(lambda: mine.place == 1, first, mine)
    first.stop()
    assert mine.wait(PATIENCE) and mine.state == "done"
    assert all(one.results == [] for one in ghosts)


def test_one_visitor_has_two_at_most_and_the_stopped_do_not_count(lab: Lab) -> None:
    mine = [lab.submit("a", {"do": "go on", "seed": 0}) for _ in range(lab_module.YOURS)]
    with pytest.raises(FullError) as told:
        lab.submit("a", {"do": "hang"})
    assert told.value.whose == "yours"
    mine[-1].stop()
    other = lab.submit("a", {"do": "nothing"})
    mine[0].stop()
    assert other.wait(PATIENCE) and other.state == "done"


def test_nobodys_second_comes_before_anybodys_first(lab: Lab) -> None:
    first, second = (lab.submit("a", {"do": "go on", "seed": 0}) for _ in range(2))
    until(lambda: first.results, first, second)
    other = lab.submit("b", {"do": "go on", "seed": 0})
    until(lambda: (other.place, second.place) == (1, 2), first, second, other)
    for one in (first, other, second):
        until(lambda one=one: lab.running is one, first, second, other)
        one.stop()
        until(lambda one=one: not one.active, first, second, other)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["leaves", "is killed"])
def test_no_process_outlives_the_server(end: str) -> None:
    program = f"""
import sys, time
from app.core.running.lab import Lab
lab = Lab((sys.executable, "-c", {SCRIPTED!r}))
one = lab.submit("a", {{"do": "go on", "seed": 0}})
while not one.results:
    time.sleep(0.02)
print(one.results[0].value, flush=True)
time.sleep({0 if end == "leaves" else 60})
"""
    server = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    if end == "is killed":
        server.send_signal(signal.SIGKILL)
    server.wait(PATIENCE)
    until(lambda: not alive(pid))


def test_the_server_needs_no_torch_for_it() -> None:
    program = "import sys\nimport app.core.running.lab\nraise SystemExit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0
