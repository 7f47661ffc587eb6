"""Names and checkpoints of what ships."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.nn import shipped

SAMPLES = shipped.FOLDER.parent / "samples"


@given(st.sampled_from(("base", "r1-zero", "distilled-control")), st.integers(0, 99))
def test_a_name_tells_its_seed(name: str, seed: int) -> None:
    assert shipped.without_seed(shipped.seeded(name, seed)) == (name, seed)


@pytest.mark.parametrize("name", shipped.folders())
def test_about_says_which_seed_a_model_was_trained_with(name: str) -> None:
    found = shipped.about(shipped.folders()[name])
    assert (found.name, found.seed) == (name, shipped.without_seed(name)[1])


def test_checkpoints_of_a_training_are_in_order_and_of_no_other_training(tmp_path: Path) -> None:
    for name in ("a-step5", "a-step40", "a-step20", "a", "a-seed1", "a-b", "base"):
        (tmp_path / name).mkdir()
    way = shipped.on_the_way(tmp_path / "a")
    assert [folder.name for folder in way] == ["a-step5", "a-step20", "a-step40", "a"]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_time_machine_was_recorded_with_what_ships(language: str) -> None:
    found = json.loads((SAMPLES / f"time-machine-{language}.json").read_text(encoding="utf-8"))
    way = shipped.on_the_way(shipped.FOLDER / "r1-zero")
    names = [trace["card"]["name"] for trace in found["traces"]]
    assert names == ["base", *(folder.name for folder in way)]
    assert [one["step"] for one in found["counts"]] == [0, *(shipped.about(f).steps for f in way)]
