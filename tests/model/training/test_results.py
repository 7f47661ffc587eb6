"""The tables in assets/RESULTS.md are those of the files in assets/runs; an evaluation in small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.nn.shipped import FOLDER
from model.runtime.sampler import Sampler
from model.tasks import TASKS
from model.training import results
from tests.model.conftest import shipped_folder

ROOT = Path(__file__).parents[3]
RUNS = ROOT / "assets" / "runs"


def test_results_are_what_was_measured() -> None:
    told = (ROOT / "assets" / "RESULTS.md").read_text(encoding="utf-8")
    for table in results.tables(RUNS).split("\n\n"):
        assert told.count(table) == 1, "run python -m model train tables and put its output there"


def test_the_readmes_rows_are_of_the_story_table() -> None:
    """README's small table: some columns of some rows."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    whole = {
        line.split(" | ")[0]: [cell.strip() for cell in line.strip("| ").split(" | ")]
        for line in results.tables(RUNS)
        .split("| chain, level 3 |")[1]
        .split("\n\n")[0]
        .splitlines()
    }
    rows = [line for line in readme.splitlines() if line.startswith("| `")]
    assert len(rows) >= 5
    for row in rows:
        name, right, greedy, cons, tokens, checks = row.strip("| ").split(" | ")
        cells = whole[f"| {name}"]
        assert cells[:2] == [name, right]
        assert cells[3:5] == [greedy, cons]
        assert (cells[5].split()[0], cells[6].split()[0]) == (tokens, checks)


def test_every_evaluation_is_of_a_shipped_model_and_of_enough_problems() -> None:
    found = list(RUNS.glob("*/evaluation.json"))
    assert found
    for path in found:
        evaluation = json.loads(path.read_text(encoding="utf-8"))
        assert (FOLDER / evaluation["name"]).exists() and path.parent.name == evaluation["name"]
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
