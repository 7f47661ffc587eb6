"""The Training page: curves of a tiny real run, a step by hand, time machine, a live run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.core.asking import contestants
from app.core.running import lab_runs, replies
from app.core.running.lab import lab
from app.core.running.lab_runs import OUTCOMES, LabSlot, Outcome
from app.core.texts import LANGUAGES, texts, translated
from app.pages.training import training_runs
from app.pages.training.curves import room as curves
from app.pages.training.grpo_step import room as grpo_step
from app.pages.training.short_run import room as short_run
from app.pages.training.time_machine import room as time_machine
from app.ui import sampling
from model.runtime import work
from model.tasks import chain, problems
from model.training import experiments
from tests.app import runs
from tests.app.looking import unfolded, until
from tests.app.rooms import ROOMS
from tests.app.words import shape

ROOT = Path(__file__).parents[4]
SECONDS = 180  # a machine may be busy
T = texts("en")


def opened(room: str, lang: str = "en", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "navigation.py"), default_timeout=SECONDS)
    app.query_params["lang"] = lang
    app.run()
    for key, value in {"room": room, **query}.items():
        app.query_params[key] = value
    app.switch_page("pages/training/training.py").run()
    assert not app.exception
    return app


def outcome(app: AppTest, slot: LabSlot) -> Outcome:
    """The outcome of a slot's last experiment."""
    found = OUTCOMES.get(app.session_state[f"slot-{slot.name}"].result)
    assert found is not None
    return found


# --- What is on disk ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS["training"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_room_opens_with_runs_and_without(
    room: str, language: str, with_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(room, language)
    assert not app.error
    assert app.header[0].value == texts(language)[f"{room}.title"]
    monkeypatch.setattr(training_runs, "RUNS", tmp_path)
    assert not opened(room, language).error


def test_a_card_tells_other_seeds_and_the_teachers_work(with_runs: Path) -> None:
    assert [*training_runs.seeds("distilled")] == [1]
    assert training_runs.seeds("r1-dev1") == {}
    app = opened("pipeline")
    cards = next(one.value for one in app.get("html") if "Distilled" in one.value)
    first, _, rest = cards.partition("Seed 1: 25.0% [21.0, 29.0], n = 500")
    assert first.endswith("25.0% [21.0, 29.0], n = 500\n") and "Seed 2" not in rest
    assert "400 of 900 replies passed" in first
    assert "Result: Arithmetic, level 4" in first
    assert "1.0 min wall-clock time, after 2.5 min in which the teacher wrote" in first
    table = unfolded(app).dataframe[0].value
    assert [*table["model"]] == [
        name for name in ("r1-dev1", "distilled", "distilled-seed1") for _ in range(2)
    ]


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
        told = shape("curves.say_task")
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
    assert T["curves.curve_shares"] in " ".join(one.value for one in app.markdown)
    app = opened("curves", t_curve_task="x")
    assert app.segmented_control(key="t_curve_task").value == "chain"


def test_what_is_missing_says_how_it_is_made(without_runs: None) -> None:
    app = opened("curves")
    assert contestants.NAMES["r1-zero"] in app.info[0].value
    assert app.code[0].value == "python -m model train reason r1-zero"
    assert not app.get("plotly_chart")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("room", ["grpo_step", "time_machine", "short_run"])
