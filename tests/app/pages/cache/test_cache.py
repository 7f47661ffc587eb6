"""The Latent cache page: its rooms, what each opens with, live runs, links."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.core.assets import models, published, recorded_runs
from app.core.running import generation
from app.core.texts import texts, translated
from app.pages.cache import state as session
from app.ui import units
from model.analysis.kv_size import cache_spec
from model.nn.config import ModelConfig
from model.training import recorded_cache
from tests.app.pages.cache.cases import (
    APP,
    ROOMS,
    T,
    chart,
    healthy,
    opened,
    run_of,
    shown,
    written,
)
from tests.app.runs import Busy, ended, traces, under_way


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("room", ROOMS)
def test_every_room_opens_on_something_recorded(room: str, language: str) -> None:
    at = shown(room, language)
    words = texts(language)
    assert at.title[0].value == words["cache.title"]
    assert at.segmented_control("c_room").value == room
    assert at.get("plotly_chart"), "never empty"
    assert not at.error
    assert not at.info
    assert all(e.proto.alt for e in at.get("plotly_chart")), "pictures are told in words"


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_titles_of_what_is_folded_away_are_told_apart(room: str) -> None:
    labels = [each.label for each in shown(room).expander]
    assert labels
    assert len(set(labels)) == len(labels)


def test_only_the_open_room_is_drawn() -> None:
    keys = {e.proto.id.rsplit("-", 1)[-1] for e in shown("decoding").get("plotly_chart")}
    assert keys == {"c_clock_chart", "c_paths_mul", "c_paths_bytes"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "room"),
    [
        ({}, "run"),
        ({"c_context": "1000"}, "kv_size"),
        ({"c_gpu": "80"}, "kv_size"),
        ({"c_kind": "MQA"}, "attention_kinds"),
        ({"c_rank": "8"}, "latent"),
        ({"pin": "3"}, "latent"),
        ({"room": "cellar"}, "run"),
    ],
)
def test_links_older_than_the_rooms_open_the_right_one(query: dict[str, str], room: str) -> None:
    assert opened(**query).segmented_control("c_room").value == room


@pytest.mark.slow
def test_what_was_typed_is_there_after_a_look_into_another_room() -> None:
    at = opened()
    at.text_area("c_prompt").set_value("The king said").run()
    at.segmented_control("c_room").set_value("decoding").run()
    assert at.query_params["room"] == "decoding"
    at.segmented_control("c_room").set_value("run").run()
    assert healthy(at).text_area("c_prompt").value == "The king said"


def test_the_page_in_its_frame() -> None:
    at = AppTest.from_file(str(APP / "navigation.py"), default_timeout=60)
    at.query_params["lang"] = "ko"
    at.run()
    at.switch_page("pages/cache/cache.py").run()
    assert healthy(at).title[0].value == texts("ko")["cache.title"]


# --- The run --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_recorded_run_agrees_with_the_formula(language: str) -> None:
    at, words = shown("run", language), texts(language)
    assert at.caption[0].value.startswith(words["cache.recorded"].split("{")[0])
    gaps = " · ".join(f"{kind} 0 B" for kind in models.twins().values())
    assert len(models.twins()) == 5
    assert words["cache.agree"].format(gaps=gaps) in written(at)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_run_with_the_inputs_as_they_stand_is_the_recorded_one(language: str) -> None:
    at, recorded = shown("run", language), recorded_cache
    assert at.text_area("c_prompt").value == recorded.PROMPTS[language]
    assert at.number_input("c_tokens").value == recorded.NEW_TOKENS
    assert at.number_input("c_temperature").value == recorded.TEMPERATURE
    assert at.number_input("c_seed").value == recorded.SEED


def test_the_sentence_has_the_runs_own_numbers() -> None:
    runs = {kind: recorded_runs.trace(f"cache-{n}") for n, kind in models.twins().items()}
    tokens = min(run.fed for run in runs.values())
    held = {kind: int(run.cache_bytes[tokens - 1]) for kind, run in runs.items()}
    sentence = translated(
        "en",
        "cache.sentence",
        tokens=tokens,
        mla=units.size(held["MLA"]),
        mha=units.size(held["MHA"]),
        times=units.times(held["MHA"] / held["MLA"]),
    )
    assert sentence in written(shown("run"))


def test_a_cache_that_differs_from_the_formula_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        recorded_runs, "trace", lambda name: run_of(name.removeprefix("cache-"), 9, off_by=4)
    )
    at = opened()
    gaps = " · ".join(f"{kind} +4 B" for kind in models.twins().values())
    assert at.error[0].value == T["cache.disagree"].format(gaps=gaps)


# --- What is kept, and what it costs ------------------------------------------------------------


def twins_with(
    monkeypatch: pytest.MonkeyPatch, gaps: dict[str, dict[int, list[float]]]
) -> dict[str, int]:
    """Give the twins a higher loss than MHA's, by so many nats on each of four texts.

    Returns the cache bytes per token of each.
    """
    base = [10.0, 200.0, 30.0, 400.0]  # nats: texts differ far more than models do
    kept = {
        kind: cache_spec(models.config(name)).bytes_per_token("float32")
        for name, kind in models.twins().items()
    }

    def result(kind: str, more: list[float]) -> dict[str, Any]:
        held = {"loss": 2.0, "interval": [1.9, 2.1], "method": "m", "rows": 4, "tokens": 400}
        nats = [a + b for a, b in zip(base, more, strict=True)]
        return {
            "name": kind,
            "attention": kind,
            "bytes_per_token": kept[kind],
            "tokens": 1,
            "minutes": 1.0,
            "heldout": held | {"row_nats": nats, "row_tokens": [100] * 4},
            "domains": {"code": held, "a-new-one": held},
            "command": "c",
            "date": "2026-11-26",
        }

    found = {
        kind: {seed: result(kind, more) for seed, more in seeds.items()}
        for kind, seeds in gaps.items()
    }
    monkeypatch.setattr(session, "measured", lambda: found)
    return kept


ZERO = [0.0] * 4


def test_twins_are_compared_text_by_text(monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"MHA": ZERO, "GQA": [1.0, -1, 1, -1], "MQA": [5.0] * 4, "MLA": [-2.0] * 4}
    kept = twins_with(monkeypatch, {kind: {0: more} for kind, more in one.items()})
    at = opened("attention_kinds")
    said = written(at)
    share = {kind: f"{100 * size / kept['MHA']:.1f}" for kind, size in kept.items()}
    told = {"share": share["MQA"], "kind": "MQA", "difference": "+0.050", "low": "+0.050"}
    assert T["attention_kinds.loss_told"].format(**told, high="+0.050") in said
    told = {"share": share["MLA"], "kind": "MLA", "difference": "-0.020", "low": "-0.020"}
    assert T["attention_kinds.loss_told"].format(**told, high="-0.020") in said
    untold = {"share": share["GQA"], "kind": "GQA", "difference": "+0.000", "low": "-0.010"}
    assert T["attention_kinds.loss_untold"].format(**untold, high="+0.010") in said
    worse = T["attention_kinds.quality_worse"].format(reference="MHA", kinds="MQA (+0.050)")
    assert f"**{worse}**" in said
    assert translated("en", "cache.lead_better", difference="0.020") in said
    assert T["attention_kinds.loss_one_seed"] in said


def test_seeds_that_differ_in_sign_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    agreed = {seed: [2.0 + seed] * 4 for seed in range(3)}
    split = {0: [9.0] * 4, 1: [9.0] * 4, 2: [-1.0] * 4}
    mha = dict.fromkeys(range(3), ZERO)
    twins_with(monkeypatch, {"MHA": mha, "GQA": agreed, "MQA": split, "MLA": {0: [3.0] * 4}})
    at = opened("attention_kinds")
    worse = T["attention_kinds.quality_worse"].format(
        reference="MHA", kinds="GQA (+0.030), MLA (+0.030)"
    )
    unranked = T["attention_kinds.quality_unranked"].format(spread="0.020")
    assert f"**{worse} {unranked}**" in written(at)
    assert translated("en", "attention_kinds.loss_seeds", seeds=3) in written(at)
    rings = [d for d in chart(at, "c_quality")["data"] if d["marker"]["symbol"] == "circle-open"]
    assert [len(ring["y"]) for ring in rings] == [3, 3, 3]


def test_where_nothing_can_be_told_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = {0: [1.0, -1, 1, -1]}
    twins_with(monkeypatch, {"MHA": {0: ZERO}, "MQA": noise, "MLA": noise})
    said = written(opened("attention_kinds"))
    assert f"**{T['attention_kinds.quality_untold'].format(reference='MHA')}**" in said
    assert translated("en", "cache.lead_untold") in said


def test_deepseeks_own_comparison_stands_beside_ours() -> None:
    figure = chart(shown("attention_kinds"), "c_ablation")
    runs = {(run.model, run.attention): run.scores for run in published.ablation()}
    rows = [key for key in runs if key[1] != "MHA"]
    for trace in figure["data"]:
        test = trace["name"]
        expected = [runs[key][test] - runs[key[0], "MHA"][test] for key in rows]
        assert trace["y"] == pytest.approx(expected)
    large = translated(
        "en", "attention_kinds.theirs_row", kind="MLA", model="250B MoE", better=4, tests=4
    )
    assert large in written(shown("attention_kinds"))


def test_kinds_and_seeds_are_those_that_there_are() -> None:
    small = ModelConfig.from_json(models.config(session.named("MLA")))
    found = models.kinds_of(
        {
            "base": small,
            "a-mla": small,
            "a-mla8": replace(small, kv_lora_rank=8),
            "a-mha": ModelConfig.from_json(models.config("base-mha")),
        }
    )
    assert found == {"a-mha": "MHA", "a-mla": "MLA", "a-mla8": f"MLA-{8 + small.qk_rope_head_dim}"}
    assert list(found) == ["a-mha", "a-mla", "a-mla8"]
    assert list(models.kinds_of({"base": small})) == ["base"]


# --- Live runs ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_live_run_of_all_twins_agrees_with_the_formula() -> None:
    at = opened()
    at.text_area("c_prompt").set_value("The king said")
    at.number_input("c_tokens").set_value(4)
    at.button("c_run").click().run()
    healthy(ended(at, "cache"))
    assert at.caption[0].value.startswith(T["cache.live"].split("{")[0])
    kept = traces(at, "cache")
    assert [trace.card.name for trace in kept] == list(models.twins())
    for trace in kept:
        assert trace.answer.strip() in [one.value for one in at.text]
        assert trace.fed < len(trace)
    assert T["cache.agree"].split("{")[0] in written(at)
    assert not at.error


@pytest.mark.slow
def test_stop_keeps_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened()
    others = Busy()
    monkeypatch.setattr(generation, "scheduler", lambda: others)
    at.button("c_run").click().run()
    assert under_way(at, "cache") is not None
    healthy(at.button("cache_stop").click().run())
    assert all(ticket.stopped for ticket in others.tickets)
    assert T["cache.recorded"].split("{")[0] in written(at)


def test_a_link_with_inputs_runs_at_once() -> None:
    at = opened(c_prompt="Yes", c_tokens="2")
    assert at.text_area("c_prompt").value == "Yes"
    ended(at, "cache")
    assert traces(at, "cache")[0].info.prompt == "Yes"


@pytest.mark.parametrize("prompt", ["  ", "a\x00b", "x" * 10_000, "word " * 700])
def test_a_bad_prompt_is_told_and_the_picture_stays(prompt: str) -> None:
    at = opened()
    before = chart(at, "c_curves")
    at.text_area("c_prompt").set_value(prompt)
    at.button("c_run").click().run()
    assert at.error
    assert chart(healthy(at), "c_curves") == before
