"""Latent cache: its figures against kv_math, the reader of configs, and the page itself."""

from __future__ import annotations

import csv
import io
import json
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app import units
from app.i18n import texts
from app.plots import cache as figures
from app.plots import style
from app.services import configs, models, traces
from app.services.prompts import InputError
from app.services.tables import to_csv
from model import param_math
from model.kv_math import cache_spec, formula
from model.record import RunInfo, Step, Trace, collect

MAIN = Path(__file__).parents[2] / "app" / "main.py"
T = texts("en")
V3 = "DeepSeek-V3 / R1 (671B)"
LLAMA = {
    "model_type": "llama",
    "num_hidden_layers": 7,
    "hidden_size": 1024,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "head_dim": 64,
}
LLAMA_PER_TOKEN = 7 * 4 * (64 + 64) * 2  # layers, KV heads, K and V, bytes of bf16
WORDS = {
    "curves": ("tokens", "bytes", "measured", "formula", "prompt", "now"),
    "bars": ("bytes", "bytes_log"),
}


def labels(figure: str) -> dict[str, str]:
    return {word: word for word in WORDS[figure]}


def run_of(name: str, tokens: int, off_by: int = 0) -> Trace:
    """A finished run of a twin whose cache is `off_by` bytes away from the formula."""
    per_token = cache_spec(models.config(name)).bytes_per_token("float32")
    info = RunInfo(name, models.attention(name), "p", 0.0, 0, 9, "2026-01-01", 8, (1,), "float32")
    steps = [
        Step(
            token_id=i,
            text="x",
            logprob=None,
            in_prompt=i == 0,
            expert_ids=np.array([[0]]) if i < tokens else None,
            expert_weights=np.array([[1]], dtype=np.float16) if i < tokens else None,
            cache_bytes=per_token * min(i + 1, tokens) + off_by,
            seconds=0.1 * i,
        )
        for i in range(tokens + 1)
    ]
    return collect(info, steps, "length")


# Figures


@pytest.mark.parametrize("name", models.TWINS)
def test_a_recorded_run_agrees_with_the_formula_to_the_byte(name: str) -> None:
    trace = traces.sample(f"cache-{name}")
    run = figures.growth(trace, cache_spec(models.config(name)))
    assert run.kind == models.attention(name)
    assert len(run.tokens) == trace.fed
    assert (run.measured == run.formula).all()
    assert run.difference == 0


@given(st.sampled_from(models.TWINS), st.integers(1, 30), st.integers(-9, 9))
def test_a_difference_is_found_with_its_sign(name: str, tokens: int, off_by: int) -> None:
    run = figures.growth(run_of(name, tokens, off_by), cache_spec(models.config(name)))
    assert run.difference == off_by
    assert run.at(tokens) == run.formula[-1] + off_by


def test_curves_draw_what_was_measured_and_the_formula_to_the_end() -> None:
    runs = [figures.growth(run_of(n, 20), cache_spec(models.config(n))) for n in models.TWINS]
    figure = figures.curves(runs, 50, 1, labels("curves"))
    for i, run in enumerate(runs):
        measured, line, marker = figure.data[3 * i : 3 * i + 3]
        assert (measured.y == run.measured).all()
        assert (measured.customdata == run.formula).all()
        assert measured.line.color == style.KIND_COLOUR[run.kind]
        assert line.y[-1] == run.spec.bytes(50, "float32")
        assert line.line.dash == "dash"
        assert marker.y[0] == run.measured[-1]
    assert tuple(figure.layout.xaxis.range) == (0, 50)
    assert figure.layout.yaxis.range[1] >= runs[0].spec.bytes(50, "float32")


def test_blocks_are_to_scale() -> None:
    stored = [
        figures.Stored(models.attention(name), cache_spec(models.config(name)).layers[0], 4)
        for name in models.TWINS
    ]
    figure = figures.blocks(stored, {"elements": "elements"})
    for place, row in enumerate(stored):
        mine = [bar for bar in figure.data if bar.y[0] == place]
        assert sum(bar.x[0] for bar in mine) == row.cache.elements_per_token
        assert [bar.base[0] for bar in mine] == [
            sum(size for _, size in row.blocks[:i]) for i in range(len(row.blocks))
        ]
    assert stored[-1].words == "32 c_kv + 16 k_rope = 48 × 4 B = 192 B"
    assert stored[0].words == "4 × (32 K + 32 V) = 256 × 4 B = 1,024 B"


