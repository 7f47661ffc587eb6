"""The Training page: curves of a tiny real run, a step by hand, time machine, a run right here."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.core import contestants, lab_runs, published, replies
from app.core.lab import lab
from app.core.lab_runs import OUTCOMES, LabSlot, Outcome
from app.core.texts import LANGUAGES, texts, translated
from app.pages.training import figures, question, training_runs
from app.pages.training.rooms import curves, grpo_step, time_machine, train_now
from app.ui import sampling
from model.runtime import work
from model.tasks import chain, problems
from model.training import experiments, pipeline
from model.training.grpo import GRPO, GRPOConfig
from tests.app import runs
from tests.app.looking import unfolded, until
from tests.app.reference import engine as engine_of
from tests.app.words import shape

ROOT = Path(__file__).parents[4]
SECONDS = 180  # a machine may be busy
T = texts("en")
PARTS = ("curves", "step", "time", "now", "pipeline", "tables")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with the logs of tiny real ones.

    r1-zero, ended; r1-dev1, evaluated; distilled with seed 1, evaluated, and with seed 2, not yet.
    """
    folder = tmp_path_factory.mktemp("runs")
    config = GRPOConfig(
        "r1-zero", 0, 3, {"chain": (2,), "pick": (2,)}, 2, 4, max_new_tokens=16, save_every=3
    )
    run = GRPO(config, engine_of("base"))
    run.train(folder / "work", folder / "r1-zero")
    paths = pipeline.Paths(folder / "work", folder)
    (folder / "runs").symlink_to(folder)
    pipeline.write_run(
        paths,
        "r1-zero",
        {"steps": 3, "questions": 2, "group": 4, "seed": 0},
        "base",
        run.seconds,
        {"rollout_tokens": run.tokens},
    )
    (folder / "r1-dev1").mkdir()
    data = {"documents": 400, "tokens_seen": 90_000}
    pipeline.write_run(paths, "r1-dev1", {"epochs": 3}, "base", 60.0, data)
    data |= {"sampled": 900, "kept": 400, "sampling_seconds": 150}
    for name in ("distilled", "distilled-seed1", "distilled-seed2"):
        (folder / name).mkdir()
        pipeline.write_run(paths, name, {"epochs": 4}, "student-base", 60.0, data)
    measure = {"value": 0.25, "interval": [0.21, 0.29], "n": 500}
    many = {"pass@k": {"1": measure}, "levels": [4]}
    evaluation = {"many": {"chain": many, "pick": many}}
    for name in ("r1-dev1", "distilled", "distilled-seed1"):
        (folder / name / "evaluation.json").write_text(json.dumps(evaluation))
    return folder


@pytest.fixture
def with_runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(training_runs, "RUNS", made)
    return made


@pytest.fixture
def without_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_runs, "RUNS", tmp_path)


def opened(part: str, lang: str = "en", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "navigation.py"), default_timeout=SECONDS)
    app.query_params["lang"] = lang
    app.run()
    for key, value in {"room": part, **query}.items():
        app.query_params[key] = value
    app.switch_page("pages/training/training.py").run()
    assert not app.exception
    return app


def outcome(app: AppTest, slot: LabSlot) -> Outcome:
    """What the last experiment of a slot has found."""
    found = OUTCOMES.get(app.session_state[f"slot-{slot.name}"].result)
    assert found is not None
    return found


# --- What is on disk ---------------------------------------------------------------------------


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


def test_a_card_tells_other_seeds_and_the_teachers_work(with_runs: Path) -> None:
    assert [*training_runs.seeds("distilled")] == [1]
    assert training_runs.seeds("r1-dev1") == {}
    app = opened("pipeline")
    cards = next(one.value for one in app.get("html") if "Distilled" in one.value)
    first, _, rest = cards.partition("Seed 1: 25.0% [21.0, 29.0], n = 500")
    assert first.endswith("25.0% [21.0, 29.0], n = 500\n") and "Seed 2" not in rest
    assert "400 of 900 replies passed" in first
    assert "Result: Arithmetic, level 4" in first
    assert "1.0 min on one core, after 2.5 min in which the teacher wrote" in first
    table = unfolded(app).dataframe[0].value
    assert [*table["model"]] == [
        name for name in ("r1-dev1", "distilled", "distilled-seed1") for _ in range(2)
    ]


