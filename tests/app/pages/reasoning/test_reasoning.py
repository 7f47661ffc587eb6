"""The Reasoning page: marks on tokens, questions of one's own, contestants, live runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from app.core.asking import contestants, judged_reply
from app.core.assets import evaluations
from app.core.texts import LANGUAGES, texts
from app.pages.reasoning import state as session
from app.ui.components.reasoning_view import clicked_step, colour_of, payload, typical
from app.ui.components.trace_view.payload import run_id
from model.record.card import ModelCard
from model.record.trace import RunInfo, Trace
from model.tasks import TASKS, chain, pick, problems
from model.tasks.problem import Language, Problem
from tests.app import runs
from tests.steps import TokenStep, collect

ROOT = Path(__file__).parents[4]
SECONDS = 90.0  # CI's cores may be busy
CHAIN = chain.pose("34*9-13*8+57", "en")
PICK = pick.pose([43, 6, 32, 60, 19], 94, 3, "en")


def pieces(text: str) -> list[str]:
    """A text split as by our tokenizer, except for its merges."""
    return re.findall(r"</?\w+>|\d|[^\W\d_]+ ?|[^\d\w\s<]+ ?|\s+|.", text)


def written(reply: str, problem: Problem = CHAIN, begin: str = "", model: str = "base") -> Trace:
    """A trace with a given reply, at a tenth of a second per token."""
    prompt = problem.prompt + begin
    info = RunInfo(prompt, 1.0, 0, 300, "2026-01-01")
    given, new = ["<bos>", *pieces(prompt)], pieces(reply)
    empty = np.zeros((0, 0))
    steps = [
        TokenStep(i, text, -0.1, 0.2, i < len(given), empty, empty, 0, 0.1 * i)
        for i, text in enumerate(given + new)
    ]
    return collect(ModelCard(name=model), info, steps, "stop")


def reply_tokens(trace: Trace) -> tuple[str, ...]:
    return trace.texts[judged_reply.read(trace).start :]


CORRECTED = (
    "<think>first 34*9=306, check 30*9=270, 4*9=36, 270+36=306 ok, then 13*8=114, check 10*8=80, "
    "3*8=24, 80+24=104 no, wait 13*8=104, then 306-104=202, so 202+57=259.</think>"
    "<answer>259</answer><eos>"
)
BUILT = "<think>first 34*9=296, then 13*8=104, then 296-104=192 ok, so 192+57=249.</think>"


def test_marks_stand_on_the_tokens_that_they_are_about() -> None:
    trace = written(CORRECTED)
    judged, tokens = judged_reply.read(trace), reply_tokens(trace)
    for mark in judged.marks:
        text = "".join(tokens[mark.first : mark.last])
        if mark.is_step:
            assert text == mark.text
        else:
            assert text.strip() in {"ok", "no", "first", "then", "wait", "so"}
    assert "".join(tokens[judged.split :]) == "</think><answer>259</answer><eos>"
    assert (judged.answer, judged.correct, judged.language) == ("259", True, 1.0)
    assert [m.kind for m in judged.steps].count("check") == 6
    said = [(m.kind, m.right) for m in judged.marks if m.kind in ("ok", "no")]
    assert said == [("ok", True), ("no", True)]
    assert [m.text for m in judged.steps if m.first_error] == ["13*8=114"]
    assert not any(m.builds for m in judged.steps)
    assert judged.appeared is not None
    assert "".join(tokens[: judged.appeared]).endswith("202+57=259")


@pytest.mark.parametrize("begin", ["<think>first ", contestants.DIRECT])
def test_a_begun_reply_counts_from_its_beginning(begin: str) -> None:
    whole = BUILT + "<answer>249</answer><eos>" if "first" in begin else f"{begin}7</answer><eos>"
    own, begun = written(whole), written(whole.removeprefix(begin), begin=begin)
    assert reply_tokens(begun) == reply_tokens(own)
    assert judged_reply.read(begun).marks == judged_reply.read(own).marks
    assert judged_reply.read(begun).split == judged_reply.read(own).split
    assert contestants.contestant_of(begun, begin).begin(CHAIN) == begin


def test_an_error_spreads_to_the_steps_that_use_its_number() -> None:
    judged = judged_reply.read(written(BUILT))
    assert [m.builds for m in judged.steps] == [False, False, True, True]
    assert [m.right for m in judged.steps] == [False, True, True, True]
    assert judged.correct is False
    assert judged.appeared is None


def test_a_pick_appears_with_its_numbers_and_no_step_builds() -> None:
    reply = "<think>try 43+6+32=81 no, try 43+32+19=94 ok.</think><answer>43,32,19</answer><eos>"
    trace = written(reply, PICK)
    judged = judged_reply.read(trace)
    assert judged.appeared is not None
    assert "".join(reply_tokens(trace)[: judged.appeared]).endswith("43+32+19=94")
    assert judged.correct is True
    assert not any(m.builds for m in judged.steps)


def test_comparisons_are_marked_and_no_steps_of_their_own() -> None:
    reply = "<think>first 34*9=306, check 34*9=306 3/3 0/1 no, wait 34*9=306.</think>"
    judged = judged_reply.read(written(reply))
    assert [m.text for m in judged.steps] == ["34*9=306"] * 3
    compared = [m for m in judged.marks if m.kind == "compare"]
    assert [(m.text, m.right, m.value, m.first_error) for m in compared] == [
        ("3/3", True, 33, False),
        ("0/1", False, 0, True),
    ]
    assert not any(m.builds for m in judged.marks)


def test_a_verdict_on_a_question_that_cannot_be_read_is_judged_by_its_arithmetic() -> None:
    asked = judged_reply.question_of(judged_reply.ParsedPrompt("12*(3+4)?", "", free=False))
    for value, justified in ((96, True), (95, False)):
        said = f"<think>first 12*8={value}, check 10*8=80, 2*8=16, 80+16=96 ok.</think>"
        (verdict,) = judged_reply.check.judge(asked, said).verdicts
        assert verdict.accepts and verdict.fits is justified


def test_free_text_has_its_arithmetic_checked_only() -> None:
    free = judged_reply.question_of(judged_reply.ParsedPrompt("Tell me of 7*8", "", free=False))
    assert free.level == 0
    judged = judged_reply.read(written("<think>7*8=56.</think><answer>56</answer><eos>", free))
    assert (judged.answer, judged.correct, judged.appeared) == ("56", None, None)
    assert [m.right for m in judged.steps] == [True]


@given(some.text(max_size=60), some.sampled_from(["", "<think>", "<think>first "]))
def test_no_reply_breaks_the_reading(reply: str, begin: str) -> None:
    trace = written(reply + "x", begin=begin)
    judged = judged_reply.read(trace)
    size = len(trace) - judged.start
    assert 0 <= judged.split <= size
    assert all(0 <= m.first < m.last <= size for m in judged.marks)
    json.dumps(payload(trace, judged))


@pytest.mark.parametrize(
    ("sent", "found"),
    [(None, None), ("7", None), ({"run": "RUN", "mark": True}, None), ({"run": "RUN"}, None)]
    + [({"run": "RUN", "mark": m}, (0, 1) if m == 1 else None) for m in (-1, 0, 1, 999)]
    + [({"run": "another", "mark": 1}, None)],
)
def test_believes_the_browser_only_what_can_be(sent: object, found: object) -> None:
    trace = written(BUILT)
    if isinstance(sent, dict) and sent["run"] == "RUN":
        sent = {**sent, "run": run_id(trace)}
    assert clicked_step(sent, [trace], [judged_reply.read(trace)]) == found


# --- The page ----------------------------------------------------------------------------------


def opened(language: str = "en", **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "navigation.py"), default_timeout=SECONDS)
    app.query_params["lang"] = language
    app.run()
    for key, value in query.items():
        app.query_params[key] = value
    return app.switch_page("pages/reasoning/reasoning.py").run()


def ended(app: AppTest) -> AppTest:
    """Rerun the page, as the browser does, until no run is in progress."""
    return runs.ended(app, "reasoning")


@pytest.mark.parametrize("language", LANGUAGES)
def test_opens_with_the_recorded_replies(language: str) -> None:
    app = opened(language)
    assert not app.exception
    assert not app.error
    question = next(problems("chain", 3, 0, "heldout", "ko" if language == "ko" else "en")).question
    assert question in [text.value for text in app.text]
    assert app.text_input(key="r_expr").value in question
    assert "r_lang" not in app.query_params


@pytest.mark.parametrize("language", session.LANGUAGES)
def test_the_recorded_question_is_not_chosen_by_its_outcome(language: Language) -> None:
    first = next(problems("chain", 3, 0, "heldout", language))
    for trace in judged_reply.recorded(language):
        assert judged_reply.read(trace).problem == first
        assert (trace.info.temperature, trace.info.seed) == (1.0, 0)


@pytest.mark.slow
def test_runs_a_question_of_ones_own_with_two_columns() -> None:
    app = opened()
    app.text_input(key="r_expr").set_value("20*3+11")
    app.multiselect(key="r_models").set_value(["base", "base.direct"])
    app.button(key="r_ask").click().run()
    app = ended(app)
    assert not app.exception
    assert not app.error
    judged_replies = [judged_reply.read(trace) for trace in runs.traces(app, "reasoning")]
    assert [r.asked.begin for r in judged_replies] == ["", contestants.DIRECT]
    assert {r.problem.answer for r in judged_replies} == {"71"}
    app.button(key="r_recorded").click().run()
    assert not runs.traces(app, "reasoning")


def test_a_bad_question_is_told_and_the_picture_stays() -> None:
    app = opened()
    before = [text.value for text in app.text]
    app.text_input(key="r_expr").set_value("2**9")
    app.button(key="r_ask").click().run()
    assert not app.exception
    assert session.default_chain().replace("*", "") in app.error[0].value.replace("*", "")
    assert [text.value for text in app.text] == before
    assert runs.under_way(app, "reasoning") is None
    app.segmented_control(key="r_kind").set_value(pick.NAME).run()
    assert not app.error  # it was about a question of another kind


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_another_question_is_held_out(task: str) -> None:
    app = opened()
    app.segmented_control(key="r_kind").set_value(task).run()
    field = "r_expr" if task == "chain" else "r_numbers"
    first = app.text_input(key=field).value
    app.button(key="r_another").click().run()
    app = ended(app)
    assert not app.exception
    assert not app.error
    assert app.text_input(key=field).value != first
    trace = runs.traces(app, "reasoning")[0]
    assert judged_reply.read(trace).problem.split == "heldout"


@pytest.mark.slow
def test_another_question_has_another_seed_and_a_link_gives_both_again() -> None:
    app = opened()
    app.multiselect(key="r_models").set_value(["base.direct"])
    app.button(key="r_another").click().run()
    app = ended(app)
    seed = app.number_input(key="r_seed").value
    assert seed > 0
    link = {"r_models": "base.direct", "r_seed": str(seed)}
    link["r_expr"] = app.text_input(key="r_expr").value
    again = ended(opened(**link))
    one, two = (runs.traces(a, "reasoning")[0] for a in (app, again))
    assert one.texts == two.texts
    app.button(key="r_another").click().run()
    assert ended(app).number_input(key="r_seed").value != seed


def test_another_kind_or_level_draws_the_seed_with_the_question() -> None:
    app = opened()
    seeds = [app.number_input(key="r_seed").value]
    for key, chosen in (("r_kind", "pick"), ("r_level", 2), ("r_kind", "chain")):
        control = app.segmented_control if key == "r_kind" else app.selectbox
        control(key=key).set_value(chosen).run()
        assert not app.exception
        seeds.append(app.number_input(key="r_seed").value)
        assert app.query_params["r_seed"] in (str(seeds[-1]), [str(seeds[-1])])
    assert len(set(seeds)) == len(seeds)
    problem = next(problems(chain.NAME, 2, seeds[-1], "heldout", "en"))
    assert app.text_input(key="r_expr").value == problem.key
    app.segmented_control(key="r_kind").set_value("free").run()
    assert app.number_input(key="r_seed").value == seeds[-1]


def test_a_typed_question_draws_its_seed_unless_the_viewer_chose_one() -> None:
    app = opened()
    seeds = [app.number_input(key="r_seed").value]
    for expression in ("12+30", "12+31"):
        app.text_input(key="r_expr").set_value(expression).run()
        seeds.append(app.number_input(key="r_seed").value)
    assert len(set(seeds)) == 3
    app.number_input(key="r_seed").set_value(7).run()
    app.text_input(key="r_expr").set_value("12+32").run()
    assert app.number_input(key="r_seed").value == 7


def test_beside_a_reply_stands_what_was_measured_of_its_model_and_level() -> None:
    measured = evaluations.of_model("base")
    assert measured is not None
    for problem, found in (
        (chain.pose("34*9-13+57-20+11", "en"), measured["many"]["chain"]),  # level 5
        (chain.pose("20*3+11", "en"), measured["levels"]["chain"]["2"]),
    ):
        said = typical(contestants.Contestant("base"), problem)
        assert f"{found['pass@k']['1']['value']:.0%}" in said
        assert f"{found['tokens_median']['value']:.0f} tokens" in said
        assert str(found["problems"]) in said


@pytest.mark.parametrize(
    ("who", "problem"),
    [
        (contestants.Contestant("base", "steps"), CHAIN),  # not free in how it answers
        (contestants.Contestant("r1-zero-step5"), CHAIN),  # never evaluated
        (contestants.Contestant("base"), chain.pose("2+3", "en")),  # a level that no problem has
    ],
)
def test_nothing_is_said_of_what_was_not_measured(
    who: contestants.Contestant, problem: Problem
) -> None:
    assert typical(who, problem) == ""


def test_goes_from_kind_to_kind() -> None:
    app = opened()
    for kind in ("free", "chain", "pick", "free", "pick", "chain"):
        app.segmented_control(key="r_kind").set_value(kind).run()
        assert not app.exception
    assert re.fullmatch(r"\d+([+*-]\d+)+", app.text_input(key="r_expr").value)


@pytest.mark.parametrize(
    "query",
    [
        *({"r_kind": "x"}, {"r_lang": "fr"}, {"r_models": "gpt,base"}, {"r_seed": "-1"}),
        *({"r_t": "9"}, {"r_t": "nan"}, {"r_seed": "1e400"}, {"room": "nowhere"}),
        *({"r_count": "inf", "r_kind": "pick"}, {"r_view_colour": "<b>"}),
    ],
)
def test_odd_links_open(query: dict[str, str]) -> None:
    assert not opened(**query).exception


def test_no_more_models_are_asked_than_the_field_takes() -> None:
    app = opened()
    app.multiselect(key="r_models").set_value(list(contestants.contestants())).run()
    assert not app.exception
    assert len(app.multiselect(key="r_models").value) == contestants.MOST


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("room", ["samples", "thinking"])
def test_rooms_of_many_replies_open_on_what_was_measured(room: str, language: str) -> None:
    app = opened(language, room=room)
    assert not app.exception and not app.error
    assert app.header[0].value == texts(language)[f"{room}.title"]
    assert [one.value for one in app.subheader] == [texts(language)["reasoning.recorded_title"]]
    assert app.get("plotly_chart")
    assert not [one for one in app.button if one.key == "r_ask"]


def test_the_question_stays_from_room_to_room() -> None:
    app = opened()
    app.text_input(key="r_expr").set_value("20*3+11")
    app.multiselect(key="r_models").set_value(["base"])
    app.segmented_control(key="r_room").set_value("samples").run()
    assert app.text_input(key="r_expr").value == "20*3+11"
    assert app.multiselect(key="r_models").value == ["base"]
    assert app.query_params["room"] == "samples"


def test_the_question_follows_the_language_of_the_page() -> None:
    app = opened("en")
    app.segmented_control(key="lang").set_value("ko").run()
    assert app.session_state["r_lang"] == "ko" and "r_lang" not in app.query_params
    app = opened("en")
    app.segmented_control(key="r_lang").set_value("ko").run()
    assert app.query_params["r_lang"] == "ko"


def test_a_link_to_a_question_has_its_language() -> None:
    """Those who open it may read the page in another language."""
    app = ended(opened("en", r_expr="20*3+11", r_models="base.direct"))
    assert app.query_params["r_lang"] == "en"
    again = ended(opened("ko", r_expr="20*3+11", r_models="base.direct", r_lang="en"))
    one, two = (runs.traces(a, "reasoning")[0] for a in (app, again))
    assert one.texts == two.texts


@pytest.mark.parametrize(
    ("asked", "found"),
    [("entropy", "entropy"), ("probability", "probability"), ("red", None), (["entropy"], None)],
)
def test_tokens_are_coloured_by_what_there_is(asked: object, found: str | None) -> None:
    assert colour_of(asked) == found
