"""The Start page: opens at once on recorded replies, takes any question, runs live, stops."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from app.core.asking import judged_reply, questions, scope
from app.core.running import generation
from app.core.texts import LANGUAGES, texts
from app.pages.start import cards, thumbnails
from app.pages.start import state as session
from model.tasks import TASKS, problems
from model.tasks.problem import TEMPLATE
from model.tasks.scope import problem_of
from tests.app.runs import Busy, Failing, ended, traces, under_way
from tests.app.words import shape
from tests.fuzz.links import nothing_computed
from tests.fuzz.links import opened as open_page

ROOT = Path(__file__).parents[4]
SECONDS = 60.0  # CI's cores may be busy


def opened(language: str = "en", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "navigation.py"), default_timeout=SECONDS)
    app.query_params["lang"] = language
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def said(app: AppTest) -> str:
    return "\n".join(m.value for m in (*app.markdown, *app.caption, *app.text, *app.info))


@pytest.mark.parametrize("language", LANGUAGES)
def test_opens_with_recorded_replies_in_the_pages_language(language: str) -> None:
    app = opened(language)
    assert not app.exception
    assert not app.error
    base, zero = judged_reply.recorded(language)[:2]  # type: ignore[arg-type]
    asked = judged_reply.read(base).asked
    assert (base.card.name, zero.card.name) == session.MODELS
    assert judged_reply.read(zero).asked == asked
    assert app.title[0].value == "Inside R1"
    assert app.text_input(key="q").value == asked.text
    assert base.info.date in said(app)
    assert asked.text in said(app)


def test_the_question_that_nobody_changed_follows_the_language() -> None:
    app = opened("en")
    app.segmented_control(key="lang").set_value("ko").run()
    assert not app.exception
    assert (
        app.text_input(key="q").value
        == judged_reply.read(judged_reply.recorded("ko")[0]).asked.text
    )
    app.text_input(key="q").set_value("What is 12+13+14?").run()
    app.segmented_control(key="lang").set_value("en").run()
    assert app.text_input(key="q").value == "What is 12+13+14?"


@pytest.mark.slow
def test_the_first_picture_does_not_wait_for_torch() -> None:
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app/navigation.py', default_timeout=60).run()\n"
        "assert not app.exception, app.exception\n"
        "assert app.text_input(key='q').value\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=120)


@pytest.mark.parametrize(
    ("text", "word"),
    [("", "empty"), (" \n ", "empty"), ("7" * 10_000, "10,000"), ("a\x00b", "U+0000")],
)
def test_says_what_is_wrong_with_an_input(text: str, word: str) -> None:
    app = opened()
    before = said(app)
    app.text_input(key="q").set_value(text)
    app.button(key="s_run").click().run()
    assert not app.exception
    assert word in app.error[0].value
    assert said(app) == before
    assert under_way(app, "start") is None


def test_any_text_may_be_asked_and_gets_a_kind_word() -> None:
    app = opened()
    app.text_input(key="q").set_value("🙂 **3*4** <b>![x](//x)</b> 한글")
    app.button(key="s_run").click().run()
    app = ended(app, "start")
    assert not app.exception
    assert not app.error
    assert [one.card.name for one in traces(app, "start")] == list(session.MODELS)
    assert [shape("scope.outside_operations").search(info.value) is None for info in app.info] == [
        False
    ]
    assert not any("**3*4**" in m.value for m in (*app.markdown, *app.caption, *app.info))


@pytest.mark.parametrize("task", TASKS)
def test_another_question_is_one_click_away(task: str) -> None:
    app = opened("ko")
    before = app.text_input(key="q").value
    app.button(key=f"s_another_{task}").click().run()
    app = ended(app, "start")
    assert not app.exception
    question = app.text_input(key="q").value
    problem = problem_of(question)
    assert problem is not None
    assert (problem.task, problem.language, problem.split) == (task, "ko", "heldout")
    assert question != before
    found = traces(app, "start")
    assert {one.info.seed for one in found} == {app.number_input(key="seed").value}
    assert all(question in one.info.prompt for one in found)
    assert not app.info
    app.button(key="s_recorded").click().run()
    assert not traces(app, "start")


@pytest.mark.slow
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
    assert judged_reply.recorded("en")[0].info.date in said(app)


def test_a_failed_run_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Failing(ValueError("index 7 is out of bounds for axis 1"))
    monkeypatch.setattr(generation, "scheduler", lambda: failing)
    app = opened()
    app.button(key="s_run").click().run()
    assert not app.exception
    assert app.error[0].value == texts("en")["common.failed"]


def test_a_stopped_run_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = tuple(replace(one, finish_reason="stopped") for one in session.of_language("en"))
    monkeypatch.setattr(session, "on_screen", lambda: (stopped, "live"))
    assert texts("en")["start.stopped"] in said(opened())


def test_a_link_runs_its_question() -> None:
    app = ended(opened(q="What is 20*3+11?", seed="5", t="0.0"), "start")
    assert not app.exception
    for trace in traces(app, "start"):
        assert "What is 20*3+11?" in trace.info.prompt
        assert (trace.info.seed, trace.info.temperature) == (5, 0.0)


def test_of_what_has_ended_a_session_keeps_the_result_alone() -> None:
    here = ended(opened(q="What is 20*3+11?"), "start").session_state["slot-start"]
    assert here.result is not None
    assert (here.work, here.make, here.then, here.earlier) == (None, None, None, ())


@pytest.mark.parametrize(
    "query", [{"seed": "x"}, {"t": "99"}, {"seed": "-1"}, {"free": "true"}, {"q": "\x07"}]
)
def test_odd_links_open(query: dict[str, str]) -> None:
    assert not opened(**query).exception


# --- The cards -------------------------------------------------------------------------------


def test_cards_lead_to_the_pages_with_the_same_question() -> None:
    app = opened()
    info = session.of_language("en")[-1].info
    links = {link.proto.page: parse_qs(link.proto.query_string) for link in app.get("page_link")}
    assert links["experts"]["e_prompt"] == links["cache"]["c_prompt"] == [info.prompt]
    assert links["experts"]["e_model"] == ["r1-zero"]
    problem = judged_reply.read(session.of_language("en")[0]).problem
    assert links["reasoning"]["r_expr"] == [problem.key]
    for page, key in (("experts", "e_seed"), ("cache", "c_seed"), ("reasoning", "r_seed")):
        assert links[page][key] == [str(info.seed)]


def test_cards_of_a_live_run_ask_no_page_for_more_than_it_can() -> None:
    app = ended(opened(q="What is 20*3+11?"), "start")
    assert {one.info.max_new_tokens for one in traces(app, "start")} == {questions.MAX_TOKENS}
    links = {link.proto.page: parse_qs(link.proto.query_string) for link in app.get("page_link")}
    with nothing_computed():
        for page in ("experts", "cache", "reasoning"):
            at = open_page(page, links[page])
            assert not at.exception and not at.toast, page


@pytest.mark.parametrize("task", TASKS)
def test_every_question_goes_into_the_fields_of_reasoning(task: str) -> None:
    problem = next(problems(task, 3, 0, "heldout", "ko"))
    (trace, *_) = session.of_language("en")
    asked = replace(trace, info=replace(trace.info, prompt=problem.prompt))
    query = cards.reasoning_query(asked, judged_reply.read(asked))
    assert query["r_lang"] == "ko"
    assert problem.key in (
        query.get("r_expr"),
        "|".join(
            (
                ",".join(sorted(query.get("r_numbers", "").split(","), key=lambda n: int(n or 0))),
                query.get("r_count", ""),
                query.get("r_target", ""),
            )
        ),
    )
    free = replace(trace, info=replace(trace.info, prompt=TEMPLATE.format(question="Hm?")))
    query = cards.reasoning_query(free, judged_reply.read(free))
    assert (query["r_kind"], query["r_text"]) == ("free", "Hm?")


def test_thumbnails_are_drawn_from_the_run() -> None:
    _, zero = session.of_language("en")
    experts = thumbnails.experts(zero)
    assert experts.count("M") == zero.fed * zero.card.num_experts_per_tok
    for rank, expert in enumerate(zero.expert_ids[5, 0]):
        assert f"M5 {expert}h" in experts.split("<path")[rank + 1]
    held = thumbnails.cache([1.0, 2.0], [4.0, 8.0])
    assert held.count("polyline") == held.count("polygon") == 1
    bars = thumbnails.thinking(
        [
            thumbnails.ReplyThought(10, [(0, 4, True), (4, 9, False)], True),
            thumbnails.ReplyThought(5, [], False),
            thumbnails.ReplyThought(0, [], None),
        ]
    )
    assert bars.count(f'fill="{thumbnails.TOKEN}" fill-opacity="0.45"') == 3
    assert bars.count(f'fill="{thumbnails.RIGHT}"') == 2  # a step and the answer
    assert bars.count(thumbnails.WRONG) == 2


# --- Questions -------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_knows_the_problems_that_it_was_trained_on(task: str, language: str) -> None:
    for level in TASKS[task].LEVELS:
        problem = next(problems(task, level, 1, "heldout", language))  # type: ignore[arg-type]
        asked = questions.taken_apart(problem.prompt + "<think>first ")
        assert (asked.text, asked.begin) == (problem.question, "<think>first ")
        assert asked.prompt == problem.prompt + "<think>first "
        assert scope.outside(asked) is None
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_arithmetic_alone_is_judged_as_on_the_page_of_reasoning(language: str) -> None:
    app = ended(opened(language, q="2+2"), "start")
    start = judged_reply.read(traces(app, "start")[0])
    for typed in ({"r_kind": "free", "r_text": "2 + 2 ="}, {"r_expr": "2+2"}):
        other = opened(language)
        for key, value in typed.items():
            other.query_params[key] = value
        page = other.switch_page("pages/reasoning/reasoning.py").run()
        reasoning = judged_reply.read(traces(ended(page, "reasoning"), "reasoning")[0])
        assert reasoning.problem == start.problem
        assert scope.outside(reasoning.asked) == scope.outside(start.asked)
    assert start.problem.answer == "4"
    assert start.correct is not None
