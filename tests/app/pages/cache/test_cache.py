"""The Latent cache page: what it opens with, live runs, the calculator, bad input."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.core import generation, models, store
from app.core.texts import texts, translated
from app.pages.cache.kv_size import configs
from app.ui import units
from model.analysis import parameter_count
from model.analysis.kv_size import cache_spec, fields, formula, notes
from tests.app.pages.cache.cases import LLAMA, LLAMA_PER_TOKEN, MAIN, V3, T, run_of
from tests.app.runs import Busy, ended, traces, under_way


def opened(language: str = "en", **query: str) -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=60)
    at.query_params["lang"] = language
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    return healthy(at.switch_page("pages/cache/cache.py").run())


def healthy(at: AppTest) -> AppTest:
    assert not at.exception, [exception.message for exception in at.exception]
    return at


def written(at: AppTest) -> str:
    """Everything that the page says in words."""
    parts = (*at.markdown, *at.caption, *at.text, *at.code, *at.error, *at.info)
    return "\n".join(part.value for part in parts)


def chart(at: AppTest, key: str) -> dict[str, Any]:
    """The figure of a plotly chart, as the browser gets it."""
    found = [e for e in at.get("plotly_chart") if e.proto.id.endswith(key)]
    assert len(found) == 1
    figure: dict[str, Any] = json.loads(found[0].proto.spec)
    return figure


def bar_bytes(at: AppTest) -> dict[str, int]:
    """Bytes of each bar of the calculator by the model's name."""
    return {
        bar["hovertemplate"].split("<br>")[0]: int(bar["x"][0])
        for bar in chart(at, "c_bars")["data"]
    }


@pytest.mark.parametrize("language", ["en", "ko"])
def test_page_opens_with_the_recorded_run(language: str) -> None:
    at = opened(language)
    words = texts(language)
    assert at.title[0].value == words["cache.title"]
    assert at.caption[0].value.startswith(words["cache.recorded"].split("{")[0])
    gaps = "MHA 0 B · GQA 0 B · MQA 0 B · MLA 0 B"
    assert words["cache.agree"].format(gaps=gaps) in written(at)
    assert not at.error


def test_a_run_with_the_inputs_as_they_stand_is_the_recorded_one() -> None:
    at, recorded = opened(), store.sample("cache-base").info
    assert at.text_area("c_prompt").value == recorded.prompt
    assert at.number_input("c_tokens").value == recorded.max_new_tokens
    assert at.number_input("c_temperature").value == recorded.temperature
    assert at.number_input("c_seed").value == recorded.seed


def test_formulas_and_notes_are_in_the_viewers_language() -> None:
    said = written(opened("ko"))
    assert "61개 × (512 c_kv + 64 k_pe) × 2바이트 = 토큰당 70,272바이트" in said
    assert texts("ko")["kv_size.note_latent"] in said
    assert notes.ENGLISH["latent"] not in said


def test_the_sentence_has_the_runs_own_numbers() -> None:
    runs = {models.attention(n): store.sample(f"cache-{n}") for n in models.TWINS}
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
    assert sentence in written(opened())


def test_mla_is_not_said_to_be_smallest_or_best() -> None:
    """The text calls MQA's cache smaller and the losses hardly apart: both must be so."""
    results = [models.run_results(name) for name in models.TWINS]
    held = {result["attention"]: result["bytes_per_token"] for result in results}
    losses = [result["heldout"]["loss"] for result in results]
    assert held["MQA"] < held["MLA"] < held["MHA"]
    assert max(losses) - min(losses) < 0.02
    claim = T["cache.claim"].format(
        mqa=f"{held['MQA']:,}",
        mla=f"{held['MLA']:,}",
        low=f"{min(losses):.3f}",
        high=f"{max(losses):.3f}",
    )
    assert claim in written(opened())


def test_a_cache_that_differs_from_the_formula_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        store, "sample", lambda name: run_of(name.removeprefix("cache-"), 9, off_by=4)
    )
    at = opened()
    gaps = "MHA +4 B · GQA +4 B · MQA +4 B · MLA +4 B"
    assert at.error[0].value == T["cache.disagree"].format(gaps=gaps)


