"""The Latent cache page's calculator: published models, configs of one's own, bad input."""

from __future__ import annotations

import json
import math

import pytest
from streamlit.testing.v1 import AppTest

from app.core.texts import speaking, texts
from app.pages.cache.kv_size import configs, words
from model.analysis import parameter_count
from model.analysis.kv_size import ConfigError, fields, formula, notes, read_config
from tests.app.pages.cache.cases import (
    LLAMA,
    LLAMA_PER_TOKEN,
    V3,
    T,
    bar_bytes,
    chart,
    healthy,
    opened,
    shown,
    written,
)


def test_formulas_and_notes_are_in_the_viewers_language() -> None:
    said = written(shown("kv_size", "ko"))
    assert "61개 × (512 c_kv + 64 k_pe) × 2바이트 = 토큰당 70,272바이트" in said
    assert texts("ko")["kv_size.note_latent"] in said
    assert notes.ENGLISH["latent"] not in said


def test_hypothetical_models_have_names_in_the_viewers_language() -> None:
    at = opened("kv_size", "ko")
    hypothetical = [name for name, model in configs.published().items() if model.hypothetical]
    at.multiselect("c_models").set_value([V3, *hypothetical]).run()
    names = [words.row_name(name) for name in hypothetical]
    assert names == hypothetical  # in English
    with speaking("ko"):
        names = [words.row_name(name) for name in hypothetical]
    assert {*bar_bytes(healthy(at))} == {V3, *names} and all("가상" in name for name in names)
    drawn = "\n".join(f"{chart(at, key)}" for key in ("c_bars", "c_fit", "c_replaced"))
    assert "hypothetical" not in written(at) + drawn
    assert at.query_params["c_models"] == [V3, *hypothetical]  # a link is every language's
    at.session_state["lang"] = "en"
    assert at.run().multiselect("c_models").value == [V3, *hypothetical]
    again = opened("kv_size", c_models=hypothetical[0])
    assert [*bar_bytes(again)] == hypothetical[:1]


@pytest.mark.slow
def test_calculator_gives_the_formulas_numbers() -> None:
    at = opened("kv_size", c_context="1000", c_batch="3", c_dtype="fp8")
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
    at = opened("kv_size")
    at.select_slider("c_context_slider").set_value(1024).run()
    assert at.number_input("c_context").value == 1024
    at.number_input("c_context").set_value(9_999_999).run()
    assert at.select_slider("c_context_slider").value == configs.MAX_TOKENS
    healthy(at)


@pytest.mark.parametrize(("value", "used"), [(0, 1), (-5, 1), (10**8, configs.MAX_TOKENS)])
def test_of_a_number_out_of_range_the_nearest_counts(value: int, used: int) -> None:
    at = opened("kv_size")
    at.number_input("c_context").set_value(used).run()
    wanted = bar_bytes(at)
    at.number_input("c_context").set_value(value).run()
    assert bar_bytes(at) == wanted
    assert at.number_input("c_context").value == value


def add(at: AppTest, text: str) -> AppTest:
    at.text_area("c_paste").set_value(text)
    button = next(b for b in at.button if b.label == T["kv_size.add"])
    return healthy(button.click().run())


def test_own_configs_join_the_chart() -> None:
    at = opened("kv_size", c_context="1000", c_dtype="bf16")
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
    at = opened("kv_size")
    before = bar_bytes(at)
    add(at, text)
    assert at.error[0].value == T["kv_size.config_refused"]
    assert bar_bytes(at) == before


def test_a_refusal_is_in_the_viewers_language() -> None:
    at, words = opened("kv_size", "ko"), texts("ko")
    at.text_area("c_paste").set_value('{"num_hidden_layers": "x", "hidden_size": 3}')
    next(b for b in at.button if b.label == words["kv_size.add"]).click().run()
    told = words["kv_size.error_number"].format(
        name="num_hidden_layers", value="'x'", least="1", most="10,000"
    )
    assert told in [part.value for part in healthy(at).text]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_what_was_taken_for_granted_is_told_beside_the_form(lang: str) -> None:
    at, said = opened("kv_size", lang), texts(lang)
    config = {"model_type": "gemma", "num_hidden_layers": 2, "num_attention_heads": 16}
    config |= {"attn_novelty": 3, "quantization_config": {"kv_cache_quant_algo": "FP8"}}
    at.text_area("c_paste").set_value(json.dumps(config))
    next(b for b in at.button if b.label == said["kv_size.add"]).click().run()
    told = next(part.value for part in healthy(at).text if part.value.startswith("gemma: "))
    assert "head_dim 256" in told and "attn_novelty" in told
    size = f"{2 * 2 * 16 * 256:,}"
    assert said["kv_size.note_kv_scheme"].format(scheme="FP8", dtype="fp8", bytes=size) in told


