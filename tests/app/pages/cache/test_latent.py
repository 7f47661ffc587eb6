"""The rooms of the Latent cache page that look inside the latent, from the first picture on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.core import models
from app.core.store import Store
from app.core.texts import texts
from app.pages.cache.decoding import timing
from app.pages.cache.latent import study as study_module
from tests.app.pages.cache.cases import T
from tests.app.pages.cache.test_cache import chart, healthy, opened, written

SECONDS = 240.0  # for what the worker does: CI's cores may be busy


def until(at: AppTest, done: Callable[[AppTest], object]) -> AppTest:
    deadline = time.monotonic() + SECONDS
    while not done(at):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)
        at.run()
    return healthy(at)


def has(key: str) -> Callable[[AppTest], bool]:
    return lambda at: any(e.proto.id.endswith(key) for e in at.get("plotly_chart"))


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> study_module.Study:
    """A study of its own that is soon measured."""
    made = study_module.Study("few", study_module.MODEL)
    for name, value in (("ROWS", 2), ("FITTED_ROWS", 2), ("CHUNK", 1)):
        monkeypatch.setattr(study_module, name, value)
    monkeypatch.setattr(study_module, "study", lambda model: made)
    return made


def test_pictures_of_the_pinned_token_come_by_themselves() -> None:
    at = until(opened("ko", pin="5"), has("c_attention"))
    for key in ("c_one_token", "c_all_tokens"):
        assert has(key)(at)
    places = texts("ko")["latent.axis_token"]
    rank, rotary = (
        models.config(study_module.MODEL)[f] for f in ("kv_lora_rank", "qk_rope_head_dim")
    )
    table = next(t.value for t in at.dataframe if places in t.value.columns and "k_pe 0" in t.value)
    assert len(table.columns) == 2 + rank + rotary
    assert table[places].tolist() == list(range(len(table)))
    assert texts("ko")["latent.token_title"].split("{")[0] + "5:" in written(at)
    assert len(chart(at, "c_attention")["data"]) == sum(
        models.config(name)["num_attention_heads"] for name in models.TWINS
    )


def test_ranks_and_precisions_are_measured_on_request(few_rows: study_module.Study) -> None:
    at = opened(c_rank="1")
    assert not has("c_rank_costs")(at)
    at.button("c_measure").click().run()
    until(at, lambda at: few_rows.rows == study_module.ROWS and not at.session_state["c_work"])
    difference, _ = few_rows.cost("1")
    assert f"{difference:+.3f}" in written(at)
    points = chart(at, "c_rank_costs")["data"][0]
    assert len(points["x"]) == len(
        study_module.ranks(models.config(study_module.MODEL)["kv_lora_rank"])
    )
    assert has("c_precision")(at) and has("c_energy")(at)
    assert not [button for button in at.button if button.key == "c_measure"]


def test_a_pair_is_written_and_can_be_stopped(few_rows: study_module.Study) -> None:
    at = opened(c_rank="1")
    at.button("c_pair").click().run()
    until(at, lambda at: T["latent.pair_some"].format(r=1) in written(at))
    if [button for button in at.button if button.key == "c_pair_stop"]:
        healthy(at.button("c_pair_stop").click().run())
    assert T["latent.pair_some"].format(r=1) in written(at)


def test_what_fails_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("the reason")
        yield

    monkeypatch.setattr(study_module.ReadingJob, "_read", broken)
    empty: Store[study_module.Reading] = Store(1)
    monkeypatch.setattr(study_module, "readings", lambda: empty)
    at = until(opened(), lambda at: "the reason" in [error.value for error in at.error])
    assert not at.session_state["c_work"]


def test_the_clock_says_what_it_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "CONTEXTS", (8, 32))
    at = opened()
    at.button("c_clock").click().run()
    until(at, lambda at: not at.session_state["c_work"])
    times = timing.last().pop("times")
    assert T["latent.clock_sentence"].split("{")[0] in written(at)
    assert len(times.seconds) == 2 * len(timing.measured())
