"""Traces: what is collected comes back from JSON, and damaged JSON is refused."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.record.trace import RecordError, RunInfo, Step, Trace, collect

INFO = RunInfo("tiny", "MLA", "q", 0.0, 0, 9, "2026-01-01", 8, (1, 2, 4), "float32")


@st.composite
def traces(draw: Any) -> Trace:
    """A run of random choices; E may need more than a byte; no layers in a dense model."""
    layers = tuple(draw(st.sets(st.integers(0, 60), max_size=4)))
    experts = draw(st.sampled_from([8, 256, 257, 384])) if layers else 0
    k = draw(st.integers(1, 4)) if layers else 0
    length = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    last_fed = draw(st.booleans())
    steps = []
    for i in range(length):
        fed = i < length - 1 or last_fed
        ids = np.array([rng.permutation(experts)[:k] for _ in layers], np.int16)
        ids = ids.reshape(len(layers), k)
        weights = (rng.random((len(layers), k)) ** 4 * 2.5).astype(np.float16)
        steps.append(
            Step(
                token_id=int(rng.integers(1000)),
                text=draw(st.text(max_size=3)),
                logprob=None if i == 0 else -float(rng.random()) * 9,
                entropy=None if i == 0 else float(rng.random()) * 6,
                in_prompt=i < 2,
                expert_ids=ids if fed else None,
                expert_weights=weights if fed else None,
                cache_bytes=192 * (i + fed),
                seconds=float(rng.random()),
            )
        )
    info = replace(INFO, n_routed_experts=experts, moe_layers=layers)
    return collect(info, steps, draw(st.sampled_from(["stop", "length", "stopped"])))


@given(traces())
def test_round_trip(trace: Trace) -> None:
    text = json.dumps(trace.to_json(), ensure_ascii=False, allow_nan=False)
    again = Trace.from_json(json.loads(text))
    assert again.info == trace.info and again.texts == trace.texts
    assert again.n_prompt == trace.n_prompt and again.finish_reason == trace.finish_reason
    for name in ("token_ids", "cache_bytes", "expert_ids", "expert_weights"):
        a, b = getattr(again, name), getattr(trace, name)
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(again.logprobs, trace.logprobs, atol=1e-4)
    assert again.id == trace.id
    assert again.to_json() == trace.to_json()
    np.testing.assert_array_equal(again.load(), trace.load())


@given(traces())
def test_load_and_dense(trace: Trace) -> None:
    fed, layers, k = trace.expert_ids.shape
    assert (trace.load().sum(axis=1) == fed * k).all()
    assert trace.load().shape == (layers, trace.info.n_routed_experts)
    for layer in range(layers):
        expected = np.zeros((fed, trace.info.n_routed_experts), dtype=np.float32)
        for f in range(fed):
            for j in range(k):
                expected[f, trace.expert_ids[f, layer, j]] = trace.expert_weights[f, layer, j]
        np.testing.assert_array_equal(trace.dense(layer), expected)


@given(traces())
def test_id_is_of_the_content(trace: Trace) -> None:
    assert replace(trace, info=replace(trace.info, date="1999-12-31")).id == trace.id
    assert replace(trace, seconds=trace.seconds + 1).id == trace.id
    for other in (
        replace(trace, info=replace(trace.info, seed=1)),
        replace(trace, info=replace(trace.info, model="x")),
        replace(trace, finish_reason="other"),
        replace(trace, token_ids=trace.token_ids + 1),
    ):
        assert other.id != trace.id


def test_the_last_token_is_not_fed() -> None:
    ids, weights = np.zeros((3, 2), np.int16), np.ones((3, 2), np.float16)
    fed = Step(5, "a", None, None, True, ids, weights, 10, 0.1)
    last = Step(6, "b", -1.0, 0.5, False, None, None, 10, 0.2)
    trace = collect(INFO, [fed, last], "length")
    assert len(trace) == 2 and trace.fed == 1
    assert trace.answer == "b"
    assert trace.expert_ids.dtype == np.uint8
    with pytest.raises(ValueError, match="at least one step"):
        collect(INFO, [], "stop")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def paths(raw: Any, here: tuple = ()) -> list[tuple]:
    """Where every value of a JSON document is."""
    if isinstance(raw, dict):
        inner = [p for k, v in raw.items() for p in paths(v, (*here, k))]
    elif isinstance(raw, list):
        inner = [p for i, v in enumerate(raw[:2]) for p in paths(v, (*here, i))]
    else:
        inner = []
    return [here, *inner]


@given(traces(), JSON, st.data(), st.booleans())
@settings(max_examples=300)
def test_damaged_json_is_refused_or_works(
    trace: Trace, junk: Any, data: st.DataObject, remove: bool
) -> None:
    raw: Any = copy.deepcopy(trace.to_json())
    path = data.draw(st.sampled_from(paths(raw)))
    if not path:
        raw = junk
    else:
        place = raw
        for key in path[:-1]:
            place = place[key]
        if remove:
            del place[path[-1]]
        else:
            place[path[-1]] = junk
    try:
        read = Trace.from_json(raw)
    except RecordError:
        return
    read.load()
    for layer in range(len(read.info.moe_layers)):
        read.dense(layer)
    assert len(read.id) == 16 and read.answer is not None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("info", "n_routed_experts"), 10**30),
        (("info", "n_routed_experts"), 3),
        (("info", "moe_layers"), [1]),
        (("expert_ids", 0, 0, 0), 8),
        (("expert_ids", 0, 0, 0), -1),
        (("expert_weights", 0, 0, 0), 1e9),
        (("token_ids", 0), 10**20),
        (("texts",), ["a"]),
        (("texts", 0), 5),
        (("n_prompt",), 3),
        (("cache_bytes",), [[1], [2]]),
        (("expert_ids",), []),
    ],
)
def test_contradictions_are_refused(path: tuple, value: Any) -> None:
    ids, weights = np.full((3, 2), 7, np.int16), np.ones((3, 2), np.float16)
    fed = Step(5, "a", None, None, True, ids, weights, 10, 0.1)
    last = Step(6, "", -1.0, 0.5, False, None, None, 10, 0.2)
    raw = collect(INFO, [fed, last], "length").to_json()
    Trace.from_json(raw)
    place = raw
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(RecordError):
        Trace.from_json(raw)


@pytest.mark.parametrize("raw", [[], None, "x", 5, {}, {"schema": 2}, {"schema": 1}])
def test_no_record_at_all(raw: Any) -> None:
    with pytest.raises(RecordError):
        Trace.from_json(raw)
