"""Training: the reading of logs and published tables, and what the page opens with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.core.assets import published
from app.pages.training import training_runs
from app.pages.training.curves import figures
from app.pages.training.curves import room as curves


def test_the_log_of_a_run_gives_curves_that_add_up(with_runs: Path) -> None:
    entries = training_runs.log("r1-zero")
    curves = training_runs.curves(entries)
    assert curves.step == [1, 2, 3]
    for parts in zip(curves.accuracy, curves.only_format, curves.wrong, strict=True):
        assert sum(parts) == pytest.approx(1, abs=1e-3)
    assert all(length > 0 for length in curves.length)
    assert {s["task"] for entry in entries for s in entry["samples"]} == {"chain", "pick"}
    assert training_runs.reinforced() == ["r1-zero"]


def test_a_line_that_is_being_written_is_left_out(with_runs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "r1-zero"
    folder.mkdir()
    text = (with_runs / "r1-zero" / "log.jsonl").read_text()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_runs, "RUNS", tmp_path)
        assert training_runs.log("r1-zero") == []
        (folder / "log.jsonl").write_text(text + text.splitlines()[0][:40])
        assert len(training_runs.log("r1-zero")) == 3


def test_means_of_a_run() -> None:
    assert training_runs.smooth([1.0, 2.0, 6.0], window=3) == [1.5, 3.0, 4.0]
    assert training_runs.ends([float(i) for i in range(100)]) == (4.5, 94.5)
    assert training_runs.ends([0.0, 1.0]) == (0.0, 1.0)


def test_what_was_made_tells_data_cost_and_result(with_runs: Path) -> None:
    zero, cold = training_runs.trained("r1-zero"), training_runs.trained("r1-dev1")
    assert zero is not None and cold is not None
    assert (zero.kind, cold.kind) == ("grpo", "sft")
    assert zero.numbers["group"] == 4 and cold.numbers["documents"] == 400
    assert zero.results == ()
    assert [(one.task, one.value, one.n) for one in cold.results] == [
        ("chain", 0.25, 500),
        ("pick", 0.25, 500),
    ]
    assert zero.numbers["steps"] == 3
    assert training_runs.trained("r1") is None
    assert training_runs.command("student-base").endswith("train pretrain student-base")


def test_kept_checkpoints_come_in_the_order_of_their_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, steps in (
        ("r1-zero", 120),
        ("r1-zero-step10", 10),
        ("r1-zero-step5", 5),
        ("r1-zero-seed1", 120),
    ):
        folder = tmp_path / "checkpoints" / name
        folder.mkdir(parents=True)
        (folder / "about.json").write_text(json.dumps({"steps": steps}))
    monkeypatch.setattr(training_runs, "ASSETS", tmp_path)
    assert [one.step for one in training_runs.checkpoints()] == [0, 5, 10, 120]
    assert [one.name for one in training_runs.checkpoints()][-1] == "r1-zero"


# --- What is published -------------------------------------------------------------------------


@pytest.mark.parametrize("name", published.TABLES)
def test_published_tables_are_whole(name: str) -> None:
    table = published.table(name)
    assert table.sources
    assert all(len(row) == len(table.columns) for row in table.rows)
    keys = [row[:2] if name == "zero" else row[0] for row in table.rows]
    assert len(set(keys)) == len(keys)


def test_the_two_versions_of_a_figure_are_kept_apart() -> None:
    rows = published.table("zero").records()
    zero = {
        r["Version"]: r["AIME 2024 pass@1, %"] for r in rows if r["Model"] == "DeepSeek-R1-Zero"
    }
    assert zero == {"arXiv v1, table 2": 71.0, "Nature, table 2": 77.9}
    for name, aime in (("r1-zero", 77.9), ("r1-dev1", 59.0), ("r1", 79.8), ("distilled", 72.6)):
        assert published.stage(name)["aime"] == aime


def test_the_papers_curves_end_where_its_text_says() -> None:
    assert (published.curve("pass@1")[1][0], published.curve("pass@1")[1][-1]) == (0.156, 0.71)
    assert published.curve("cons@16")[1][-1] == 0.867
    for name in ("pass@1", "cons@16", "length"):
        step, value = published.curve(name)
        assert len(step) == len(value) and step == sorted(step)


# --- Figures -----------------------------------------------------------------------------------


def test_nothing_in_a_sample_is_taken_for_a_tag() -> None:
    shown = figures.plain_text("<think>a<b>b</think>\n" + "x" * 900)
    assert "<think>" not in shown and "&lt;think&gt;" in shown and shown.endswith("…")
    assert set(shown.replace("<br>", "")) & {"<", ">"} == set()


def test_the_papers_curves_have_axes_of_their_own() -> None:
    over = figures.Overlay("paper", *published.curve("length"), "x", "y", False)
    words = {"ours": "o", "x": "x", "y": "y"}
    figure = figures.curve([1, 2], [3.0, 4.0], [3.0, 4.0], words, percent=False)
    assert len(figure.data) == 2
    figure = figures.curve([1, 2], [3.0, 4.0], [3.0, 4.0], words, percent=False, overlay=[over])
    assert (figure.data[2].xaxis, figure.data[2].yaxis) == ("x2", "y2")
    assert figure.layout.yaxis2.side == "right" and figure.layout.xaxis2.side == "top"


# --- The page ----------------------------------------------------------------------------------


def log_of(**tasks: Sequence[tuple[float, float]]) -> list[dict[str, Any]]:
    """The log of a run: accuracy and length of each task, step by step."""
    measured = [
        {task: {"accuracy": one[i][0], "length": one[i][1]} for task, one in tasks.items()}
        for i in range(len(next(iter(tasks.values()))))
    ]
    rest = {"checks": 0.0, "only_format": 0.0}
    return [{"step": i, "by_task": found, **rest} for i, found in enumerate(measured, 1)]


def test_the_telling_picture_is_where_accuracy_and_length_rise_together() -> None:
    rises = log_of(chain=[(0.3, 50), (0.6, 90)], pick=[(0.1, 40), (0.9, 20)])
    flat = log_of(chain=[(0.6, 90), (0.7, 91)], pick=[(0.1, 40), (0.1, 99)])
    assert training_runs.telling({"r1-dev2": flat, "r1-zero": rises}) == ("r1-zero", "chain")
    falls = log_of(chain=[(0.3, 50), (0.5, 40)], pick=[(0.1, 40), (0.2, 30)])
    assert training_runs.telling({"r1": falls}) == ("r1", "chain")


def test_what_the_shipped_logs_open_on_is_a_rise_of_both() -> None:
    logs = {name: training_runs.log(name) for name in training_runs.reinforced()}
    name, task = training_runs.telling(logs)
    assert (name, task) == ("r1-zero", "pick")
    found = training_runs.curves(training_runs.of_task(logs[name], task))
    for values in (found.accuracy, found.length):
        first, last = training_runs.ends(values)
        assert last > first


def test_replies_open_at_a_right_one_that_checks_itself_in_the_pages_language() -> None:
    checked = "<think>first 20*3=60, check 20*3=60 ok, so 60+11=71.</think><answer>71</answer>"
    asked = {"en": "What is 20*3+11?", "ko": "20*3+11의 값은?"}
    plain = "<think></think><answer>71</answer>"

    def entry(step: int, language: str, reply: str, right: bool) -> dict[str, Any]:
        sample = {"task": "chain", "question": asked[language], "reply": reply, "right": right}
        return {"step": step, "samples": [sample]}

    entries = [
        entry(1, "en", plain, False),
        entry(2, "en", checked, True),
        entry(3, "en", plain, True),
        entry(4, "ko", checked, True),
        {"step": 5},
    ]
    assert curves.telling_step(entries, "chain") == 2
    assert curves.telling_step([e for e in entries if e["step"] != 2], "chain") == 3
    assert curves.telling_step(entries, "pick") == 5


def test_what_checks_know_is_a_share_of_the_values_near_a_step() -> None:
    counts = [(4, 1, 10, 5), (4, 3, 10, 5), (0, 0, 0, 0)]
    entries = [
        {"step": i, "verdicts": dict(zip(("wrong", "noticed", "right", "doubted"), c, strict=True))}
        for i, c in enumerate(counts, 1)
    ]
    assert training_runs.knowing(entries, window=1) == {
        "noticed": [0.25, 0.75, None],
        "doubted": [0.5, 0.5, None],
    }
    assert training_runs.knowing(entries, window=3) == {
        "noticed": [0.5, 0.5, 0.75],
        "doubted": [0.5, 0.5, 0.5],
    }
    assert training_runs.knowing([{"step": 1}]) is None
