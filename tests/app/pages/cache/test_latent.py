"""The rooms of the Latent cache page that look inside the latent, from the first picture on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from app.core import generation, models, need_slot
from app.core.texts import texts
from app.pages.cache.decoding import timing
from app.pages.cache.latent import study as latents
from tests.app.looking import unfolded
from tests.app.pages.cache.cases import T
from tests.app.pages.cache.test_cache import chart, healthy, opened, written
from tests.app.runs import Failing, ended


def has(key: str) -> Callable[[AppTest], bool]:
    return lambda at: any(e.proto.id.endswith(key) for e in at.get("plotly_chart"))


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A study that is soon measured."""
    monkeypatch.setattr(latents, "ROWS", 2)
    monkeypatch.setattr(latents, "FITTED_ROWS", 2)


def test_pictures_of_the_pinned_token_come_by_themselves() -> None:
    at = ended(opened("ko", pin="5"), "c_reading")
    assert has("c_attention")(healthy(at))
    for key in ("c_one_token", "c_all_tokens"):
        assert has(key)(at)
    places = texts("ko")["latent.axis_token"]
    rank, rotary = (models.config(latents.MODEL)[f] for f in ("kv_lora_rank", "qk_rope_head_dim"))
    table = next(
        t.value for t in unfolded(at).dataframe if places in t.value.columns and "k_pe 0" in t.value
    )
    assert len(table.columns) == 2 + rank + rotary
    assert table[places].tolist() == list(range(len(table)))
    assert texts("ko")["latent.token_title"].split("{")[0] + "5:" in written(at)
    assert len(chart(at, "c_attention")["data"]) == sum(
        models.config(name)["num_attention_heads"] for name in models.TWINS
    )


@pytest.mark.usefixtures("few_rows")
def test_ranks_and_precisions_are_measured_on_request() -> None:
    at = opened(c_rank="1")
    assert not has("c_rank_costs")(at)
    at.button("c_study_ask").click().run()
    healthy(ended(at, "c_study"))
    assert T["latent.rank_sentence"].split("{")[0] in written(at)
    points = chart(at, "c_rank_costs")["data"][0]
    assert len(points["x"]) == len(latents.ranks(models.config(latents.MODEL)["kv_lora_rank"]))
    assert has("c_precision")(at) and has("c_energy")(at)
    assert not [button for button in at.button if button.key == "c_study_ask"]


@pytest.mark.usefixtures("few_rows")
def test_a_pair_has_one_prompt_and_two_caches_and_follows_the_slider() -> None:
    at = opened(c_rank="1")
    at.button("c_pair").click().run()
    healthy(ended(at, "c_pair"))
    pair = latents.PAIR.store.get(at.session_state["slot-c_pair"].result)
    assert pair is not None
    config = models.config(latents.MODEL)
    layers, rotary = config["num_hidden_layers"], config["qk_rope_head_dim"]
    for run, width in ((pair.plain, config["kv_lora_rank"]), (pair.coded, 1)):
        assert run.cache_bytes[run.fed - 1] == run.fed * layers * (width + rotary) * 4
    same = pair.plain.token_ids[pair.plain.n_prompt :][: pair.alike]
    assert (same == pair.coded.token_ids[pair.coded.n_prompt :][: pair.alike]).all()
    at.select_slider("c_rank").set_value(8).run()
    pair = latents.PAIR.store.get(ended(at, "c_pair").session_state["slot-c_pair"].result)
    assert pair is not None and pair.codec == "8"


def test_what_fails_is_told_in_words_and_can_be_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing = Failing(ValueError("index 7 is out of bounds"))
    monkeypatch.setattr(generation, "scheduler", lambda: failing)
    monkeypatch.setattr(need_slot, "RUNS", need_slot.Runs())
    at = healthy(opened())
    assert [error.value for error in at.error] == [T["common.failed"]]
    monkeypatch.undo()
    at.button("c_reading_ask").click().run()
    assert has("c_attention")(healthy(ended(at, "c_reading")))


@pytest.mark.slow
def test_the_clock_says_what_it_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "CONTEXTS", (8, 32))
    at = opened()
    at.button("c_clock").click().run()
    healthy(ended(at, "c_clock"))
    times = timing.CLOCK.store.get(at.session_state["slot-c_clock"].result)
    assert times is not None and times.complete
    assert T["latent.clock_sentence"].split("{")[0] in written(at)
    assert len(times.seconds) == 2 * len(timing.measured())