@pytest.mark.parametrize(
    ("raw", "key"),
    [(b"{\n// no\n}", "comment"), (b'{"a": 1,}', "trailing_comma"), (b"\x80", "not_text")],
)
def test_app_and_command_line_read_alike(raw: bytes, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(raw)
    at = opened("kv_size")
    at.file_uploader("c_files").upload("mine.json", raw)
    add(at, "")
    told = T[f"kv_size.error_{key}"].format(**caught.value.values)
    assert f"mine.json: {told}" in [part.value for part in at.text]


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + json.dumps(LLAMA).encode(),
        json.dumps(LLAMA).encode("utf-16"),
        json.dumps(LLAMA | {"time_step_limit": [0.0, float("inf")], "norm_eps": math.nan}).encode(),
    ],
    ids=["bom", "utf-16", "infinity"],
)
def test_odd_files_are_read_as_on_the_command_line(raw: bytes) -> None:
    at = opened("kv_size", c_context="1000", c_dtype="bf16")
    at.file_uploader("c_files").upload("odd.json", raw)
    add(at, "")
    assert bar_bytes(at)["odd"] == 1000 * LLAMA_PER_TOKEN
    assert read_config(raw)[1].bytes_per_token("bf16") == LLAMA_PER_TOKEN


def test_an_official_list_of_three_megabytes_is_accepted() -> None:
    names = [f"model.layers.{i}.mlp.experts.{j}.up_proj" for i in range(60) for j in range(1200)]
    config = LLAMA | {"quantization_config": {"modules_to_not_convert": names}}
    at = opened("kv_size", c_context="1000", c_dtype="bf16")
    raw = json.dumps(config).encode()
    assert len(raw) > 2_500_000
    at.file_uploader("c_files").upload("large.json", raw)
    add(at, "")
    assert bar_bytes(at)["large"] == 1000 * LLAMA_PER_TOKEN


def test_every_refusal_has_its_words() -> None:
    said = {key: text for key, text in texts("en").items() if key.startswith("kv_size.error_")}
    assert said == {f"kv_size.error_{key}": text for key, text in fields.ENGLISH.items()}


def test_words_of_a_config_are_never_markdown() -> None:
    at = opened("kv_size")
    add(at, json.dumps({**LLAMA, "model_type": "![x](http://x.test/i.png)<b>"}))
    assert not any("x.test" in part.value for part in (*at.markdown, *at.caption, *at.error))


def test_parameters_of_v3_add_up() -> None:
    count = parameter_count.count(parameter_count.PUBLISHED["DeepSeek-V3"])
    at = shown("kv_size")
    said = written(at)
    assert f"{count.total:,}" in said
    assert f"{count.active_head_only:,}" in said
    component = T["kv_size.column_component"]
    table = next(frame.value for frame in at.dataframe if component in frame.value)
    assert table[T["kv_size.column_total"]].iloc[-1] == count.total
    assert table[T["kv_size.column_total"]].iloc[:-1].sum() == count.total


def test_a_model_that_exists_is_solid_and_starts_at_zero() -> None:
    at = shown("kv_size")
    assert chart(at, "c_bars")["layout"]["xaxis"].get("type") != "log"
    hatched = {
        bar["hovertemplate"].split(":")[0].split("<br>")[1]: bar["marker"]["pattern"]["shape"]
        for bar in chart(at, "c_replaced")["data"]
    }
    assert hatched == {"MHA": "/", "GQA-8": "/", "MQA": "/", "MLA": ""}


def test_one_number_for_one_thing() -> None:
    """V3 with MHA has the same size in the list of models as among the replacements."""
    at = shown("kv_size")
    as_mha = "DeepSeek-V3 as plain MHA, d_h 128 (hypothetical)"
    replaced = {
        bar["hovertemplate"].split("<br>")[1].split(":")[0]: int(bar["x"][0])
        for bar in chart(at, "c_replaced")["data"]
    }
    assert bar_bytes(at)[as_mha] == replaced["MHA"]
    assert bar_bytes(at)[V3] == replaced["MLA"]


def test_at_first_every_model_that_is_asked_about_fits() -> None:
    assert T["capacity.too_large"].split("{weights}")[1] not in written(shown("kv_size"))
    alt = next(e.proto.alt for e in shown("kv_size").get("plotly_chart") if "c_fit" in e.proto.id)
    assert "do not fit" not in alt