def test_kept_checkpoints_come_in_the_order_of_their_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, steps in (("r1-zero", 120), ("r1-zero-step10", 10), ("r1-zero-step5", 5)):
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
    figure = figures.curve([1, 2], [3.0, 4.0], [3.0, 4.0], ["", ""], words, percent=False)
    assert len(figure.data) == 2
    figure = figures.curve(
        [1, 2], [3.0, 4.0], [3.0, 4.0], ["", ""], words, percent=False, overlay=[over]
    )
    assert (figure.data[2].xaxis, figure.data[2].yaxis) == ("x2", "y2")
    assert figure.layout.yaxis2.side == "right" and figure.layout.xaxis2.side == "top"


# --- The page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_opens_with_runs_and_without(
    part: str, language: str, with_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(part, language)
    assert not app.error
    assert app.header[0].value == texts(language)[f"training.title_{part}"]
    monkeypatch.setattr(training_runs, "RUNS", tmp_path)
    assert not opened(part, language).error


def test_curves_show_samples_of_any_step_and_the_papers_overlay(with_runs: Path) -> None:
    app = opened("curves", t_overlay="true", t_curve_task="all")
    entry = training_runs.log("r1-zero")[0]
    app.select_slider(key="t_step_r1-zero_all").set_value(1).run()
    assert not app.exception
    shown = [s["reply"] for s in entry["samples"] if curves.in_viewers_language(s["question"])]
    assert {*(shown or [s["reply"] for s in entry["samples"]])} <= {one.value for one in app.text}
    assert any("71.0" not in c.value and "arXiv v1" in c.value for c in app.caption)


def test_curves_open_on_the_telling_kind_and_a_link_keeps_the_choice(
    with_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_runs, "telling", lambda logs: ("r1-zero", "chain"))

    def said(app: AppTest, task: str) -> bool:
        told = shape("training.curves_say_task")
        name = T[f"question.kind_{task}"]
        return any(
            told.match(one.value) and one.value.startswith(f"{name}, from the first step to")
            for one in app.markdown
        )

    app = opened("curves")
    assert app.segmented_control(key="t_curve_task").value == "chain"
    assert said(app, "chain") and "t_curve_task" not in app.query_params
    app.segmented_control(key="t_curve_task").set_value("pick").run()
    assert said(app, "pick") and app.query_params["t_curve_task"] == "pick"
    app = opened("curves", t_curve_task="all")
    assert app.segmented_control(key="t_curve_task").value == "all"
    assert T["training.curve_shares"] in " ".join(one.value for one in app.markdown)
    app = opened("curves", t_curve_task="x")
    assert app.segmented_control(key="t_curve_task").value == "chain"


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


def test_what_is_missing_says_how_it_is_made(without_runs: None) -> None:
    app = opened("curves")
    assert contestants.NAMES["r1-zero"] in app.info[0].value
    assert app.code[0].value == "python -m model train reason r1-zero"
    assert not app.get("plotly_chart")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", ["step", "time", "now"])