def test_twins_are_compared_text_by_text(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [10.0, 200.0, 30.0, 400.0]  # nats: texts differ far more than models do
    extra = {"base-mha": [0, 0, 0, 0], "base-gqa": [1, -1, 1, -1], "base-mqa": [5, 5, 5, 5]}

    def results(name: str) -> dict[str, Any]:
        more = extra.get(name, [-2, -2, -2, -2])
        held = {"loss": 2.0, "interval": [1.9, 2.1], "method": "m"}
        rows = {
            "row_nats": [a + b for a, b in zip(texts, more, strict=True)],
            "row_tokens": [100] * 4,
        }
        return {
            "name": name,
            "attention": models.attention(name),
            "bytes_per_token": cache_spec(models.config(name)).bytes_per_token("float32"),
            "tokens": 1,
            "minutes": 1.0,
            "heldout": held | rows,
            "domains": {"code": held},
            "command": "c",
        }

    monkeypatch.setattr(models, "run_results", results)
    said = written(opened())
    kept = {name: results(name)["bytes_per_token"] for name in models.TWINS}
    share = {
        models.attention(name): f"{100 * size / kept['base-mha']:.1f}"
        for name, size in kept.items()
    }
    told = {"share": share["MQA"], "kind": "MQA", "difference": "+0.050", "low": "+0.050"}
    assert T["cache.loss_told"].format(**told, high="+0.050") in said
    told = {"share": share["MLA"], "kind": "MLA", "difference": "-0.020", "low": "-0.020"}
    assert T["cache.loss_told"].format(**told, high="-0.020") in said
    untold = {"share": share["GQA"], "kind": "GQA", "difference": "+0.000", "low": "-0.010"}
    assert T["cache.loss_untold"].format(**untold, high="+0.010") in said


def test_calculator_gives_kv_maths_numbers() -> None:
    at = opened(c_context="1000", c_batch="3", c_dtype="fp8")
    published = configs.published()
    assert bar_bytes(at) == {
        name: published[name].spec.bytes(1000, "fp8", 3)
        for name in at.multiselect("c_models").value
    }
    at.multiselect("c_models").set_value([V3]).run()
    at.number_input("c_context").set_value(131_072).run()
    at.number_input("c_batch").set_value(1).run()
    at.segmented_control("c_dtype").set_value("bf16").run()
    assert bar_bytes(healthy(at)) == {V3: 9_210_691_584}
    assert formula(published[V3].spec, "bf16") in written(at)


def test_the_slider_sets_the_number_and_the_number_the_slider() -> None:
    at = opened()
    at.select_slider("c_context_slider").set_value(1024).run()
    assert at.number_input("c_context").value == 1024
    at.number_input("c_context").set_value(9_999_999).run()
    assert at.select_slider("c_context_slider").value == configs.MAX_TOKENS
    healthy(at)


@pytest.mark.parametrize("value", [0, -5, 10**8, None])
def test_a_number_out_of_range_leaves_the_bars_as_they_were(value: int | None) -> None:
    """Widgets' limits are the browser's: a client may send what it likes."""
    at = opened()
    before = bar_bytes(at)
    at.number_input("c_context").set_value(value).run()
    assert bar_bytes(healthy(at)) == before


def add(at: AppTest, text: str) -> AppTest:
    at.text_area("c_paste").set_value(text)
    button = next(b for b in at.button if b.label == T["cache.add"])
    return healthy(button.click().run())


def test_own_configs_join_the_chart() -> None:
    at = opened(c_context="1000", c_dtype="bf16")
    add(at, json.dumps(LLAMA))
    assert bar_bytes(at)["llama"] == 1000 * LLAMA_PER_TOKEN
    at.file_uploader("c_files").upload("mine.json", json.dumps(LLAMA | {"head_dim": 32}).encode())
    add(at, json.dumps(LLAMA))  # once more: it is there already
    assert at.multiselect("c_own_chosen").value == ["llama", "mine"]
    assert bar_bytes(at)["mine"] == 500 * LLAMA_PER_TOKEN
    at.multiselect("c_own_chosen").set_value(["mine"]).run()
    assert "llama" not in bar_bytes(at)


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[1]", '{"a": 1}', '{"a": NaN}', json.dumps(LLAMA | {"head_dim": 10**30})],
)
def test_a_bad_config_is_told_and_the_picture_stays(text: str) -> None:
    at = opened()
    before = bar_bytes(at)
    add(at, text)
    assert at.error[0].value == T["cache.config_refused"]
    assert bar_bytes(at) == before


def test_a_refusal_is_in_the_viewers_language() -> None:
    at, words = opened("ko"), texts("ko")
    at.text_area("c_paste").set_value('{"num_hidden_layers": "x", "hidden_size": 3}')
    next(b for b in at.button if b.label == words["cache.add"]).click().run()
    told = words["kv_size.error_number"].format(
        name="num_hidden_layers", value="'x'", least="1", most="10,000"
    )
    assert told in [part.value for part in healthy(at).text]


def test_every_refusal_of_kv_math_has_its_words() -> None:
    said = {key: text for key, text in texts("en").items() if key.startswith("kv_size.error_")}
    assert said == {f"kv_size.error_{key}": text for key, text in fields.ENGLISH.items()}


def test_words_of_a_config_are_never_markdown() -> None:
    at = opened()
    add(at, json.dumps({**LLAMA, "model_type": "![x](http://x.test/i.png)<b>"}))
    assert not any("x.test" in part.value for part in (*at.markdown, *at.caption, *at.error))


def test_parameters_of_v3_add_up() -> None:
    count = parameter_count.count(parameter_count.PUBLISHED["DeepSeek-V3"])
    at = opened()
    said = written(at)
    assert f"{count.total:,}" in said
    assert f"{count.active_head_only:,}" in said
    component = T["cache.column_component"]
    table = next(frame.value for frame in at.dataframe if component in frame.value)
    assert table[T["cache.column_total"]].iloc[-1] == count.total
    assert table[T["cache.column_total"]].iloc[:-1].sum() == count.total


def test_live_run_of_all_four_agrees_with_the_formula() -> None:
    at = opened()
    at.text_area("c_prompt").set_value("The king said")
    at.number_input("c_tokens").set_value(4)
    at.button("c_run").click().run()
    healthy(ended(at, "cache"))
    assert at.caption[0].value.startswith(T["cache.live"].split("{")[0])
    kept = traces(at, "cache")
    assert [trace.card.name for trace in kept] == list(models.TWINS)
    for trace in kept:
        assert trace.answer in [code.value for code in at.code]
        assert trace.fed < len(trace)
    assert T["cache.agree"].split("{")[0] in written(at)
    assert not at.error


def test_stop_keeps_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened()
    others = Busy()
    monkeypatch.setattr(generation, "scheduler", lambda: others)
    at.button("c_run").click().run()
    assert under_way(at, "cache") is not None
    healthy(at.button("cache_stop").click().run())
    assert all(ticket.stopped for ticket in others.tickets)
    assert at.caption[0].value.startswith(T["cache.recorded"].split("{")[0])


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