def test_rooms_open_with_a_recorded_result_in_the_pages_language(room: str, language: str) -> None:
    app = opened(room, language)
    asked = app.text[0].value
    first = next(problems("chain", 2, 0, "heldout", "ko" if language == "ko" else "en"))
    assert asked == first.question
    if room == "time_machine":
        traces = time_machine.recorded(language)
        assert {trace.info.prompt for trace in traces} == {first.prompt}
        assert [trace.card.name for trace in traces][:2] == ["base", "r1-zero-step5"]
        counted = time_machine.recorded_counts(language)
        assert [one.step for one in counted][:2] == [0, 5]
        assert {one.n for one in counted} == {time_machine.COUNTED}
        assert app.get("plotly_chart")
    else:
        found, _ = lab_runs.recorded(f"{room.replace('_', '-')}-{language}")
        assert found.problem == first
    if room == "short_run":
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
    app = opened("grpo_step", t_level="2", t_number="3", t_seed="1")
    app.button(key="t_start_grpo_step").click().run()
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
    """Here, base and an earlier base stand in for R1-Zero's checkpoints."""
    there = [training_runs.Checkpoint("base", 0), training_runs.Checkpoint("base-50pct", 5)]
    monkeypatch.setattr(training_runs, "checkpoints", lambda: there)
    app = opened("time_machine", t_level="2")
    app.button(key="t_start_time_machine").click().run()
    runs.ended(app, time_machine.SLOT.name)
    assert not app.error
    app.select_slider(key="t_time_step").set_value(5).run()
    assert not app.exception
    traces = runs.traces(app, time_machine.SLOT.name)
    assert [trace.card.name for trace in traces] == ["base", "base-50pct"]
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
    app = opened("short_run", t_level="2")
    app.button(key="t_start_short_run").click().run()
    runs.ended(app, short_run.SLOT.name)
    assert not app.error
    done = outcome(app, short_run.SLOT)
    assert [entry["step"] for entry in done.all_of("step")] == [1, 2, 3]
    assert len(done.last("before")) == len(done.last("after")) == 2
    assert app.get("plotly_chart")


@pytest.mark.slow
def test_stop_ends_ones_own_run_and_the_question_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, without_runs: None
) -> None:
    small(monkeypatch, STEPS=100_000)
    app = opened("short_run", t_level="2")
    app.button(key="t_start_short_run").click().run()
    under_way = runs.under_way(app, short_run.SLOT.name)
    assert under_way is not None
    until(app, lambda: bool(under_way.results))
    app.button(key="t_short_run_stop").click().run()
    runs.ended(app, short_run.SLOT.name)
    done = outcome(app, short_run.SLOT)
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
    app = opened("short_run", t_level="2")
    assert any(T["short_run.other"] in one.value for one in app.markdown)
    assert first.request["problem"]["question"] in {text.value for text in app.text}
    app.button(key="t_start_short_run").click().run()
    mine = runs.under_way(app, short_run.SLOT.name)
    assert mine is not None and mine.state == "waiting"
    place = translated("en", "common.waiting", position=1)  # and when, once a pace is known
    assert any(one.value.split(" · ")[0] == place for one in app.caption)
    monkeypatch.setattr(work, "UNSEEN_SECONDS", 6.0)  # the first one's tab is closed
    until(app, lambda: bool(mine.results))
    assert first.state == "stopped"
    app.button(key="t_short_run_stop").click().run()
    runs.ended(app, short_run.SLOT.name)
    assert first.request["problem"]["question"] not in {text.value for text in app.text}


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "1e400", "x"])
def test_no_number_of_a_link_breaks_a_room(number: str, without_runs: None) -> None:
    app = opened("grpo_step", t_number=number, t_seed=number)
    assert not app.error
    assert 0 <= app.session_state["t_seed"] <= sampling.SEED.high


@pytest.mark.slow
@pytest.mark.parametrize(
    ("room", "key", "url", "other"),
    [
        ("published", "t_table", "t_table", "stages"),
        ("grpo_step", "t_from", "t_from", "r1-zero"),
        ("time_machine", "t_time_step", "t_time_step", 10),
        ("curves", "t_step_r1-zero_pick", "t_reply_step", 3),
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
    assert app.header[0].value == T["published.title"]
    assert app.query_params["room"] == "published" and "t_part" not in app.query_params
    assert any("| DeepSeek-R1-Zero | Nature, table 2 | 77.9 |" in one.value for one in app.markdown)


def test_inputs_of_a_link_are_kept_within_their_limits(without_runs: None) -> None:
    app = opened("grpo_step", t_task="nothing", t_number="999999", t_seed="-4", t_level="77")
    assert app.session_state["t_task"] == chain.NAME
    asked = [app.error[place].value for place in range(2)]
    assert [one.split(":")[0] for one in asked] == [T["training.number"], T["common.seed"]]
