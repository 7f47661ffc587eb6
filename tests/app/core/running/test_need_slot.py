"""Runs that pictures need: which ones, and which parts of them, are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.core.running.need_slot import BYTES, Runs, nbytes
from model.nn.workspace import Run
from model.runtime.batch import Request
from tests.app.runs import Busy, Failing

TWINS, LAYERS, HEADS, CONTEXT = 5, 5, 8, 384
SCALE = 4  # times fewer tokens here, so 16 times fewer bytes


def run(seed: int, tokens: int) -> Run:
    """A run whose attention is kept."""
    rng = np.random.default_rng(seed)
    nothing = np.zeros(0, np.float32)
    attention = rng.dirichlet(np.ones(tokens) / 9, (LAYERS, HEADS, tokens)).astype(np.float32)
    return Run(
        n_given=tokens,
        token_ids=np.zeros(tokens, np.int32),
        logprobs=nothing,
        entropies=nothing,
        expert_ids=np.zeros(0, np.int16),
        expert_weights=nothing,
        scores=nothing,
        attention=attention,
        cached=nothing,
        cache_bytes=np.zeros(tokens, np.int64),
        seconds=nothing,
        finish_reason="length",
    )


def requests(viewer: int, n: int = TWINS) -> list[Request]:
    return [Request(f"twin-{n}", (viewer,)) for n in range(n)]


def test_the_longest_texts_of_two_viewers_are_kept_for_both() -> None:
    runs, one = Runs(BYTES // SCALE**2), run(0, CONTEXT // SCALE)
    for viewer in range(2):
        for request in requests(viewer):
            runs.put(request, one)
    assert None not in runs.get([*requests(0), *requests(1)])


def test_what_nobody_looks_at_goes_first() -> None:
    whole = run(0, 20)
    kept = nbytes(replace(whole, attention=whole.attention.astype(np.float16)))
    runs = Runs(3 * kept)
    first, second, third, fourth = requests(0, 4)
    for request in (first, second, third):
        runs.put(request, whole)
    assert None not in runs.get([first])
    runs.put(fourth, whole)
    found = runs.get([first, second, third, fourth])
    assert [one is None for one in found] == [False, True, False, False]


def test_weights_are_kept_as_closely_as_they_are_shown() -> None:
    whole, runs = run(1, 60), Runs()
    (request,) = requests(0, 1)
    runs.put(request, whole)
    (kept,) = runs.get([request])
    assert kept is not None
    np.testing.assert_allclose(kept.attention, whole.attention, rtol=0, atol=1 / 4096)
    assert kept.attention.sum(-1, dtype=np.float32) == pytest.approx(1, abs=1e-3)
    assert kept.token_ids is whole.token_ids


def test_two_viewers_who_want_the_same_at_once_have_it_computed_once() -> None:
    runs, scheduler, one = Runs(), Busy(), run(0, 20)
    wanted = requests(0, 3)
    first = runs.compute("first", wanted[:2], scheduler.submit)
    second = runs.compute("second", wanted, scheduler.submit)
    assert [ticket.requests for ticket in scheduler.tickets] == [(*wanted[:2],), (wanted[2],)]
    first_ticket, second_ticket = scheduler.tickets
    for number in range(2):
        first_ticket.results[number] = one
    first_ticket.close("done")
    assert first.wait(0.0)
    assert not second.wait(0.0)
    assert second.progress == pytest.approx(2 / 3)
    assert [found is None for found in runs.get(wanted)] == [False, False, True]
    second_ticket.results[0] = one
    second_ticket.close("done")
    assert second.wait(0.0)
    assert second.state == "done"
    assert None not in runs.get(wanted)
    assert runs.compute("third", wanted, scheduler.submit).look() == "done"
    assert len(scheduler.tickets) == 2


def test_what_one_viewer_stops_the_other_has_computed_anew() -> None:
    runs, scheduler = Runs(), Busy()
    wanted = requests(0, 1)
    first = runs.compute("first", wanted, scheduler.submit)
    second = runs.compute("second", wanted, scheduler.submit)
    second.stop()
    assert second.look() == "stopped"
    assert first.look() == "waiting"
    assert not scheduler.tickets[0].stopped
    third = runs.compute("third", wanted, scheduler.submit)
    first.stop()
    scheduler.tickets[0].close("stopped")
    assert (first.look(), third.look()) == ("stopped", "stopped")
    assert runs.get(wanted) == [None]
    assert runs.compute("third", wanted, scheduler.submit).look() == "waiting"
    assert len(scheduler.tickets) == 2


def test_a_failure_is_told_to_all_who_follow() -> None:
    runs, scheduler = Runs(), Failing(RuntimeError("no"))
    work = runs.compute("first", requests(0, 1), scheduler.submit)
    assert work.wait(0.0)
    assert (work.state, str(work.error)) == ("failed", "no")
