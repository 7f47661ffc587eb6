"""The rooms of the Latent cache page about the latent, from their first picture on."""

from __future__ import annotations

import pytest

from app.core.assets import models
from app.core.running import generation, need_slot
from app.core.running.lab_runs import OUTCOMES, Outcome
from app.core.texts import texts
from app.pages.cache.decoding import timing
from app.pages.cache.latent import study as latents
from model.analysis import latent_study
from model.training import experiments
from model.training.experiments import Finding
from tests.app.looking import unfolded
from tests.app.pages.cache.cases import T, chart, has, healthy, opened, shown, written
from tests.app.runs import Failing, ended


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a study short, so that it finishes soon."""
    recorded = latents.recorded()
    monkeypatch.setattr(latents, "recorded", lambda: recorded)
    monkeypatch.setattr(latent_study, "ROWS", 2)
    monkeypatch.setattr(latent_study, "FITTED_ROWS", 2)


@pytest.mark.slow
def test_pictures_of_the_pinned_token_come_by_themselves() -> None:
    at = ended(opened("latent", "ko", pin="5"), "c_twin_runs")
    assert has(healthy(at), "c_attention")
    for key in ("c_one_token", "c_all_tokens"):
        assert has(at, key)
    places = texts("ko")["cache.axis_token"]
    rank, rotary = (models.config(latents.model())[f] for f in ("kv_lora_rank", "qk_rope_head_dim"))
    table = next(
        t.value for t in unfolded(at).dataframe if places in t.value.columns and "k_pe 0" in t.value
    )
    assert len(table.columns) == 2 + rank + rotary
    assert table[places].tolist() == list(range(len(table)))
    assert texts("ko")["latent.token_title"].split(":")[0].format(token=5) in written(at)
    assert len(chart(at, "c_attention")["data"]) == sum(
        models.config(name)["num_attention_heads"] for name in models.twins()
    )


def test_the_recorded_study_is_of_the_shipped_model() -> None:
    """If this fails, `python -m model train samples` records it again."""
    recorded = latents.recorded()
    assert recorded is not None
    assert recorded.study.rows == latent_study.ROWS
    assert list(recorded.study.nats) == [
        latent_study.FULL,
        *latent_study.codecs(latents.full()),
    ]


def test_what_keeping_less_costs_is_there_at_once() -> None:
    at = shown("latent")
    assert has(at, "c_precision") and has(at, "c_energy")
    points = chart(at, "c_rank_costs")["data"][0]
    assert len(points["x"]) == len(latent_study.ranks(latents.full()))
    assert T["latent.recorded"].split("{")[0] in written(at)
    title = chart(at, "c_precision")["layout"]["xaxis"]["title"]["text"]
    assert title == T["latent.axis_bits"], "the axis says what is in float32"


@pytest.mark.slow
@pytest.mark.usefixtures("few_rows")
def test_ranks_and_precisions_are_measured_on_request() -> None:
    at = opened("latent", c_rank="1")
    at.button("c_measure").click().run()
    healthy(ended(at, "c_study"))
    assert T["latent.measured_now"] in written(at)
    assert T["latent.rank_sentence"].split("{")[0] in written(at)
    assert "2 held-out rows" in written(at)
    assert not [button for button in at.button if button.key in ("c_study_ask", "c_measure")]


@pytest.mark.slow
@pytest.mark.usefixtures("few_rows")
def test_a_recorded_study_of_another_model_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latents, "recorded", lambda: None)
    at = healthy(ended(opened("latent"), "c_study"))
    assert T["latent.measured_now"] in written(at)
    assert has(at, "c_rank_costs")


@pytest.mark.slow
@pytest.mark.usefixtures("few_rows")
def test_a_pair_has_one_prompt_and_two_caches_and_follows_the_slider() -> None:
    at = opened("latent", c_rank="1")
    at.button("c_pair").click().run()
    healthy(ended(at, "c_pair"))
    pair = latents.PAIR.store.get(at.session_state["slot-c_pair"].result)
    assert pair is not None
    config = models.config(latents.model())
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
    at = healthy(opened("latent"))
    assert [error.value for error in at.error] == [T["common.failed"]]
    monkeypatch.undo()
    at.button("c_twin_runs_ask").click().run()
    assert has(healthy(ended(at, "c_twin_runs")), "c_attention")


def test_recorded_times_say_what_was_measured() -> None:
    at = shown("decoding")
    assert T["decoding.clock_recorded"].split("{")[0] in written(at)
    assert T["decoding.clock_sentence"].split("{")[0] in written(at)
    lines = chart(at, "c_clock_chart")["data"]
    assert all(line["x"] == list(experiments.CONTEXTS) for line in lines)


def test_until_two_lengths_are_timed_the_recorded_ones_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = experiments.decoding_times({"absorbed": ("base", True), "naive": ("base", False)})
    order = [(tokens, path) for tokens in (8, 32) for path in ("absorbed", "naive")]
    found = tuple(
        Finding(0.1 * n, "steps", {"path": path, "tokens": tokens, "seconds": [0.1, 0.2]})
        for n, (tokens, path) in enumerate(order)
    )
    for so_far, recorded in ((1, True), (3, True), (4, False)):
        outcome = Outcome(request, found[:so_far])
        monkeypatch.setattr(timing.CLOCK, "growing", lambda outcome=outcome: outcome)
        at = opened("decoding")
        assert (T["decoding.clock_recorded"].split("{")[0] in written(at)) == recorded
        assert len(chart(at, "c_clock_chart")["data"][0]["x"]) == (5 if recorded else 2)


@pytest.mark.slow
def test_the_clock_says_what_it_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "CONTEXTS", (8, 32))
    at = opened("decoding")
    at.button("c_clock").click().run()
    healthy(ended(at, "c_clock"))
    outcome = OUTCOMES.get(at.session_state["slot-c_clock"].result)
    assert outcome is not None
    times = timing.times_of(outcome)
    assert times.contexts == [8, 32]
    assert T["decoding.clock_sentence"].split("{")[0] in written(at)
    assert len(times.seconds) == 2 * len(times.models)
    assert T["decoding.clock_recorded"].split("{")[0] not in written(at)
