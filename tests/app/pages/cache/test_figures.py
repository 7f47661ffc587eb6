"""Latent cache: its figures against the formulas, and the reader of configs."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.asking.prompts import InputError
from app.core.assets import models, recorded_runs
from app.core.texts import translated
from app.pages.cache import figures
from app.pages.cache import state as session
from app.pages.cache.attention_kinds import quality_figures
from app.pages.cache.attention_kinds.quality_figures import Quality
from app.pages.cache.kv_size import configs, words
from app.pages.cache.run.growth import growth
from app.ui import style, units
from app.ui.csv_rows import to_csv
from model.analysis.kv_size import cache_spec, fields, notes, published_configs
from model.analysis.kv_size.formula import ENGLISH, english
from tests.app.pages.cache.cases import LLAMA, V3, T, labels, run_of
from tests.app.words import placeholders


@pytest.mark.parametrize("language", ["", "-ko"])
@pytest.mark.parametrize("name", models.twins())
def test_a_recorded_run_agrees_with_the_formula_to_the_byte(name: str, language: str) -> None:
    trace = recorded_runs.trace(f"cache-{name}{language}")
    run = growth(trace, "a kind")
    assert run is not None
    assert run.kind == "a kind"
    assert len(run.tokens) == trace.fed
    assert (run.measured == run.formula).all()
    assert run.difference == 0


@given(st.sampled_from(list(models.twins())), st.integers(1, 30), st.integers(-9, 9))
def test_a_difference_is_found_with_its_sign(name: str, tokens: int, off_by: int) -> None:
    run = growth(run_of(name, tokens, off_by), "MLA")
    assert run is not None
    assert run.difference == off_by
    assert run.at(tokens) == run.formula[-1] + off_by


def test_curves_draw_what_was_measured_and_the_formula_to_the_end() -> None:
    found = [growth(run_of(n, 20), kind) for n, kind in models.twins().items()]
    runs = [run for run in found if run is not None]
    figure = figures.curves(runs, 50, 1, labels("curves"))
    for i, run in enumerate(runs):
        measured, line, marker = figure.data[3 * i : 3 * i + 3]
        assert (measured.y == run.measured).all()
        assert (measured.customdata == run.formula).all()
        assert measured.line.color == style.kind_colour(run.kind)
        assert line.y[-1] == 50 * run.per_token
        assert line.line.dash == "dash"
        assert marker.y[0] == run.measured[-1]
    assert tuple(figure.layout.xaxis.range) == (0, 50)
    assert figure.layout.yaxis.range[1] >= 50 * runs[0].per_token


def test_blocks_are_to_scale() -> None:
    stored = [
        figures.TokenCache(kind, layer.parts, layer.kv_heads, 4)
        for name, kind in models.twins().items()
        for layer in cache_spec(models.config(name)).layers[:1]
    ]
    figure = figures.blocks(stored, {"elements": "elements"})
    for place, row in enumerate(stored):
        mine = [bar for bar in figure.data if bar.y[0] == place]
        assert sum(bar.x[0] for bar in mine) == row.elements
        assert [bar.base[0] for bar in mine] == [
            sum(size for _, size in row.blocks[:i]) for i in range(len(row.blocks))
        ]
    words = {row.kind: row.words for row in stored}
    mla, mha = (models.config(session.named(kind)) for kind in ("MLA", "MHA"))
    latent, rotary = mla["kv_lora_rank"], mla["qk_rope_head_dim"]
    assert words["MLA"] == (
        f"{latent} c_kv + {rotary} k_pe = {latent + rotary} × 4 B = {4 * (latent + rotary):,} B"
    )
    heads, width = mha["num_key_value_heads"], mha["head_dim"]
    assert words["MHA"] == (
        f"{heads} × ({width} K + {width} V) = {2 * heads * width} × 4 B = {8 * heads * width:,} B"
    )


@pytest.mark.slow
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


def test_a_difference_is_told_when_zero_lies_outside_its_interval_and_seeds_agree() -> None:
    one = Quality("GQA", 100, 2.1, 0.1, 0.05, 0.15, (0.1, 0.1))
    assert one.told_apart
    assert replace(one, low=-0.15, high=-0.05, by_seed=(-0.1,)).told_apart
    assert not replace(one, low=-0.01).told_apart
    assert not replace(one, by_seed=(0.3, -0.1)).told_apart


@given(st.lists(st.floats(0, 1e9), max_size=6), st.floats(1, 1e6))
def test_words_beside_lines_do_not_overlap(values: list[float], gap: float) -> None:
    places = figures.apart(values, gap)
    assert all(place >= value for place, value in zip(places, values, strict=True))
    pairs = itertools.pairwise(sorted(places))
    assert all(b - a >= gap * (1 - 1e-6) - 1e-3 for a, b in pairs)


def test_what_a_kind_keeps_and_loses_is_where_it_is_drawn() -> None:
    kinds = [
        Quality("MHA", 512, 2.0, 0.0, 0.0, 0.0, (0.0, 0.0)),
        Quality("MLA", 144, 2.2, 0.2, 0.1, 0.3, (0.15, 0.25)),
        Quality("MLA-8", 64, 2.4, 0.4, 0.3, 0.6, (0.4, 0.4)),
    ]
    figure = quality_figures.scatter(kinds, {"bytes": "b", "loss": "l"})
    marks = [trace for trace in figure.data if trace.marker.size == 14]
    assert [(mark.x[0], mark.y[0]) for mark in marks] == [(512, 2.0), (144, 2.2), (64, 2.4)]
    assert len({mark.marker.symbol for mark in marks}) == 3
    assert marks[1].error_y.array[0] == pytest.approx(0.1)
    rings = [trace for trace in figure.data if trace.marker.size == 6]
    assert rings[1].y == pytest.approx((2.15, 2.25))


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
    with pytest.raises(InputError):  # what random text says is no model's config
        configs.sized(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)


@pytest.mark.slow
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
        ("", "kv_size.error_nothing"),
        ("﻿ \n", "kv_size.error_nothing"),
        ("not JSON", "kv_size.error_not_json"),
        ("[1, 2]", "kv_size.error_no_object"),
        ("null", "kv_size.error_no_object"),
        ('{"a": NaN}', "kv_size.error_lacks"),
        ('{"num_hidden_layers": -Infinity}', "kv_size.error_number"),
        ('{"a": ' + "9" * 5000 + "}", "kv_size.error_digits"),
        ('{"a": ' + "[" * 200_000, "kv_size.error_too_deep"),
        ("x" * 5_000_001, "kv_size.error_too_large"),
        (b"\xff\xfe\xfd", "kv_size.error_not_text"),
        ("\ud800", "kv_size.error_not_text"),
        (
            json.dumps(LLAMA | {"num_key_value_heads": 16, "head_dim": 9_000_000}),
            "kv_size.config_absurd",
        ),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "bytes",
)
def test_a_bad_config_gets_its_own_words(raw: str | bytes, key: str) -> None:
    with pytest.raises(InputError) as caught:
        configs.sized(raw)
    assert str(caught.value).startswith(T[key].split("{")[0])


@given(st.text(max_size=80), st.text(max_size=80))
def test_names_hold_no_markup(file_name: str, model_type: str) -> None:
    name = configs.name_of({"model_type": model_type}, file_name)
    assert 0 < len(name) <= configs.MAX_NAME
    assert not set(name) & set("<>[]!*`$#&|\\\"'=@:;,\n\t")
    assert name[0] not in "+-="  # a spreadsheet would take it for a formula


def test_published_models_are_the_calculators() -> None:
    assert configs.published()[V3].spec.bytes_per_token("bf16") == 70_272
    hypothetical = [name for name, m in configs.published().items() if m.hypothetical]
    assert hypothetical
    assert all("hypothetical" in name for name in hypothetical)


# The page


def test_notes_of_published_rows_are_the_tables() -> None:
    for row in published_configs():
        assert words.row_note(row["name"]) == row["note"]


def test_the_calculators_english_is_the_apps() -> None:
    """The command line and the English page have the same texts."""
    own = {f"kv_size.note_{key}": text for key, text in notes.ENGLISH.items()}
    own |= {f"kv_size.error_{key}": text for key, text in fields.ENGLISH.items()}
    formulas = {f"kv_size.formula_{key.removesuffix('_one')}" for key in ENGLISH}
    kinds = ("kv_size.note_", "kv_size.error_", "kv_size.formula_")
    shown = {key: text for key, text in T.items() if key.startswith(kinds)}
    assert own == {key: text for key, text in shown.items() if key not in formulas}
    for key in formulas:
        for n in (1, 2, 999):
            values = {name: "9" for name, _ in placeholders(shown[key])} | {"n": n}
            assert translated("en", key, **values) == english(
                key.removeprefix("kv_size.formula_"), **values
            )
