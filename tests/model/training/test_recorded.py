"""Recorded samples have their models' cards, and old ones get them without running a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model.nn import shipped
from model.nn.card import card
from model.nn.config import read_config
from model.record.trace import Trace
from model.training import stages
from tests.records import in_schema_2


def runs_in(path: Path) -> list[Any]:
    """The records in a file; none if it is an experiment's."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return content.get("traces", [content] if "schema" in content else [])


SAMPLES = [path for path in sorted((stages.ASSETS / "samples").glob("*.json")) if runs_in(path)]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_say_what_their_models_are(path: Path) -> None:
    """If this fails, run `python -m model train cards`."""
    for raw in runs_in(path):
        trace = Trace.from_json(raw)
        assert trace.to_json() == raw
        config = read_config(shipped.FOLDER / trace.card.name)
        assert trace.card == card(config, trace.card.name)


@pytest.mark.slow
def test_samples_of_schema_2_get_their_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # in schema 2 every record of a model with experts had them
    whole = [
        path for path in SAMPLES if all(Trace.from_json(run).moe_layers for run in runs_in(path))
    ]
    assert len(whole) >= 6
    (tmp_path / "samples").mkdir()
    for path in whole:
        content = json.loads(path.read_text(encoding="utf-8"))
        old = [in_schema_2(Trace.from_json(run)) for run in runs_in(path)]
        content = content | {"traces": old} if "traces" in content else old[0]
        (tmp_path / "samples" / path.name).write_text(json.dumps(content))
    monkeypatch.setattr(stages, "ASSETS", tmp_path)
    ids = stages.run("cards", None)
    for path in whole:
        assert (tmp_path / "samples" / path.name).read_bytes() == path.read_bytes()
        for i, raw in enumerate(runs_in(path)):
            assert ids[f"{path.stem}-{i}"] == Trace.from_json(raw).id
