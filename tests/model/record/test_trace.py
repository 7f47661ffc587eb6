"""Records survive a round trip through JSON, and contradictory ones are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.record.card import ModelCard
from model.record.trace import RecordError, Trace
from tests.records import INFO, MEASURED, cards, damaged, in_schema_2, traces
from tests.steps import TokenStep, collect

CARD = ModelCard(
    name="tiny", moe_layers=(1, 2, 4), n_routed_experts=8, num_experts_per_tok=2, n_group=4
)


def two_tokens() -> Trace:
    """A trace with a token that was fed, and a last one that was not."""
    ids, weights = np.array([[7, 0]] * 3), np.ones((3, 2), np.float16)
    fed = TokenStep(5, "a", None, None, True, ids, weights, 10, 0.1)
    last = TokenStep(6, "b", -1.0, 0.5, False, None, None, 10, 0.2)
    return collect(CARD, INFO, [fed, last], "length")


def same(a: Any, b: Any) -> bool:
    """Whether arrays are equal and of one type, or both absent."""
    if a is None or b is None:
        return a is b
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)


@given(traces() | traces(whole=True))
def test_round_trip(trace: Trace) -> None:
    text = json.dumps(trace.to_json(), ensure_ascii=False, allow_nan=False)
    again = Trace.from_json(json.loads(text))
    assert (again.card, again.info, again.texts) == (trace.card, trace.info, trace.texts)
    assert again.n_prompt == trace.n_prompt and again.finish_reason == trace.finish_reason
    for name in ("token_ids", "cache_bytes", "expert_ids", "expert_weights"):
        assert same(getattr(again, name), getattr(trace, name)), name
    for name in ("logprobs", "entropies", "seconds"):
        one, other = getattr(again, name), getattr(trace, name)
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_allclose(one, other, atol=1e-4)
    assert again.id == trace.id
    assert again.to_json() == trace.to_json()
    np.testing.assert_array_equal(again.load(), trace.load())


@given(traces())
def test_load_counts_choices(trace: Trace) -> None:
    fed, layers, k = trace.expert_ids.shape
    assert len(trace.moe_layers) == layers
    expected = np.zeros((layers, trace.card.n_routed_experts), int)
    for f in range(fed):
        for layer in range(layers):
            for j in range(k):
                expected[layer, trace.expert_ids[f, layer, j]] += 1
    np.testing.assert_array_equal(trace.load(), expected)


@given(traces(whole=True), st.sampled_from(MEASURED))
def test_id_is_of_the_content(trace: Trace, name: str) -> None:
    assert trace.seconds is not None
    assert replace(trace, info=replace(trace.info, date="1999-12-31")).id == trace.id
    assert replace(trace, seconds=trace.seconds + 1).id == trace.id
    others = [
        replace(trace, info=replace(trace.info, seed=2)),
        replace(trace, card=replace(trace.card, name="x")),
        replace(trace, finish_reason="stop" if trace.finish_reason != "stop" else "length"),
        replace(trace, token_ids=trace.token_ids + 1),
        replace(trace, texts=(*trace.texts[:-1], "other")),
    ]
    if name != "seconds" and getattr(trace, name) is not None:
        others.append(replace(trace, **{name: None}))
    assert trace.id not in {other.id for other in others}


def test_id_tells_from_one_another_what_is_on_screen() -> None:
    trace = two_tokens()
    assert trace.logprobs is not None
    assert replace(trace, logprobs=trace.logprobs - 0.01).id != trace.id
    assert replace(trace, logprobs=trace.logprobs + 1e-6).id == trace.id
    assert trace.id == two_tokens().id == "476759c30ace1516"  # today and in any later version


def test_the_last_token_is_not_fed() -> None:
    trace = two_tokens()
    assert len(trace) == 2 and trace.fed == 1
    assert trace.answer == "b"
    assert trace.expert_ids.dtype == np.uint8
    with pytest.raises(ValueError, match="not a text for each token"):
        collect(CARD, INFO, [], "stop")


def test_times_and_bytes_may_be_unknown() -> None:
    trace = two_tokens()
    assert trace.held == 10
    assert replace(trace, seconds=None, cache_bytes=None).held is None


def test_what_an_engine_returns_is_kept_in_small_types() -> None:
    """Arrays of any type are converted; values that do not fit are refused."""
    trace = two_tokens()
    wide = replace(
        trace,
        token_ids=trace.token_ids.astype(np.int64),
        expert_ids=trace.expert_ids.astype(np.int64),
        expert_weights=np.ones((1, 3, 2)),
    )
    assert wide.id == trace.id
    for part in (
        {"token_ids": np.array([5.0, 6.0])},
        {"token_ids": np.array([5, 2**40])},
        {"token_ids": np.array([True, False])},
        {"expert_ids": np.full((1, 3, 2), 256 + 7)},
        {"expert_ids": np.full((1, 3, 2), 7)},
        {"expert_weights": np.full((1, 3, 2), 1e9)},
        {"logprobs": np.array([np.nan, -np.inf])},
        {"logprobs": np.array([np.nan, 0.5])},
        {"seconds": np.array([0.0, np.nan])},
    ):
        with pytest.raises(ValueError):
            replace(trace, **part)


def test_a_changed_model_may_choose_another_number_of_experts() -> None:
    trace = two_tokens()
    one = replace(
        trace, expert_ids=trace.expert_ids[:, :, :1], expert_weights=np.ones((1, 3, 1), np.float16)
    )
    assert Trace.from_json(one.to_json()).id == one.id != trace.id
    with pytest.raises(ValueError, match="expert ids are not"):
        replace(trace, expert_ids=trace.expert_ids[:, :, :0])


@given(cards())
def test_cards_say_what_models_can_be(card: ModelCard) -> None:
    assert card.n_routed_experts % card.groups == 0
    for wrong in (
        {"name": "a\nb"},
        {"name": "\ud800"},
        {"num_hidden_layers": 0},
        {"num_hidden_layers": 10**6},
        {"moe_layers": (2, 1)},
        {"moe_layers": (10**5,)},
        {"num_experts_per_tok": card.n_routed_experts + 1},
        {"n_routed_experts": 10**6},
        {"n_group": 7, "n_routed_experts": 8},
        {"topk_group": card.groups + 1},
        {"routed_scaling_factor": float("nan")},
        {"norm_topk_prob": 1},
        {"head_dim": 2.0},
        {"num_attention_heads": 4, "num_key_value_heads": 3},
    ):
        with pytest.raises(ValueError):
            replace(card, **wrong)


@given(damaged(traces().map(Trace.to_json)))  # tests.fuzz.records: many more
def test_damaged_json_is_refused_or_works(raw: Any) -> None:
    try:
        read = Trace.from_json(raw)
    except RecordError:
        return
    assert read.load().shape == (len(read.moe_layers), read.card.n_routed_experts)
    text = json.dumps(read.to_json(), ensure_ascii=False, allow_nan=False)
    assert Trace.from_json(json.loads(text.encode())).id == read.id


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("card", "n_routed_experts"), 10**30),
        (("card", "n_routed_experts"), 3),
        (("card", "moe_layers"), [1]),
        (("card", "nobody_knows"), 1),
        (("info", "temperature"), float("inf")),
        (("info", "seed"), -1),
        (("info", "prompt"), "\ud800"),
        (("info", "date"), "yesterday"),
        (("finish_reason",), "none of them"),
        (("n_prompt",), True),
        (("n_prompt",), 3),
        (("n_fed",), 0),
        (("n_fed",), "1"),
        (("expert_ids", 0, 0, 0), 8),
        (("expert_ids", 0, 0, 0), -1),
        (("expert_ids", 0, 0, 0), 0),  # the other choice of this layer
        (("expert_ids", 0, 0, 0), 1.5),
        (("expert_ids",), []),
        (("expert_weights", 0, 0, 0), 1e9),
        (("expert_weights", 0, 0, 0), -1),
        (("expert_weights", 0, 0, 0), "1"),
        (("token_ids", 0), 10**20),
        (("token_ids", 0), -1),
        (("token_ids", 0), None),
        (("texts",), ["a"]),
        (("texts",), "ab"),
        (("texts", 0), 5),
        (("texts", 0), "\udfff"),
        (("cache_bytes",), [[1], [2]]),
        (("cache_bytes", 1), -1),
        (("cache_bytes", 1), None),
        (("logprobs", 1), 3),
        (("logprobs", 1), "0"),
        (("logprobs", 1), float("-inf")),
        (("entropies", 1), -1),
        (("seconds", 1), float("inf")),
        (("seconds", 1), None),
    ],
)
def test_contradictions_are_refused(path: tuple, value: Any) -> None:
    raw = two_tokens().to_json()
    Trace.from_json(raw)
    place = raw
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(RecordError):
        Trace.from_json(raw)


@pytest.mark.parametrize("raw", [[], None, "x", 5, {}, {"schema": 3}, {"schema": 2}, {"schema": 1}])
def test_no_record_at_all(raw: Any) -> None:
    with pytest.raises(RecordError):
        Trace.from_json(raw)


@given(traces(whole=True))
def test_schema_2_still_reads(trace: Trace) -> None:
    raw = in_schema_2(trace)
    read = Trace.from_json(json.loads(json.dumps(raw)))
    assert read.info == trace.info
    card = read.card
    assert (card.name, card.attention) == (trace.card.name, trace.card.attention)
    assert card.cache_dtype == trace.card.cache_dtype
    assert (card.n_group, card.n_shared_experts, card.max_position_embeddings) == (None,) * 3
    if trace.fed and trace.card.moe_layers:
        assert card.num_experts_per_tok == trace.card.num_experts_per_tok
        assert read.moe_layers == trace.moe_layers
        assert same(read.expert_ids, trace.expert_ids)
        assert same(read.expert_weights, trace.expert_weights)
    assert read.fed == trace.fed and read.to_json()["logprobs"] == trace.to_json()["logprobs"]


@given(damaged(traces(whole=True).map(in_schema_2)))
def test_damaged_schema_2_is_refused_or_works(raw: Any) -> None:
    try:
        read = Trace.from_json(raw)
    except RecordError:
        return
    assert len(read.id) == 16