@given(st.lists(st.integers(0, 10**18), min_size=1, max_size=6), st.booleans())
def test_bars_keep_their_bytes_and_start_at_zero_unless_logarithmic(
    sizes: list[int], log: bool
) -> None:
    rows = [figures.Bar(f"m{i}", "MLA", size, False) for i, size in enumerate(sizes)]
    figure = figures.bars(rows, log, labels("bars"))
    assert [bar.x[0] for bar in figure.data] == sizes
    low, high = figure.layout.xaxis.range
    assert low < high
    if log:
        assert 10**high >= max(sizes)
        assert all(low < math.log10(tick) for tick in figure.layout.xaxis.tickvals)
    else:
        assert low == 0
        assert high >= max(sizes)


def test_hypothetical_models_are_hatched_and_kinds_coloured() -> None:
    rows = [
        figures.Bar("a", "MLA + indexer", 5, False),
        figures.Bar("b", "sliding+full", 4, False),
        figures.Bar("c", "MHA", 3, True),
    ]
    bars = figures.bars(rows, False, labels("bars")).data
    assert [bar.marker.color for bar in bars] == [
        style.KIND_COLOUR["MLA"],
        style.OTHER_COLOUR,
        style.KIND_COLOUR["MHA"],
    ]
    assert [bar.marker.pattern.shape for bar in bars] == ["", "", "/"]


def test_a_difference_is_told_when_zero_lies_outside_its_interval() -> None:
    one = figures.Quality("GQA", 100, 0.1, 0.05, 0.15)
    assert one.told_apart
    assert replace(one, difference=-0.1, low=-0.15, high=-0.05).told_apart
    assert not replace(one, low=-0.01).told_apart


@given(st.floats(1, 1e18))
def test_ticks_cover_the_axis_in_few_round_steps(highest: float) -> None:
    ticks = figures.nice_ticks(highest)
    assert ticks[0] == 0
    assert 2 <= len(ticks) <= 6
    assert highest - ticks[-1] <= ticks[1]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (960, "960 B"),
        (999_499, "999 KB"),
        (999_500, "1.00 MB"),
        (70_272, "70.3 KB"),
        (9_210_691_584, "9.21 GB"),
        (654_982_512_640, "655 GB"),
    ],
)
def test_sizes_are_powers_of_1000(count: int, text: str) -> None:
    assert units.size(count) == text


def test_csv_reads_back() -> None:
    rows = [{"a": 1, "나": "x,y"}, {"a": None, "나": '"'}]
    back = list(csv.DictReader(io.StringIO(to_csv(rows).decode("utf-8-sig"))))
    assert back == [{"a": "1", "나": "x,y"}, {"a": "", "나": '"'}]


# Configs of a viewer's own


@given(st.text() | st.binary())
def test_no_text_breaks_the_reader(raw: str | bytes) -> None:
    try:
        assert isinstance(configs.read(raw), dict)
    except InputError as error:
        assert str(error)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*LLAMA, "kv_lora_rank"], JSON)))
def test_no_object_breaks_the_calculator(config: dict[str, Any]) -> None:
    try:
        model = configs.sized(json.dumps(LLAMA | config))
    except InputError as error:
        assert str(error)
    else:
        assert model.spec.bytes_per_token("float32") <= configs.MAX_BYTES_PER_TOKEN


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("", "config_empty"),
        ("﻿ \n", "config_empty"),
        ("not JSON", "config_not_json"),
        ("[1, 2]", "config_not_object"),
        ("null", "config_not_object"),
        ('{"a": NaN}', "config_not_finite"),
        ('{"a": -Infinity}', "config_not_finite"),
        ('{"a": ' + "9" * 5000 + "}", "config_huge_number"),
        ('{"a": ' + "[" * 200_000, "config_too_deep"),
        ("x" * 1_000_001, "config_too_large"),
        (b"\xff\xfe", "config_not_text"),
        ("\ud800", "config_not_text"),
        (json.dumps(LLAMA | {"num_key_value_heads": 16, "head_dim": 9_000_000}), "config_absurd"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "bytes",
)
def test_a_bad_config_gets_its_own_words(raw: str | bytes, key: str) -> None:
    with pytest.raises(InputError) as caught:
        configs.sized(raw)
    assert str(caught.value).startswith(T[f"cache.{key}"].split("{")[0])


@given(st.text(max_size=80), st.text(max_size=80))
def test_names_hold_no_markup(file_name: str, model_type: str) -> None:
    name = configs.name_of({"model_type": model_type}, file_name)
    assert 0 < len(name) <= configs.MAX_NAME
    assert not set(name) & set("<>[]!*`$#&|\\\"'=@:;,\n\t")
    assert name[0] not in "+-="  # a spreadsheet would take it for a formula