def test_rooms_open_with_a_recorded_result_in_the_pages_language(part: str, language: str) -> None:
    app = opened(part, language)
    asked = app.text[0].value
    first = next(problems("chain", 2, 0, "heldout", "ko" if language == "ko" else "en"))
    assert asked == first.question
    if part == "time":
        traces = time_machine.recorded(language)
        assert {trace.info.prompt for trace in traces} == {first.prompt}
        assert [trace.card.name for trace in traces][:2] == ["base", "r1-zero-step5"]
        counted = time_machine.recorded_counts(language)
        assert [one.step for one in counted][:2] == [0, 5]
        assert {one.n for one in counted} == {time_machine.COUNTED}
        assert app.get("plotly_chart")
    else:
        name = {"step": "grpo-step", "now": "short-run"}[part]
        found, _ = lab_runs.recorded(f"{name}-{language}")
        assert found.problem == first
    if part == "now":
        replies_shown = [one for when in ("before", "after") for one in found.last(when)[:2]]
        shown = "\n".join(one.value for one in app.text)
        assert all(reply["text"] in shown for reply in replies_shown)
    assert not app.error


def test_a_recorded_run_has_a_before_and_an_after() -> None:
    found, date = lab_runs.recorded("short-run-en")
    assert len(found.all_of("step")) == found.request["steps"] == experiments.STEPS
    assert len(found.last("before")) == len(found.last("after")) == experiments.ASKED
    assert len(date) == 10


@pytest.mark.slow
def test_a_step_is_taken_on_a_question(without_runs: None) -> None:
    app = opened("step", t_level="2", t_number="3", t_seed="1")
    app.button(key="t_start_step").click().run()
    runs.ended(app, grpo_step.SLOT.name)
    assert not app.error
    done = outcome(app, grpo_step.SLOT)
    group = done.last("update")["replies"]
    assert len(group) == 8
    problem = done.problem
    assert (done.request["seed"], problem.level, problem.split) == (1, 2, "heldout")
    assert sum(reply["advantage"] for reply in group) == pytest.approx(0, abs=1e-5)
    rewards = {reply["reward"] for reply in group}
    moved = any(r["after"] != pytest.approx(r["before"], abs=1e-5) for r in group)
    assert moved is (len(rewards) > 1)
    assert problem.question in {text.value for text in app.text}


def test_the_time_machine_asks_every_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """With base and an earlier base in the place of R1-Zero's checkpoints."""
    there = [training_runs.Checkpoint("base", 0), training_runs.Checkpoint("base-30pct", 5)]
    monkeypatch.setattr(training_runs, "checkpoints", lambda: there)
    app = opened("time", t_level="2")
    app.button(key="t_start_time").click().run()
    runs.ended(app, time_machine.SLOT.name)
    assert not app.error
    app.select_slider(key="t_time_step").set_value(5).run()
    assert not app.exception
    traces = runs.traces(app, time_machine.SLOT.name)
    assert [trace.card.name for trace in traces] == ["base", "base-30pct"]
    assert any("Base" in text.value and "step 5" in text.value for text in app.text)
    monkeypatch.setattr(time_machine, "COUNTED", 2)
    app.button(key="t_start_counts").click().run()
    runs.ended(app, time_machine.COUNTS.name)
    assert not app.error
    drawn = replies.STORE.get(app.session_state["slot-t_counts"].result)
    assert drawn is not None
    assert [len(drawn.of(place)) for place in range(2)] == [2, 2]
    assert app.get("plotly_chart")


def small(monkeypatch: pytest.MonkeyPatch, **limits: Any) -> None:
    values = {"STEPS": 3, "QUESTIONS": 2, "GROUP": 2, "MAX_TOKENS": 8, "ASKED": 2} | limits
    for name, value in values.items():
        monkeypatch.setattr(experiments, name, value)


@pytest.mark.slow
def test_a_run_of_ones_own_is_trained_and_asked_before_and_after(
    monkeypatch: pytest.MonkeyPatch, without_runs: None
) -> None:
    small(monkeypatch)
    app = opened("now", t_level="2")
    app.button(key="t_start_now").click().run()
    runs.ended(app, train_now.SLOT.name)
    assert not app.error
    done = outcome(app, train_now.SLOT)
    assert [entry["step"] for entry in done.all_of("step")] == [1, 2, 3]
    assert len(done.last("before")) == len(done.last("after")) == 2
    assert app.get("plotly_chart")


