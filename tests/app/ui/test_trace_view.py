"""The data that the trace component sends to the browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.ui.components.packed import packed
from app.ui.components.trace_view import selection_of
from app.ui.components.trace_view.payload import SHARE_UNITS, payload, run_id
from model.record.card import ModelCard
from model.record.trace import RunInfo, Trace
from tests.app.ui.unpacking import unpacked
from tests.steps import TokenStep, collect

LAYERS, K, EXPERTS, PROMPT = (1, 2, 3, 4), 4, 16, 5
CARD = ModelCard(
    name="base",
    attention="MLA",
    cache_dtype="float32",
    max_position_embeddings=384,
    moe_layers=LAYERS,
    n_routed_experts=EXPERTS,
    num_experts_per_tok=K,
    n_shared_experts=1,
    n_group=4,
)


def run(tokens: int, ended: bool = False, seed: int = 0, texts: tuple[str, ...] = ()) -> Trace:
    """A run of `tokens` tokens with random experts; the last one is not fed if it has ended."""
    rng = np.random.default_rng(7)
    info = RunInfo("prompt", 0.0, seed, 40, "2026-01-01")
    steps = []
    for i in range(tokens):
        ids = np.stack([rng.permutation(EXPERTS)[:K] for _ in LAYERS]).astype(np.int16)
        weights = -np.sort(-rng.random((len(LAYERS), K)), axis=1).astype(np.float16)
        fed = not (ended and i == tokens - 1)
        steps.append(
            TokenStep(
                token_id=i % 768,
                text=texts[i] if texts else f"t{i} ",
                logprob=-0.5 if i else None,
                entropy=0.5 if i else None,
                in_prompt=i < PROMPT,
                expert_ids=ids if fed else None,
                expert_weights=weights if fed else None,
                cache_bytes=960 * min(i + 1, tokens - 1 if ended else tokens),
                seconds=0.01 * i,
            )
        )
    return collect(CARD, info, steps, "stop" if ended else "stopped")


def sent(trace: Trace) -> dict[str, Any]:
    return unpacked(packed(payload(trace)))  # it must survive the way


def decoded(data: dict[str, Any], name: str) -> np.ndarray:
    return data[name].reshape(data["fed"], len(data["layers"]), data["k"])


def test_says_what_the_trace_says() -> None:
    trace = run(30, ended=True)
    data = sent(trace)
    assert data["fed"] == 29
    assert data["texts"] == list(trace.texts)
    assert data["probs"][0] is None
    assert data["probs"][1] == pytest.approx(np.exp(-0.5), abs=1e-4)
    assert data["cache_bytes"] == trace.cache_bytes.tolist()
    np.testing.assert_array_equal(decoded(data, "experts"), trace.expert_ids)
    shares = decoded(data, "shares") / SHARE_UNITS
    np.testing.assert_allclose(shares.sum(-1), 1, atol=K / SHARE_UNITS)
    expected = trace.expert_weights.astype(float)
    expected /= expected.sum(-1, keepdims=True)
    np.testing.assert_allclose(shares, expected, atol=0.501 / SHARE_UNITS)


def test_another_run_has_another_name() -> None:
    assert run_id(run(20)) != run_id(run(20, seed=1))


def test_is_small() -> None:
    data = payload(run(384))
    arrays = data["experts"].nbytes + data["shares"].nbytes
    assert arrays == 8 * 384 * len(LAYERS)
    assert len(packed(data)) - arrays < 20_000


@pytest.mark.parametrize("tokens", [1, PROMPT])
def test_short_runs(tokens: int) -> None:
    assert sent(run(tokens))["fed"] == tokens
    assert sent(run(1, ended=True))["experts"].size == 0


def test_model_text_stays_as_it_is() -> None:
    written = ("<bos>", "", "한", "\n", "<b>", "![](//x)", "\x07", "</think>")
    assert sent(run(8, texts=written))["texts"] == list(written)


@pytest.mark.parametrize(
    ("state", "token"),
    [
        (None, 3),
        ({"run": "RUN", "token": 7}, 7),
        ({"run": "RUN", "token": None}, None),
        ({"run": "another", "token": 7}, 3),
        ({"run": "RUN", "token": 20}, None),
        ({"run": "RUN", "token": -1}, None),
        ({"run": "RUN", "token": True}, None),
        ({"run": "RUN", "token": "7"}, None),
        ({"run": "RUN"}, None),
        ([7], 3),
        ("7", 3),
    ],
)
def test_believes_the_browser_only_what_can_be(state: Any, token: int | None) -> None:
    trace = run(20)
    if isinstance(state, dict) and state["run"] == "RUN":
        state = {**state, "run": run_id(trace)}
    assert selection_of(state, None, trace, 3).pinned == token


@pytest.mark.parametrize(("layer", "kept"), [(2, 2), (0, None), (True, None), ("2", None)])
def test_layer_is_one_of_the_model(layer: Any, kept: int | None) -> None:
    assert selection_of(None, layer, run(20), None).layer == kept
