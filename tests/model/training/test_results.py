"""The README's tables are those of the files in assets/runs; a full evaluation in small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.nn.checkpoints import SHIPPED
from model.runtime.sampler import Sampler
from model.tasks import TASKS
from model.training import results
from tests.model.conftest import shipped_folder

ROOT = Path(__file__).parents[3]
RUNS = ROOT / "assets" / "runs"


def test_the_readme_shows_what_was_measured() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for table in results.tables(RUNS).split("\n\n"):
        assert table in readme, "run python -m model train tables and put its output there"


def test_every_evaluation_is_of_a_shipped_model_and_of_enough_problems() -> None:
    found = list(RUNS.glob("*/evaluation.json"))
    assert found
    for path in found:
        evaluation = json.loads(path.read_text(encoding="utf-8"))
        assert (SHIPPED / evaluation["name"]).exists() and path.parent.name == evaluation["name"]
        for task, family in TASKS.items():
            assert [*evaluation["levels"][task]] == [str(level) for level in family.LEVELS]
            of_levels = evaluation["levels"][task].values()
            rest = (evaluation[kind][task] for kind in ("greedy", "many"))
            for measured in (*of_levels, *rest, *evaluation["budget"][task]):
                assert measured["problems"] == results.PROBLEMS
        assert results.PROBLEMS >= 500


@pytest.mark.slow
def test_a_full_evaluation_in_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROBLEMS", "SAMPLES"):
        monkeypatch.setattr(results, name, 2)
    monkeypatch.setattr(results, "BUDGETS", (4, 8))
    found = results.measure(Sampler.load(shipped_folder("base")), tmp_path)
    assert json.loads((tmp_path / "evaluation.json").read_text()) == found
    assert [e["budget"] for e in found["budget"]["chain"]] == [4, 8]
    for measured in (*found["levels"]["chain"].values(), found["many"]["pick"]):
        head = ("model", "task", "levels", "seed", "temperature", "budget", "extend")
        head += ("problems", "samples", "interval")
        rest = {key: value for key, value in measured.items() if key not in head}
        for key in ("pass@k", "cons@k", "ways", "correct_by_way"):
            rest |= {f"{key} {of}": value for of, value in rest.pop(key).items()}
        assert {"tokens_median", "wrong_to_right", "right_to_wrong"} <= rest.keys()
        for key, one in rest.items():
            assert one.keys() == {"value", "interval", "n"}, key
            if one["n"]:
                low, high = one["interval"]
                assert low <= one["value"] <= high, key
    assert results.story_table({"base": found}).splitlines()[2].startswith("| `base` | ")
    for make in (results.levels_table, results.replies_table, results.budget_table):
        table = make([found], "pick").splitlines()
        assert len({line.count("|") for line in table}) == 1 and len(table) == 3
        assert table[2].startswith("| `base` | ")
