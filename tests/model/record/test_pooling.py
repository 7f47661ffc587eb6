"""Runs too large for a screen: pooled counts are sums, the window is exact, and both are small."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.ui.components.packed import packed
from app.ui.components.trace_view import first_of_window
from app.ui.components.trace_view.payload import SHARE_UNITS, payload, run_id
from model.record import pooling
from model.record.card import ModelCard
from model.record.trace import RunInfo, Trace
from tests import synthetic
from tests.app.ui.unpacking import unpacked

V3 = (4096, 58, 256, 8)
SHAPES = [V3, (513, 4, 16, 4), (40, 58, 256, 8), (1100, 17, 600, 3), (20_000, 94, 512, 10)]


@pytest.fixture(scope="module")
def trace() -> Trace:
    return synthetic.trace()


def made(tokens: int, layers: int, experts: int, k: int) -> Trace:
    """A run of any shape with random experts; the last token is not fed."""
    rng = np.random.default_rng(1)
    moe = tuple(range(1, layers + 1))
    card = ModelCard(name="any", moe_layers=moe, n_routed_experts=experts, num_experts_per_tok=k)
    info = RunInfo("", 0.0, 0, tokens, "2026-01-01")
    first = rng.integers(experts, size=(tokens - 1, layers, 1))
    ids = (first + np.arange(k) * (experts // k)) % experts  # k different ones
    return Trace(
        card=card,
        info=info,
        n_prompt=5,
        texts=("토큰 ",) * tokens,
        token_ids=np.arange(tokens, dtype=np.int32),
        logprobs=np.full(tokens, -0.5, dtype=np.float32),
        entropies=np.full(tokens, 0.5, dtype=np.float32),
        cache_bytes=1000 * np.arange(1, tokens + 1),
        seconds=np.arange(tokens, dtype=np.float32),
        expert_ids=ids.astype(np.int16),
        expert_weights=rng.random(ids.shape).astype(np.float16),
        finish_reason="length",
    )


def sent(trace: Trace, **where: Any) -> dict[str, Any]:
    data = payload(trace, **where)
    return unpacked(packed(data))


def decoded(numbers: np.ndarray, *shape: int) -> np.ndarray:
    return numbers.reshape(shape)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_is_small_at_any_size(shape: tuple[int, int, int, int]) -> None:
    assert len(packed(payload(made(*shape)))) < 2_000_000


@pytest.mark.slow
def test_is_small_at_the_size_of_deepseek_v3(trace: Trace) -> None:
    assert trace.expert_ids.shape == (4095, 58, 8)
    assert len(packed(payload(trace))) < 2_000_000


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_a_cell_is_the_sum_over_its_tokens_and_experts(shape: tuple[int, int, int, int]) -> None:
    trace, (tokens, layers, experts, _) = made(*shape), shape
    at = layers - 1
    pooled = sent(trace, layer=trace.moe_layers[at])["pooled"]
    assert pooled["layer"] == trace.moe_layers[at]
    width, height = pooled["tokens"], pooled["experts"]
    columns, rows = -(-(tokens - 1) // width), -(-experts // height)
    assert columns <= 512
    assert rows <= 256
    taken = np.zeros((rows * height, columns * width), dtype=np.int64)  # every expert x token
    for expert in range(experts):
        taken[expert, : tokens - 1] = (trace.expert_ids[:, at] == expert).sum(axis=1)
    cells = taken.reshape(rows, height, columns, width).sum(axis=(1, 3))
    np.testing.assert_array_equal(decoded(pooled["choices"], rows, columns), cells)
    np.testing.assert_array_equal(pooled["load"][at], cells.sum(axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("first", [-5, 0, 1, 2000, 3840, 4095, 10_000])
def test_the_window_is_exact(trace: Trace, first: int) -> None:
    data = sent(trace, first=first)
    start = min(max(first, 0), 4096 - 256)
    part = slice(start, start + 256)
    fed = min(4095, part.stop) - start
    assert data["first"] == start
    assert data["texts"] == list(trace.texts[part])
    assert data["token_ids"] == trace.token_ids[part].tolist()
    assert data["cache_bytes"] == trace.cache_bytes[part].tolist()
    np.testing.assert_array_equal(decoded(data["experts"], fed, 58, 8), trace.expert_ids[part])
    weights = trace.expert_weights[part].astype(float)
    shares = decoded(data["shares"], fed, 58, 8) / SHARE_UNITS
    np.testing.assert_allclose(
        shares, weights / weights.sum(-1, keepdims=True), atol=0.501 / SHARE_UNITS
    )


def test_our_own_runs_are_sent_whole() -> None:
    trace = made(384, 4, 16, 4)
    assert not pooling.too_large(trace)
    data = sent(trace)
    assert data["pooled"] is None
    assert len(data["texts"]) == 384


@pytest.mark.slow
@pytest.mark.parametrize(
    ("window", "first"),
    [
        ({"run": "RUN", "first": 700}, 700),
        ({"run": "another", "first": 700}, 0),
        ({"run": "RUN", "first": 4096}, 0),
        ({"run": "RUN", "first": True}, 0),
        ({"run": "RUN"}, 0),
        ([700], 0),
        (None, 0),
    ],
)
def test_believes_the_browser_only_a_window_that_can_be(
    trace: Trace, window: Any, first: int
) -> None:
    if isinstance(window, dict) and window["run"] == "RUN":
        window = {**window, "run": run_id(trace)}
    assert first_of_window(window, trace, None) == first


@pytest.mark.slow
def test_the_window_shows_what_is_pinned_or_being_written(trace: Trace) -> None:
    assert pooling.window(trace, first_of_window(None, trace, 1000)) == slice(872, 1128)
