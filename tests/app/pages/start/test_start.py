"""The Start page: opens at once, takes any input, runs live, stops."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.core import generation, questions, store
from app.core.texts import texts
from model.tasks import TASKS, problems
from model.tasks.problem import TEMPLATE
from model.tasks.scope import problem_of
from tests.app.runs import Busy, Failing, ended, traces, under_way

ROOT = Path(__file__).parents[4]
SECONDS = 60.0  # CI's cores may be busy


def opened(language: str = "en", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "navigation.py"), default_timeout=SECONDS)
    app.query_params["lang"] = language
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def said(app: AppTest) -> str:
    return "\n".join(m.value for m in (*app.markdown, *app.caption))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_opens_with_the_recorded_run(language: str) -> None:
    app = opened(language)
    assert not app.exception
    assert not app.error
    info = store.sample("start").info
    assert info.date in said(app)
    asked = questions.taken_apart(info.prompt)
    assert app.text_area(key="q").value == asked.text
    assert app.text_input(key="begin").value == asked.begin


def test_the_first_picture_does_not_wait_for_torch() -> None:
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app/navigation.py', default_timeout=60).run()\n"
        "assert not app.exception, app.exception\n"
        "assert app.text_area(key='q').value\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=120)


@pytest.mark.parametrize(
    ("text", "word"),
    [("", "empty"), (" \n ", "empty"), ("7" * 10_000, "10,000"), ("a\x00b", "U+0000")],
)
def test_says_what_is_wrong_with_an_input(text: str, word: str) -> None:
    app = opened()
    before = said(app)
    app.text_area(key="q").set_value(text)
    app.button(key="s_run").click().run()
    assert not app.exception
    assert word in app.error[0].value
    assert said(app) == before
    assert under_way(app, "start") is None


def test_any_text_may_be_asked() -> None:
    app = opened()
    app.text_area(key="q").set_value("🙂 **3*4** <b>![x](//x)</b> 한글")
    app.button(key="s_run").click().run()
    app = ended(app, "start")
    assert not app.exception
    assert not app.error
    (trace,) = traces(app, "start")
    assert trace.fed > 0
    assert "**3*4**" not in said(app)  # markdown never gets what was typed


def test_runs_an_example_and_goes_back() -> None:
    app = opened()
    app.menu_button(key="s_example").click("chain_ko").run()
    app = ended(app, "start")
    assert not app.exception
    assert "값은?" in app.text_area(key="q").value
    assert app.text_input(key="begin").value == "<think>먼저 "
    (trace,) = traces(app, "start")
    assert trace.info.prompt.endswith("Assistant: <think>먼저 ")
    app.button(key="s_recorded").click().run()
    assert not traces(app, "start")


def test_says_the_place_in_the_queue_and_stop_keeps_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others = Busy(place=3)
    monkeypatch.setattr(generation, "scheduler", lambda: others)
    app = opened()
    app.button(key="s_run").click().run()
    assert not app.exception
    assert "place 3" in said(app)
    app.button(key="start_stop").click().run()
    assert not app.exception
    assert others.tickets[0].stopped
    assert store.sample("start").info.date in said(app)


def test_a_failed_run_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Failing(ValueError("index 7 is out of bounds for axis 1"))
    monkeypatch.setattr(generation, "scheduler", lambda: failing)
    app = opened()
    app.button(key="s_run").click().run()
    assert not app.exception
    assert app.error[0].value == texts("en")["common.failed"]
    assert store.sample("start").info.date in said(app)


def test_a_link_runs_its_question() -> None:
    app = ended(opened(q="What is 20*3+11?", seed="5", t="0.0"), "start")
    assert not app.exception
    (trace,) = traces(app, "start")
    assert "What is 20*3+11?" in trace.info.prompt
    assert (trace.info.seed, trace.info.temperature) == (5, 0.0)


@pytest.mark.parametrize(
    "query", [{"seed": "x"}, {"t": "99"}, {"seed": "-1"}, {"free": "perhaps"}, {"begin": "\x07"}]
)
def test_odd_links_open(query: dict[str, str]) -> None:
    assert not opened(**query).exception


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_knows_the_problems_that_it_was_trained_on(task: str, language: str) -> None:
    for level in TASKS[task].LEVELS:
        problem = next(problems(task, level, 1, "heldout", language))  # type: ignore[arg-type]
        asked = questions.taken_apart(problem.prompt + "<think>first ")
        assert (asked.text, asked.begin) == (problem.question, "<think>first ")
        assert asked.prompt == problem.prompt + "<think>first "
        reply = f"x</think><answer>{problem.answer}</answer><eos>"
        assert questions.verdict(asked, reply) == (problem.answer, problem.answer, True)
        assert questions.verdict(asked, "no idea") == (problem.answer, None, False)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "What is love?",
        "What is 5?",
        "What is 1++2?",
        "What is " + "9*" * 400 + "9?",
        "Which 2 of 1,2,3 sum to 5?",
        "Which 2 of 1,1,1,1 sum to 99?",
        "Which 9 of ,,,, sum to 1?",
    ],
)
def test_judges_nothing_else(question: str) -> None:
    assert problem_of(question) is None


def test_free_text_is_not_judged() -> None:
    asked = questions.taken_apart("And the LORD said unto Moses, ")
    assert asked.free
    assert asked.prompt == "And the LORD said unto Moses, "
    assert questions.verdict(asked, "<answer>7</answer>") is None
    assert not questions.taken_apart(TEMPLATE.format(question="{question}?")).free
