"""All pictures can be drawn from any record, whatever it lacks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given

from app.core.asking import judged_reply
from app.core.assets import recorded_runs
from app.core.texts import LANGUAGES, texts
from app.pages.cache import figures as cache_figures
from app.pages.cache.attention_kinds import figures as diagrams
from app.pages.cache.run.growth import growth
from app.pages.experts import figures as expert_figures
from app.pages.experts.route import figures as route_figures
from app.pages.start import cards, thumbnails
from app.ui.components import reasoning_view
from app.ui.components.packed import packed
from app.ui.components.trace_view import PicturePart
from app.ui.components.trace_view.payload import drawable, missing, payload, shares
from model.analysis import expert_load
from model.record import pooling
from model.record.trace import RecordError, Trace
from tests.app.ui.unpacking import unpacked
from tests.records import MEASURED, damaged, traces

PARTS = get_args(PicturePart)


class Words(dict[str, str]):
    """A label for everything."""

    def __missing__(self, key: str) -> str:
        return key


def longer(trace: Trace) -> Trace:
    """The tokens repeated until there are too many to draw individually."""
    times = pooling.MOST_TOKENS // len(trace) + 1

    def again(part: Any) -> Any:
        return None if part is None else np.concatenate([part] * times)

    long = replace(
        trace,
        texts=trace.texts * times,
        token_ids=again(trace.token_ids),
        expert_ids=again(trace.expert_ids),
        **{name: again(getattr(trace, name)) for name in MEASURED},
    )
    assert pooling.too_large(long)
    return long


def draw_component(trace: Trace) -> None:
    """Check the data for the browser: plain JSON, with a number for each token or none at all."""
    sent = unpacked(packed(payload(trace, first=2)))
    told = len(sent["texts"])
    assert len(sent["probs"]) == len(sent["token_ids"]) == told
    for name in ("seconds", "cache_bytes"):
        assert sent[name] is None or len(sent[name]) == told
    kept = drawable(trace, PARTS)
    assert {"strip", "text"} <= set(kept)
    assert bool(missing(trace, PARTS)) == (
        len(kept) < len(PARTS) or bool(trace.fed and trace.expert_weights is None)
    )


def draw_all(trace: Trace) -> None:
    """Draw every picture and table of a record."""
    draw_component(trace)
    if trace.fed == len(trace):
        draw_component(longer(trace))
    judged = judged_reply.read(trace)
    packed(reasoning_view.payload(trace, judged))
    small = [thumbnails.thinking([cards.thought(trace, judged)])]
    if trace.moe_layers and trace.fed:
        small.append(thumbnails.experts(trace))
    assert not any("None" in svg or "nan" in svg for svg in small)
    cards.reasoning_query(trace, judged)
    json.dumps(judged_reply.rows([trace]))
    list(expert_load.choices(trace, trace.card.groups))
    grown = growth(trace, trace.card.attention)
    if grown is not None and trace.fed:
        cache_figures.curves([grown], trace.fed, trace.n_prompt, Words())
    if drawn := diagrams.boxes(trace.card, trace.fed):
        diagrams.diagram(trace.card.attention, drawn, Words())
    if trace.moe_layers and trace.fed:
        k, groups = trace.expert_ids.shape[2], trace.card.groups
        titles = [str(layer) for layer in trace.moe_layers]
        expert_figures.load(trace.load(), trace.fed, k, groups, titles, Words(hover="{}"))
        path = route_figures.Route(trace.expert_ids[0], shares(trace)[0])
        experts = trace.card.n_routed_experts
        route_figures.path([path], trace.moe_layers, experts, groups, Words(hover="{layer}"))


@pytest.mark.slow
@given(traces())
def test_whatever_is_absent(trace: Trace) -> None:
    draw_all(trace)


@pytest.mark.slow
@given(damaged(traces().map(Trace.to_json)))  # tests.fuzz.records: many more
def test_what_is_read_can_be_drawn(raw: Any) -> None:
    try:
        trace = Trace.from_json(raw)
    except RecordError:
        return
    draw_all(trace)


def bare(trace: Trace, *names: str) -> Trace:
    return replace(trace, **dict.fromkeys(names))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_absent_is_told(language: str) -> None:
    trace = recorded_runs.trace("experts")
    assert missing(trace, PARTS) == [] and drawable(trace, PARTS) == list(PARTS)
    ids_alone = bare(trace, *MEASURED)
    assert missing(ids_alone, PARTS) == ["absent.weights", "absent.cache"]
    assert drawable(ids_alone, PARTS) == [part for part in PARTS if part != "cache"]
    words = replace(ids_alone, expert_ids=np.zeros((trace.fed, 0, 0), np.uint8))
    assert missing(words, PARTS) == ["absent.choices", "absent.cache"]
    assert drawable(words, PARTS) == ["strip", "text"]
    without = replace(trace.card, moe_layers=(), n_routed_experts=0, num_experts_per_tok=0)
    dense = replace(words, card=replace(without, n_group=None, topk_group=None))
    assert missing(dense, PARTS) == ["absent.experts", "absent.cache"]
    for each in (ids_alone, words, dense):
        assert all(key in texts(language) for key in missing(each, PARTS))


def test_unrecorded_weights_are_drawn_alike() -> None:
    trace = recorded_runs.trace("experts")
    even = shares(bare(trace, "expert_weights"))
    assert even.shape == trace.expert_ids.shape and (even == 1 / even.shape[2]).all()
    assert payload(bare(trace, "expert_weights"))["shares"] is None
