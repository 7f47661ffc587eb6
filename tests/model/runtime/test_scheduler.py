"""The scheduler: the same texts as alone, fair turns, Stop, viewers who leave, limits."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import weakref
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray

from model.nn.workspace import Keep, KernelModel, Run, Workspace
from model.runtime import batch, scheduler, work
from model.runtime.batch import TOGETHER, Batch, Request, run
from model.runtime.scheduler import NICE, Scheduler
from model.runtime.work import FullError
from tests.model.runtime.scheduling import PROMPT, ended, request

LONG = 240  # tokens: some 50 ms of computing


def same(one: Run | None, other: Run) -> None:
    assert one is not None
    np.testing.assert_array_equal(one.token_ids, other.token_ids)
    np.testing.assert_allclose(one.logprobs, other.logprobs, atol=1e-4)
    np.testing.assert_array_equal(one.expert_ids, other.expert_ids)
    assert one.finish_reason == other.finish_reason


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(
    asked=some.lists(
        some.tuples(
            some.integers(0, 3),  # whose
            some.lists(some.integers(3, 700), min_size=1, max_size=20),
            some.integers(0, 60),  # new tokens
            some.integers(0, 9),  # seed
        ),
        min_size=1,
        max_size=40,
    )
)
def test_a_text_is_the_same_alone_and_among_others(
    model: KernelModel, asked: list[tuple[int, list[int], int, int]]
) -> None:
    crowd = Scheduler(lambda engine: model)
    tickets = [
        crowd.submit(whose, [Request("base", (0, *ids), n, 1.0, seed, read=True)])
        for whose, ids, n, seed in asked
    ]
    for ticket, (_, ids, n, seed) in zip(tickets, asked, strict=True):
        assert ended(ticket).state == "done"
        same(ticket.results[0], run(model, (0, *ids), n, 1.0, seed))


def test_equal_prompts_are_computed_once_and_draw_their_own(
    shared: Scheduler, model: KernelModel
) -> None:
    found = shared.run([Request("base", PROMPT, 30, 1.0, 5, row) for row in range(40)])
    assert len({tuple(one.token_ids) for one in found}) > 20
    for row in (0, 7, 39):
        alone = Scheduler(lambda engine: model, threads=1)
        same(alone.run([Request("base", PROMPT, 30, 1.0, 5, row)])[0], found[row])


@pytest.mark.slow
def test_texts_are_read_in_the_order_asked(model: KernelModel) -> None:
    """However many wait for a row: what shows partial results needs the first ones first."""
    asked = [
        Request("base", tuple(np.random.default_rng(n).integers(3, 700, 600).tolist()), read=True)
        for n in range(30)
    ]
    batch, waiting, order = Batch[int](Workspace(model, 6)), list(range(len(asked))), list[int]()
    while len(order) < len(asked):
        while waiting and batch.admit(waiting[0], asked[waiting[0]]):
            waiting.pop(0)
        order += [key for key, _ in batch.turn()]
    assert order == sorted(order)


@pytest.mark.slow
def test_one_who_draws_thousands_does_not_hold_up_another(shared: Scheduler) -> None:
    many = shared.submit("A", [request(seed, LONG) for seed in range(400)])
    while many.done < 20:
        many.wait(0.01)
    one = ended(shared.submit("B", [request(1, LONG)]))
    assert one.state == "done"
    assert many.active  # by work, not by turns: far from done
    assert many.done < 200
    many.stop()
    assert ended(many).state == "stopped"


@pytest.mark.slow
def test_one_visitors_second_wish_is_not_behind_all_of_the_first(shared: Scheduler) -> None:
    many = shared.submit("A", [request(seed, LONG) for seed in range(400)])
    while many.done < 20:
        many.wait(0.01)
    assert ended(shared.submit("A", [request(1)])).state == "done"
    assert many.active
    many.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="a thread has no priority of its own")
def test_threads_that_compute_give_way_to_those_that_answer(shared: Scheduler) -> None:
    shared.run([request(1)])
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    found = [
        os.getpriority(os.PRIO_PROCESS, thread.native_id or 0)
        for thread in threading.enumerate()
        if thread.name.startswith("generation-")
    ]
    assert found and set(found) == {min(own + NICE, 19)}


def test_stop_keeps_what_was_computed(shared: Scheduler) -> None:
    ticket = shared.submit("A", [request(seed, LONG) for seed in range(200)])
    while not ticket.done:
        ticket.wait(0.01)
    ticket.stop()
    assert ended(ticket).state == "stopped"
    kept = [one for one in ticket.results if one is not None]
    assert ticket.done <= len(kept) < 200
    assert {one.finish_reason for one in kept} <= {"stop", "length", "stopped"}


class Slow:
    """A model whose every turn takes a while, without the interpreter lock."""

    def __init__(self, model: KernelModel) -> None:
        self._model = model

    def workspace(self, rows: int, keep: Keep) -> Workspace:
        workspace = self._model.workspace(rows, keep)
        advance = workspace.advance

        def slowly(slots: NDArray[np.int64], steps: int) -> int:
            time.sleep(0.02)
            return advance(slots, steps)

        workspace.advance = slowly  # type: ignore[method-assign]
        return workspace


@pytest.mark.slow
def test_stop_begins_nothing_more_while_threads_are_at_work(model: KernelModel) -> None:
    """With the batches of four models and two threads, one is always being computed."""
    busy = Scheduler(lambda engine: Slow(model))
    asked = [replace(request(seed, LONG), engine=name) for name in "abcd" for seed in range(100)]
    ticket = busy.submit("me", asked)
    while ticket.done < 10:
        ticket.wait(0.01)
    ticket.stop()
    assert ended(ticket).state == "stopped"
    cut = [one for one in ticket.results if one is not None and one.finish_reason == "stopped"]
    assert len(cut) <= 4 * TOGETHER
    assert ended(busy.submit("me", asked[:4])).state == "done"


@pytest.mark.parametrize("turns", [1, 2, 40])
def test_a_run_that_was_stopped_while_it_read_its_prompt_is_not_kept(
    model: KernelModel, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """What is kept of a stopped run can be recorded: no token but the last was not fed."""
    monkeypatch.setattr(batch, "TURN", 1)
    monkeypatch.setattr(batch, "PROMPT_STEPS", 1)
    turned = 0

    def counted(self: Batch[Any], *keys: Any) -> Any:
        nonlocal turned
        turned += 1
        if turned == turns:
            ticket.stop()
        return turn(self, *keys)

    turn = Batch.turn
    monkeypatch.setattr(Batch, "turn", counted)
    shared = Scheduler(lambda engine: model)
    ticket = shared.submit("A", [request(0, 300, PROMPT * 15)])
    assert ended(ticket).state == "stopped"
    (kept,) = ticket.results
    assert (kept is None) == (turns < 40)
    if kept is not None:
        assert len(kept.expert_ids) >= len(kept.token_ids) - 1


def test_nothing_outlives_its_viewer(shared: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "UNSEEN_SECONDS", 0.3)
    ticket = shared.submit("A", [request(seed, LONG) for seed in range(2_000)])
    for _ in range(100):
        time.sleep(0.1)  # nobody looks
        if not ticket.active:
            break
    assert ticket.state == "stopped"
    assert ended(shared.submit("B", [request(2)])).state == "done"


def test_limits_are_told(shared: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "IN_FLIGHT", 30)
    monkeypatch.setattr(scheduler, "WAITING", 50)
    monkeypatch.setattr(scheduler, "RESERVE", 0)
    first = shared.submit("A", [request(seed, LONG) for seed in range(25)])
    with pytest.raises(FullError) as told:
        shared.submit("A", [request(seed) for seed in range(25)])
    assert told.value.whose == "yours"
    shared.submit("B", [request(seed, LONG) for seed in range(20)]).stop()
    first.stop()


def test_who_asks_for_much_leaves_room_for_those_who_ask_for_little(
    model: KernelModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("IN_FLIGHT", 31), ("WAITING", 70), ("RESERVE", 10), ("FEW_IN_FLIGHT", 4)):
        monkeypatch.setattr(scheduler, name, value)
    begin = threading.Event()  # until then all of it waits

    def load(engine: Hashable) -> KernelModel:
        begin.wait(60)
        return model

    held = Scheduler(load)
    many = [held.submit(who, [request(n, LONG) for n in range(30)]) for who in "AB"]
    for visitor, count in (("A", 1), ("C", 5)):  # much with what they have, and at once
        with pytest.raises(FullError) as told:
            held.submit(visitor, [request(n) for n in range(count)])
        assert told.value.whose == "everybody's"
    one = held.submit("C", [request(1)])
    begin.set()
    assert ended(one).state == "done"
    for ticket in many:
        ticket.stop()


def test_what_is_kept_is_what_was_asked_for(shared: Scheduler) -> None:
    plain, scored = shared.run(
        [Request("base", PROMPT), Request("base", PROMPT, read=True, keep=Keep(scores=True))]
    )
    assert len(plain.scores) == 0
    assert scored.scores.shape[:1] == scored.expert_ids.shape[:1] == (len(PROMPT),)
    assert np.isfinite(scored.logprobs[1:]).all()
    assert (np.diff(scored.seconds) >= 0).all()


@pytest.mark.slow
def test_a_busy_batch_makes_way_for_a_faster_one(model: KernelModel) -> None:
    """New requests keep arriving, so the first batch would never be idle."""
    faster, begun = threading.Event(), list[Workspace]()

    class Outdated(Workspace):
        @property
        def outdated(self) -> bool:
            return faster.is_set()

    class Slower:
        def workspace(self, rows: int, keep: Keep) -> Workspace:
            workspace = Outdated(model, rows, keep)
            put = workspace.put

            def noted(*given: Any, **named: Any) -> None:
                begun.append(workspace)
                put(*given, **named)

            workspace.put = noted  # type: ignore[method-assign]
            return workspace

    shared = Scheduler(lambda engine: model if faster.is_set() else Slower())  # type: ignore[arg-type, return-value]
    many = shared.submit("A", [request(seed) for seed in range(400)])
    while many.done < 20:
        many.wait(0.01)
    faster.set()
    before = len(begun)
    assert ended(many).state == "done"
    assert before < 300
    assert len(begun) <= before + 1  # one may just be on its way in
    shared.run([request(1)])  # a turn more clears up
    workspaces = [weakref.ref(workspace) for workspace in begun]
    begun.clear()
    shared.close()
    gc.collect()
    assert not any(workspace() for workspace in workspaces)


@pytest.mark.slow
def test_few_batches_that_nobody_uses_are_kept(model: KernelModel) -> None:
    """As many models as a slider has positions are used, one after the other."""
    workspaces: list[weakref.ref[Workspace]] = []

    class Slid:
        def workspace(self, rows: int, keep: Keep) -> Workspace:
            made = model.workspace(rows, keep)
            workspaces.append(weakref.ref(made))
            return made

    shared = Scheduler(lambda engine: Slid())  # type: ignore[arg-type, return-value]
    for place in range(3 * scheduler.IDLE_MOST):
        shared.run([replace(request(0, n=2), engine=f"base-{place}")])
    shared.run([replace(request(0, n=2), engine="base-0")])  # a turn more clears up
    shared.close()
    gc.collect()
    assert len(workspaces) > 2 * scheduler.IDLE_MOST
    assert sum(one() is not None for one in workspaces) <= scheduler.IDLE_MOST + 2