@pytest.mark.slow
def test_stop_ends_ones_own_run_and_the_question_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, without_runs: None
) -> None:
    small(monkeypatch, STEPS=100_000)
    app = opened("now", t_level="2")
    app.button(key="t_start_now").click().run()
    under_way = runs.under_way(app, train_now.SLOT.name)
    assert under_way is not None
    until(app, lambda: bool(under_way.results))
    app.button(key="t_now_stop").click().run()
    runs.ended(app, train_now.SLOT.name)
    done = outcome(app, train_now.SLOT)
    assert len(done.last("after")) == 2 and len(done.all_of("step")) < 100_000


@pytest.mark.slow
def test_whoever_comes_second_watches_but_neither_stops_the_run_nor_keeps_it_alive(
    monkeypatch: pytest.MonkeyPatch, without_runs: None
) -> None:
    small(monkeypatch, STEPS=100_000)
    first = lab().submit(
        "somebody else", experiments.short_run(next(problems("pick", 2, 0, "heldout", "en")), 0)
    )
    looks = time.monotonic() + SECONDS
    while not first.results:
        assert first.look() in ("waiting", "running") and time.monotonic() < looks
        time.sleep(0.02)
    app = opened("now", t_level="2")
    assert any(T["training.now_other"] in one.value for one in app.markdown)
    assert first.request["problem"]["question"] in {text.value for text in app.text}
    app.button(key="t_start_now").click().run()
    mine = runs.under_way(app, train_now.SLOT.name)
    assert mine is not None and mine.state == "waiting"
    assert translated("en", "common.waiting", position=1) in {one.value for one in app.caption}
    monkeypatch.setattr(work, "UNSEEN_SECONDS", 6.0)  # the first one's tab is closed
    until(app, lambda: bool(mine.results))
    assert first.state == "stopped"
    app.button(key="t_now_stop").click().run()
    runs.ended(app, train_now.SLOT.name)
    assert first.request["problem"]["question"] not in {text.value for text in app.text}


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "1e400", "x"])
def test_no_number_of_a_link_breaks_a_room(number: str, without_runs: None) -> None:
    app = opened("step", t_number=number, t_seed=number)
    assert not app.error
    assert 0 <= app.session_state["t_seed"] <= sampling.MAX_SEED


@pytest.mark.parametrize(
    ("room", "key", "url", "other"),
    [
        ("tables", "t_table", "t_table", "stages"),
        ("step", "t_from", "t_from", "r1-zero"),
        ("time", "t_time_step", "t_time_step", 10),
        ("curves", "t_step_r1-zero_chain", "t_reply_step", 3),
    ],
)
def test_a_link_keeps_what_was_chosen(room: str, key: str, url: str, other: str | int) -> None:
    app = opened(room, **{url: str(other)})
    assert app.session_state[key] == other
    assert app.query_params[url] == str(other)
    app = opened(room, **{url: "nothing"})
    assert app.session_state[key] != other and url not in app.query_params


def test_older_links_lead_to_their_room() -> None:
    app = AppTest.from_file(str(ROOT / "app" / "navigation.py"), default_timeout=SECONDS)
    app.query_params["lang"] = "en"
    app.run()
    app.query_params["t_part"] = "tables"
    app.switch_page("pages/training/training.py").run()
    assert app.header[0].value == T["training.title_tables"]
    assert app.query_params["room"] == "tables" and "t_part" not in app.query_params


def test_inputs_of_a_link_are_kept_within_their_limits(without_runs: None) -> None:
    app = opened("step", t_task="nothing", t_number="999999", t_seed="-4", t_level="77")
    assert app.session_state["t_task"] == chain.NAME
    assert not app.error
    assert app.number_input(key="t_number").value <= question.MAX_NUMBER
