"""The tables in assets/RESULTS.md agree with assets/runs; and an evaluation in miniature."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.nn.shipped import FOLDER
from model.runtime.sampler import Sampler
from model.tasks import TASKS, pick
from model.training import results
from tests.model.conftest import shipped_folder

ROOT = Path(__file__).parents[3]
RUNS = ROOT / "assets" / "runs"


@pytest.mark.slow
def test_results_are_what_was_measured() -> None:
    told = (ROOT / "assets" / "RESULTS.md").read_text(encoding="utf-8")
    for table in results.tables(RUNS).split("\n\n"):
        assert told.count(table) == 1, "run python -m model train tables and put its output there"


def test_what_a_model_took_counts_the_sampling(tmp_path: Path) -> None:
    runs = {
        "r1": {"from": "r1-dev3", "minutes": 2.0, "data": {"rollout_tokens": 5}},
        "distilled": {"from": "student-base", "minutes": 2.0, "data": {"sampling_seconds": 90}},
        "base": {"minutes": 2.0},
    }
    for name, run in runs.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps(run))
    assert results.costs_table(tmp_path).splitlines()[2:] == [
        "| `base` | nothing | 2.0 |",
        "| `r1` | `r1-dev3` | 2.0 |",
        "| `distilled` | `student-base` | 3.5 |",
    ]


def cells(corner: str, second: str) -> dict[str, dict[str, str]]:
    """The table whose head begins with these two, as row → column → cell."""
    head = f"| {corner} | {second} |"
    table = next(t for t in results.tables(RUNS).split("\n\n") if t.startswith(head))
    columns, _, *rows = (line.strip("| ").split(" | ") for line in table.splitlines())
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def test_the_readmes_rows_are_of_the_tables() -> None:
    """README's small table has some columns of some rows, and only the mean for two of them."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    level = results.CHOSEN_LEVEL
    chains, picks = (cells(f"{task}, level {level}", "right, %") for task in ("chain", "pick"))
    replies = cells(f"pick, level {level}", "tokens, mean")
    rows = [line for line in readme.splitlines() if line.startswith("| `")]
    assert len(rows) >= 5
    for row in rows:
        name, *told = row.strip("| ").split(" | ")
        tokens = replies[name]["tokens, mean"].split()[0]
        language = replies[name]["words in the question's language, %"].split()[0]
        votes = picks[name][f"cons@{results.SAMPLES}"]
        right = [one[name][cell] for one in (chains, picks) for cell in ("right, %", "other seeds")]
        assert told == [*right, votes, tokens, language]


def test_every_evaluation_is_of_a_shipped_model_and_of_enough_problems() -> None:
    found = list(RUNS.glob("*/evaluation.json"))
    assert found
    for path in found:
        evaluation = json.loads(path.read_text(encoding="utf-8"))
        assert (FOLDER / evaluation["name"]).exists() and path.parent.name == evaluation["name"]
        if evaluation["name"] in results.PAIR:
            assert evaluation["many"][pick.NAME]["problems"] == results.PROBLEMS
            continue
        for task, family in TASKS.items():
            assert [*evaluation["levels"][task]] == [str(level) for level in family.LEVELS]
            of_levels = evaluation["levels"][task].values()
            rest = (evaluation[kind][task] for kind in ("greedy", "many"))
            for measured in (*of_levels, *rest, *evaluation["budget"][task]):
                assert measured["problems"] == results.PROBLEMS
        assert results.PROBLEMS >= 500


@pytest.mark.slow
def test_a_full_evaluation_in_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROBLEMS", "SAMPLES", "LEVEL_SAMPLES"):
        monkeypatch.setattr(results, name, 2)
    monkeypatch.setattr(results, "BUDGETS", (4, 8))
    found = results.measure(Sampler.load(shipped_folder("base")), tmp_path)
    assert json.loads((tmp_path / "evaluation.json").read_text()) == found
    assert [e["budget"] for e in found["budget"]["chain"]] == [4, 8]
    for measured in (*found["levels"]["chain"].values(), found["many"]["pick"]):
        head = ("model", "task", "levels", "seed", "temperature", "budget", "extend")
        head += ("problems", "samples", "interval")
        rest = {key: value for key, value in measured.items() if key not in head}
        for key in ("pass@k", "cons@k", "approaches", "correct_by_approach"):
            rest |= {f"{key} {of}": value for of, value in rest.pop(key).items()}
        assert {"tokens_median", "wrong_to_right", "right_to_wrong"} <= rest.keys()
        for key, one in rest.items():
            assert one.keys() == {"value", "interval", "n"}, key
            if one["n"]:
                low, high = one["interval"]
                assert low <= one["value"] <= high, key
    assert results.story_table({"base": found}, "chain").splitlines()[2].startswith("| `base` | ")
    for make in (results.levels_table, results.replies_table, results.budget_table):
        table = make([found], "pick").splitlines()
        assert len({line.count("|") for line in table}) == 1 and len(table) == 3
        assert table[2].startswith("| `base` | ")