def test_published_models_are_kv_maths() -> None:
    assert configs.published()[V3].spec.bytes_per_token("bf16") == 70_272
    hypothetical = [name for name, m in configs.published().items() if m.hypothetical]
    assert hypothetical
    assert all("hypothetical" in name for name in hypothetical)


# The page


def opened(language: str = "en", **query: str) -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=60)
    at.query_params["lang"] = language
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    return healthy(at.switch_page("views/cache.py").run())


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


def test_the_sentence_has_the_runs_own_numbers() -> None:
    runs = {models.attention(n): traces.sample(f"cache-{n}") for n in models.TWINS}
    tokens = min(run.fed for run in runs.values())
    small, large = (int(runs[kind].cache_bytes[tokens - 1]) for kind in ("MLA", "MHA"))
    sentence = T["cache.sentence"].format(
        tokens=tokens,
        small_kind="MLA",
        small=units.size(small),
        large_kind="MHA",
        large=units.size(large),
        times=units.times(large / small),
    )
    assert sentence in written(opened())


def test_a_cache_that_differs_from_the_formula_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        traces, "sample", lambda name: run_of(name.removeprefix("cache-"), 9, off_by=4)
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
    told = {"share": "25.0", "kind": "MQA", "difference": "+0.050", "low": "+0.050"}
    assert T["cache.loss_told"].format(**told, high="+0.050") in said
    told = {"share": "18.8", "kind": "MLA", "difference": "-0.020", "low": "-0.020"}
    assert T["cache.loss_told"].format(**told, high="-0.020") in said
    untold = {"share": "50.0", "kind": "GQA", "difference": "+0.000", "low": "-0.010"}
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


def test_words_of_a_config_are_never_markdown() -> None:
    at = opened()
    add(at, json.dumps({**LLAMA, "model_type": "![x](http://x.test/i.png)<b>"}))
    assert not any("x.test" in part.value for part in (*at.markdown, *at.caption, *at.error))


def test_parameters_of_v3_add_up() -> None:
    count = param_math.count(param_math.PUBLISHED["DeepSeek-V3"])
    at = opened()
    said = written(at)
    assert f"{count.total:,}" in said
    assert f"{count.active_head_only:,}" in said
    component = T["cache.column_component"]
    table = next(frame.value for frame in at.dataframe if component in frame.value)
    assert table[T["cache.column_total"]].iloc[-1] == count.total
    assert table[T["cache.column_total"]].iloc[:-1].sum() == count.total


def until_done(at: AppTest, seconds: float = 120) -> AppTest:
    deadline = time.monotonic() + seconds
    while at.session_state["c_job"] is not None:
        assert time.monotonic() < deadline, "the live run did not end"
        time.sleep(0.1)
        at.run()
    return healthy(at)


def test_live_run_of_all_four_agrees_with_the_formula() -> None:
    at = opened()
    at.text_area("c_prompt").set_value("The king said")
    at.number_input("c_tokens").set_value(4)
    at.button("c_run").click().run()
    until_done(at)
    assert at.caption[0].value.startswith(T["cache.live"].split("{")[0])
    kept = [traces.store().get(trace_id) for trace_id in at.session_state["c_shown"]]
    assert [trace.info.model for trace in kept if trace] == list(models.TWINS)
    for trace in kept:
        assert trace is not None
        assert trace.answer in [code.value for code in at.code]
        assert trace.fed < len(trace)
    assert T["cache.agree"].split("{")[0] in written(at)
    assert not at.error


def test_stop_keeps_what_was_written() -> None:
    at = opened()
    at.text_area("c_prompt").set_value("In the beginning")
    at.number_input("c_tokens").set_value(300)
    at.button("c_run").click().run()
    job = at.session_state["c_job"]
    deadline = time.monotonic() + 120
    while None in job.traces():
        assert time.monotonic() < deadline
        time.sleep(0.05)
        job.look()
    healthy(at.button("c_stop").click().run())
    assert at.session_state["c_job"] is None
    assert at.caption[0].value.startswith(T["cache.live"].split("{")[0])


def test_a_link_with_inputs_runs_at_once() -> None:
    at = opened(c_prompt="Yes", c_tokens="2")
    assert at.text_area("c_prompt").value == "Yes"
    until_done(at.run())
    assert traces.store().get(at.session_state["c_shown"][0]).info.prompt == "Yes"  # type: ignore[union-attr]


@pytest.mark.parametrize("prompt", ["  ", "a\x00b", "x" * 10_000, "word " * 700])
def test_a_bad_prompt_is_told_and_the_picture_stays(prompt: str) -> None:
    at = opened()
    before = chart(at, "c_curves")
    at.text_area("c_prompt").set_value(prompt)
    at.button("c_run").click().run()
    assert at.error
    assert chart(healthy(at), "c_curves") == before
