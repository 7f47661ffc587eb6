"""The parser of config.json: encodings, broken JSON, duplicates, size."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.analysis.kv_size import MAX_BYTES, ConfigError, cache_spec, read_config
from model.analysis.kv_size.read import MAX_FIELDS
from model.analysis.kv_size.text import parse
from tests.configs import GQA

TEXT = json.dumps(GQA, indent=1)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"]
)
def test_encodings(encoding: str) -> None:
    assert parse(TEXT.encode(encoding)).fields == GQA


@pytest.mark.parametrize(
    ("text", "key", "line", "column"),
    [
        ("{\n// no\n}", "comment", "2", "1"),
        ("{\n  /* no */}", "comment", "2", "3"),
        ("{\n# no\n}", "comment", "2", "1"),
        ('{"a": 1,\n}', "trailing_comma", "2", "1"),
        ('{"a": [1,\n ]}', "trailing_comma", "2", "2"),
        ("{'a': 1}", "syntax", "1", "2"),
        ('{"a": 1', "not_json", "1", "8"),
        ('{"a": 1, "b', "not_json", "1", "10"),
        ('{"a": 1} {}', "syntax", "1", "10"),
        ('{"a": True}', "syntax", "1", "7"),
        ("a: 1", "not_json", "1", "1"),
    ],
)
def test_broken_json_is_told_with_line_and_column(
    text: str, key: str, line: str, column: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    error = caught.value
    assert (error.key, error.values["line"], error.values["column"]) == (key, line, column)
    assert f"line {line}, column {column}" in str(error)


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b"", "nothing"), (" \n", "nothing"), (b"\xff\xfe\xfd", "not_text"),
        (b"\x80abc", "not_text"), ("[" * 100_000, "too_deep"), ("\ud800", "not_text"),
        ('{"a": ' + "9" * 5000 + "}", "digits"), ("[]", "no_object"), ("7", "no_object"),
        (b" " * (MAX_BYTES + 1), "too_large"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(raw: str | bytes, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(raw)
    assert caught.value.key == key


def test_keys_that_are_there_twice_are_told_and_the_last_counts() -> None:
    config, spec = read_config(TEXT[:-2] + ',\n "num_hidden_layers": 2,\n "x": {"y": 1, "y": 2}}')
    assert config.duplicates == ("y", "num_hidden_layers")
    assert len(spec.layers) == 2
    assert "y, num_hidden_layers" in str(spec.notes[0])


def test_three_megabytes_of_quantised_modules() -> None:
    names = [f"model.layers.{i}.mlp.experts.{j}.down_proj" for i in range(60) for j in range(1000)]
    config = {**GQA, "model_type": "llama", "quantization_config": {"modules_to_not": names}}
    text = json.dumps(config)
    assert 2_500_000 < len(text) < MAX_BYTES
    assert read_config(text)[1].bytes_per_token("bf16") == 256


def test_thousands_of_quantised_modules_by_name_are_read() -> None:
    modules = {f"model.layers.{i}.mlp.{j}": {"bits": 4} for i in range(60) for j in range(200)}
    config = {**GQA, "quantization": modules, "vision_config": {"id2label": modules}}
    assert cache_spec(config).bytes_per_token("bf16") == 256


@pytest.mark.parametrize(
    "made",
    [
        {f"x{i}": 1 for i in range(80_000)},
        {"x": {f"x{i}": 1 for i in range(80_000)}},
        {f"x{i}": {"y": {"z": 1}} for i in range(800)},
        {"text_config": {**GQA, **{f"layer_{i}_dropout": 1 for i in range(MAX_FIELDS)}}},
    ],
)
def test_more_fields_than_any_model_has_are_refused(made: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        cache_spec({**GQA, **made})
    assert caught.value.key == "too_many" and "2,000" in str(caught.value)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes | str) -> None:
    try:
        assert isinstance(parse(raw).fields, dict)
    except ConfigError as error:
        assert error.key and str(error).endswith(".")
