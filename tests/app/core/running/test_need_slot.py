"""Runs that pictures need: which are kept, and what of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.core.running.need_slot import BYTES, Runs, nbytes
from model.nn.room import Run
from model.runtime.batch import Request

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
