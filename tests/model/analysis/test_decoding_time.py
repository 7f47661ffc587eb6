"""Timing of decoding: its cache is like a real one, and the step is a whole step."""

from __future__ import annotations

import pytest
import torch

from model.analysis.decoding_time import filled, step_seconds
from model.nn.cache import Cache
from tests.model.conftest import random_model, tiny_config

KINDS = ("MLA", "MHA", "GQA", "MQA")


@pytest.mark.parametrize("kind", KINDS)
def test_the_filled_cache_has_a_real_ones_tensors(kind: str) -> None:
    model = random_model(tiny_config(kind))
    real = Cache(model.config)
    model(torch.ones(1, 7, dtype=torch.long), real)
    made = filled(model.config, 7)
    assert made.nbytes == real.nbytes
    for ours, theirs in zip(made.layers, real.layers, strict=True):
        assert {n: p.shape for n, p in ours.items()} == {n: p.shape for n, p in theirs.items()}


@pytest.mark.parametrize("absorb", [False, True])
def test_steps_are_timed(absorb: bool) -> None:
    found = step_seconds(random_model(tiny_config("MLA")), 20, absorb, 3)
    assert len(found) == 3
    assert all(seconds > 0 for seconds in found)
