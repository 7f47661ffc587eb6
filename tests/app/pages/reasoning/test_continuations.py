"""Continuations from a step of a reply, unchanged or with another number in its place."""

from __future__ import annotations

import pytest

from app.core.asking import judged_reply
from app.core.texts import texts, translated
from app.pages.reasoning.continuations import state as continuations
from model.tasks import pick
from tests.app import runs
from tests.app.pages.reasoning.sampling import all_of, drawn
from tests.app.pages.reasoning.test_reasoning import (
    BUILT,
    CHAIN,
    ended,
    opened,
    reply_tokens,
    written,
)

T = texts("en")


def test_what_follows_from_another_number() -> None:
    assert judged_reply.follows(CHAIN, "34*9=306", 306) == "259"
    assert judged_reply.follows(CHAIN, "34*9=306", 296) == "249"
    assert judged_reply.follows(CHAIN, "202+57=259", 7) == "7"
    assert judged_reply.follows(CHAIN, "30*9=270", 7) is None
    assert judged_reply.follows(pick.pose([1, 2, 3, 4, 5, 6], 3, 2, "en"), "1+2=3", 7) is None


def test_the_prefix_ends_before_the_step_or_before_its_number() -> None:
    trace = written(BUILT)
    judged = judged_reply.read(trace)
    step = judged.steps[1]
    kept = [continuations.prefix(trace, judged, step, edited) for edited in (False, True)]
    heads = ["".join(reply_tokens(trace)[: keep - judged.start]) for keep in kept]
    assert heads[0] == "<think>first 34*9=296, then "
    assert heads[1] == "<think>first 34*9=296, then 13*8="


def test_goes_on_from_a_number_of_ones_own() -> None:
    app = opened()
    column, trace, judged = next(
        (column, trace, judged)
        for column, trace in enumerate(judged_reply.recorded("en"), 1)
        if (judged := judged_reply.read(trace)).steps
    )
    mark = judged.marks.index(judged.steps[0])
    app.query_params["r_step"] = f"{column}.1"
    app.run()
    assert not app.exception
    app.selectbox(key="r_continuations_n").set_value(8)
    field = app.number_input(key=f"r_number-{trace.id}-{mark}")
    assert str(field.value) == judged.marks[mark].text.split("=")[1]
    field.set_value(7)
    app.button(key="r_go_on").click().run()
    batch = drawn(app, "r_continuations")
    assert len(batch.replies) == 8
    assert all(reply.text.startswith(batch.asks[0].head) for reply in batch.replies)
    assert batch.asks[0].head.endswith("=7")
    told = translated("en", "continuations.prefix_read", n=len(batch.asks[0].ids))
    assert told in [caption.value for caption in app.caption]


@pytest.mark.slow
def test_goes_on_from_a_step_of_a_live_run() -> None:
    app = opened()
    app.multiselect(key="r_models").set_value(["base.steps"])
    app.button(key="r_ask").click().run()
    app = ended(app)
    (trace,) = runs.traces(app, "reasoning")
    app.query_params["r_step"] = "1.1"
    app.run()
    app.selectbox(key="r_continuations_n").set_value(8)
    app.button(key="r_resample").click().run()
    batch = drawn(app, "r_continuations")
    n = len(batch.asks[0].ids)
    assert batch.asks[0].ids == tuple(trace.token_ids[:n].tolist())
    assert all_of(batch.asks).replies == batch.replies


@pytest.mark.parametrize("step", ["4.999", "9.1", "2", "x", "0.0"])
def test_a_step_that_is_not_there_is_forgotten(step: str) -> None:
    app = opened(r_step=step)
    assert not app.exception
    assert "r_step" not in app.query_params
    assert T["continuations.step_none"] in [caption.value for caption in app.caption]


def test_a_link_keeps_the_chosen_step_and_another_question_drops_it() -> None:
    app = opened(r_step="2.1")
    assert not app.exception
    (step,) = judged_reply.read(judged_reply.recorded("en")[1]).steps[:1]
    assert any(one.value.startswith(step.text) for one in app.text)
    assert app.query_params["r_step"] == "2.1"
    app.multiselect(key="r_models").set_value(["base.direct"])
    app.button(key="r_ask").click().run()
    ended(app)
    assert "r_step" not in app.query_params
