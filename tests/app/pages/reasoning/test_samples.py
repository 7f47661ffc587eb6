"""Samples on the Reasoning page: estimates and intervals, batches, continuations of a step."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.core import pass_and_cons
from app.core.asking import contestants, judged_reply
from app.core.assets import evaluations, published
from app.core.running import generation, replies
from app.core.texts import texts, translated
from app.pages.reasoning import figures
from app.pages.reasoning.continuations import state as continuations
from app.pages.reasoning.test_time_compute import state as many_replies
from model import ASSETS
from model.analysis.estimators import cons_at_k, pass_at_k, wilson
from model.nn import shipped
from model.runtime.sampler import Sampler
from model.runtime.thinking import ANSWER_TOKENS, think
from model.tasks import pick, problems
from model.tasks.check import judge
from tests.app import runs
from tests.app.looking import unfolded
from tests.app.pages.reasoning.test_reasoning import (
    BUILT,
    CHAIN,
    ended,
    opened,
    reply_tokens,
    written,
)

T = texts("en")
RIGHT, WRONG, NONE = ("259", True), ("249", False), (None, False)


def test_pass_at_k_is_the_unbiased_estimate() -> None:
    answers = [RIGHT] * 3 + [WRONG] * 13
    points = pass_and_cons.passes([answers])
    assert [p.k for p in points] == [1, 2, 4, 8, 16]
    assert [p.value for p in points] == pytest.approx([pass_at_k(16, 3, p.k) for p in points])
    assert (points[0].low, points[0].high) == pytest.approx(wilson(3, 16))
    assert all(0 <= p.low <= p.high <= 1 for p in points)


def test_the_interval_of_one_question_is_not_empty_when_all_fail() -> None:
    points = pass_and_cons.passes([[WRONG] * 8])
    assert all(p.value == p.low == 0 < p.high for p in points)


def test_consensus_is_the_mean_over_all_choices() -> None:
    answers = [RIGHT] * 5 + [WRONG] * 3 + [("11", False)] * 2 + [NONE] * 6
    random.Random(1).shuffle(answers)
    points = pass_and_cons.consensus([answers])
    assert [p.value for p in points] == [cons_at_k(answers, p.k) for p in points]
    assert points[0].value == 5 / 16 and points[-1].value == 1
    assert all(p.low <= p.value <= p.high for p in points)
    assert points[1].low < points[1].value < points[1].high


def test_nobody_votes_for_no_answer() -> None:
    assert [p.value for p in pass_and_cons.consensus([[NONE] * 8])] == [0.0] * 4
    always = pass_and_cons.consensus([[RIGHT] + [NONE] * 15])
    assert always[-1].value > 0.5


def test_several_questions_are_averaged() -> None:
    points = pass_and_cons.passes([[RIGHT] * 4, [WRONG] * 4])
    assert [p.value for p in points] == [0.5, 0.5, 0.5]
    assert (points[0].low, points[0].high) == (0.0, 1.0)
    assert pass_and_cons.accuracy([[RIGHT] * 3 + [WRONG], [WRONG] * 4]).value == 3 / 8


def test_bins_put_the_right_answer_first_and_none_last() -> None:
    answers = [WRONG] * 3 + [RIGHT] + [NONE] * 2 + [(str(n), False) for n in range(20)]
    found = pass_and_cons.bins(answers, most=4)
    assert found[0] == ("259", 1, True)
    assert found[1] == ("249", 3, False)
    assert found[-2:] == [("", 17, False), (None, 2, False)]
    assert sum(n for _, n, _ in found) == len(answers)


def test_answers_to_a_pick_are_compared_as_sets() -> None:
    posed = pick.pose([43, 6, 32, 60, 19], 81, 3, "en")
    for said in ("43,6,32", "032, 43, 6"):
        assert judge(posed, f"<answer>{said}</answer>").vote == "6,32,43"
    assert judge(posed, "none").vote is None


def test_what_follows_from_another_number() -> None:
    assert judged_reply.follows(CHAIN, "34*9=306", 306) == "259"
    assert judged_reply.follows(CHAIN, "34*9=306", 296) == "249"
    assert judged_reply.follows(CHAIN, "202+57=259", 7) == "7"
    assert judged_reply.follows(CHAIN, "30*9=270", 7) is None
    assert judged_reply.follows(pick.pose([1, 2, 3, 4, 5, 6], 3, 2, "en"), "1+2=3", 7) is None


def test_the_prefix_ends_before_the_step_or_before_its_number() -> None:
    trace = written(BUILT)
    reading = judged_reply.read(trace)
    step = reading.steps[1]
    kept = [continuations.prefix(trace, reading, step, edited) for edited in (False, True)]
    heads = ["".join(reply_tokens(trace)[: keep - reading.start]) for keep in kept]
    assert heads[0] == "<think>first 34*9=296, then "
    assert heads[1] == "<think>first 34*9=296, then 13*8="


def test_figures_are_drawn_of_any_numbers() -> None:
    labels = {"samples": "n", "hover": "%{x}", "x": "k", "y": "share"}
    assert figures.answers(["✓ 1", "✗ 2"], [3, 1], [True, False], labels).data[0].x == (3, 1)
    lines = [
        figures.ContestantCurve(one, one, [1, 2], [0, 1], [0, 0.5], [0.5, 1])
        for one in contestants.FIRST
    ]
    figure = figures.curves(lines, [1, 2], labels, doubling=True)
    assert figure.layout.xaxis.type == "log"
    assert figures.curves(lines, [32, 64], labels, doubling=False).layout.xaxis.type == "linear"
    marks = {(line.line.color, line.marker.symbol) for line in figure.data}
    assert len(marks) == len(contestants.FIRST)


def test_o1_is_drawn_without_a_number_on_its_axes() -> None:
    labels = dict.fromkeys(("y", "train", "test", "rises", "x"), "words")
    shape = figures.o1_shape(labels)
    assert not shape.data  # no point of the figure is ours to draw
    axes = [*shape.select_xaxes(), *shape.select_yaxes()]
    assert len(axes) == 4 and not any(axis.showticklabels for axis in axes)
    told = published.o1()
    assert [one.share for one in told.ladder] == [0.74, 0.83, 0.93]
    assert "openai.com" in told.source
    ladder = figures.o1_ladder([one.name for one in told.ladder], [0.74, 0.83, 0.93], labels)
    assert ladder.data[0].text == ("74%", "83%", "93%")


def test_every_model_has_a_mark_of_its_own() -> None:
    from app.ui.style import MODEL_MARK

    assert set(contestants.NAMES) | {"base.steps", "base.direct"} == set(MODEL_MARK)
    assert len(set(MODEL_MARK.values())) == len(MODEL_MARK)


# --- The page ----------------------------------------------------------------------------------


def drawn(app: AppTest, slot: str) -> replies.Replies:
    """The replies in the page's slot, once sampling has ended."""
    runs.ended(app, slot)
    assert not app.exception
    assert not app.error
    found = replies.STORE.get(app.session_state[f"slot-{slot}"].result)
    assert found is not None
    return found


def all_of(asks: Sequence[replies.ReplyRequest]) -> replies.Replies:
    """The replies to requests, without a page."""
    drawing, scheduler = replies.ReplySampling(asks), generation.scheduler()
    first = scheduler.run(drawing.requests())
    found = drawing.make((*first, *scheduler.run(drawing.forced(first))))
    assert found is not None
    return found


def test_draws_samples_that_anybody_can_draw_again() -> None:
    app = opened(room="samples")
    app.multiselect(key="r_models").set_value(["base.direct"])
    app.selectbox(key="r_k").set_value(8)
    app.button(key="r_draw_samples").click().run()
    found = drawn(app, "r_samples")
    rows = found.rows()
    assert len(rows) == 8
    assert {(row["seed"], row["row"]) for row in rows} == {(0, i) for i in range(8)}
    json.dumps(rows)
    again = all_of(found.asks)
    assert again.replies == found.replies
    assert again.id == found.id


def test_what_an_ask_draws_does_not_depend_on_the_others() -> None:
    """Two problems and two ways of one model, with and without a budget: each request gets the same
    replies as alone, including forced answers."""
    known = contestants.contestants()
    posed = list(itertools.islice(problems("chain", 3, 0, "heldout", "en"), 2))
    asks = [
        replies.fresh(known[one], problem, n, 1.0, 5, 120, budget)
        for budget in (None, 24)
        for problem in posed
        for one, n in (("base.steps", 12), ("base", 9))
    ]
    together = all_of(asks)
    assert len(together.replies) == together.total
    for place, ask in enumerate(asks):
        alone = all_of([ask]).replies
        found = tuple(replace(reply, ask=0) for reply in together.of(place))
        assert found == alone
        assert len({reply.text for reply in alone}) > 1


def test_a_budget_ends_the_thought_and_leaves_others_as_they_are() -> None:
    """A reply that ends within its budget is the same as without one; others are cut at the budget
    and still answer."""
    one = contestants.contestants()["base.steps"]
    problem = next(problems("chain", 3, 0, "heldout", "en"))
    free, cut = (
        all_of([replies.fresh(one, problem, 40, 1.0, 5, 160, budget)]).replies
        for budget in (None, 40)
    )
    for whole, short in zip(free, cut, strict=True):
        if "</think>" in whole.text and whole.text == short.text:
            continue
        thought, _, answer = short.text.partition("</think>")
        assert whole.text.startswith(thought)
        assert answer.startswith("<answer>")
        assert short.tokens <= 40 + ANSWER_TOKENS + 8
    assert any(whole.text != short.text for whole, short in zip(free, cut, strict=True))


def test_a_budget_is_what_it_is_in_the_evaluations() -> None:
    """Live samples must be comparable with the evaluations next to them."""
    one = contestants.contestants()["base"]
    problem = next(problems("pick", 3, 0, "heldout", "en"))
    asks = [replies.fresh(one, problem, 1, 1.0, seed, 224, 28) for seed in range(12)]
    sampler = Sampler.load(shipped.folders()["base"])
    ids = sampler.encode(problem.prompt)
    measured = [think(sampler, [ids], 1.0, ask.seed, 224, 28)[0] for ask in asks]
    live = all_of(asks).replies
    assert [(reply.text, reply.tokens) for reply in live] == [
        (reply.text, len(reply.token_ids)) for reply in measured
    ]
    free = [think(sampler, [ids], 1.0, ask.seed, 224)[0].text for ask in asks]
    unchanged = sum(reply.text == text for reply, text in zip(live, free, strict=True))
    assert 0 < unchanged < len(asks)


def test_what_stop_has_cut_short_is_no_reply() -> None:
    one = contestants.contestants()["base.steps"]
    problem = next(problems("chain", 3, 0, "heldout", "en"))
    drawing = replies.ReplySampling([replies.fresh(one, problem, 3, 1.0, 5, 40)])
    runs = generation.scheduler().run(drawing.requests())
    found = drawing.make([runs[0], replace(runs[1], finish_reason="stopped"), None])
    assert found is not None
    assert [reply.row for reply in found.replies] == [0]


@pytest.mark.parametrize("forged", [100_000, -1, "x"])
def test_a_forged_number_of_samples_is_none_that_is_offered(forged: object) -> None:
    assert many_replies.offered(forged, many_replies.COUNTS) in many_replies.COUNTS


def test_every_question_is_asked_under_every_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(many_replies, "BUDGETS", (2, 4))
    monkeypatch.setattr(many_replies, "PROBLEMS", 2)
    app = opened(room="thinking")
    app.multiselect(key="r_models").set_value(["base"])
    app.button(key="r_draw_budget").click().run()
    batch = drawn(app, "r_budget")
    assert [ask.budget for ask in batch.asks] == [2, 4, 2, 4]
    problems = [ask.problem for ask in batch.asks]
    assert problems[0] == problems[1] != problems[2] == problems[3]
    assert len(batch.replies) == 4 * many_replies.BUDGET_SAMPLES


def test_says_why_nothing_can_be_drawn() -> None:
    app = opened(room="samples")
    app.number_input(key="r_t").set_value(0.0)
    app.button(key="r_draw_samples").click().run()
    assert "temperature 0" in app.error[0].value
    app.segmented_control(key="r_room").set_value("thinking").run()
    app.segmented_control(key="r_kind").set_value("free").run()
    app.text_area(key="r_text").set_value("hello")
    app.button(key="r_draw_budget").click().run()
    assert not app.exception
    assert runs.under_way(app, "r_budget") is None


def measured(app: AppTest, axis: str) -> Any:
    """The table below a figure of the evaluations."""
    return next(one.value for one in unfolded(app).dataframe if {"measure", axis} <= {*one.value})


def test_what_was_measured_is_shown_of_the_chosen_models() -> None:
    app = opened(room="samples")
    app.multiselect(key="r_models").set_value(["r1-zero", "base", "base.direct"]).run()
    rows = measured(app, "k")
    assert set(rows["model"]) == {"r1-zero", "base"}
    for name in ("r1-zero", "base"):
        file = ASSETS / "runs" / name / "evaluation.json"
        found = json.loads(file.read_text())
        for measure, values in ((m, found["many"]["chain"][m]) for m in ("pass@k", "cons@k")):
            shown = rows[(rows["model"] == name) & (rows["measure"] == measure)]
            assert dict(zip(shown["k"], shown["value"], strict=True)) == {
                int(k): value["value"] for k, value in values.items()
            }
            assert [*shown["high"]] == [value["interval"][1] for value in values.values()]
    app.segmented_control(key="r_room").set_value("thinking")
    app.segmented_control(key="r_kind").set_value("pick").run()
    rows = measured(app, "budget")
    cuts = json.loads((ASSETS / "runs" / "base" / "evaluation.json").read_text())["budget"]
    shown = rows[rows["model"] == "base"]
    assert dict(zip(shown["budget"], shown["value"], strict=True)) == {
        cut["budget"]: cut["pass@k"]["1"]["value"] for cut in cuts["pick"]
    }
    app.multiselect(key="r_models").set_value([]).run()
    assert not app.exception


def test_who_is_not_measured_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model without an evaluation is named, and drawn once its file exists."""
    shipped = ASSETS / "runs"
    base, zero = tmp_path / "runs" / "base", tmp_path / "runs" / "r1-zero"
    shutil.copytree(shipped / "base", base)
    monkeypatch.setattr(evaluations, "ASSETS", tmp_path)
    app = opened(room="samples")
    app.multiselect(key="r_models").set_value(["r1-zero", "base"]).run()
    assert set(measured(app, "k")["model"]) == {"base"}
    told = T["reasoning.recorded_missing"].format(names=contestants.NAMES["r1-zero"])
    assert sum(told in caption.value for caption in app.caption) == 1
    shutil.copytree(shipped / "r1-zero", zero)
    app.run()
    assert set(measured(app, "k")["model"]) == {"base", "r1-zero"}
    assert not any(told in caption.value for caption in app.caption)


def test_goes_on_from_a_number_of_ones_own() -> None:
    app = opened()
    column, trace, reading = next(
        (column, trace, reading)
        for column, trace in enumerate(judged_reply.recorded("en"), 1)
        if (reading := judged_reply.read(trace)).steps
    )
    mark = reading.marks.index(reading.steps[0])
    app.query_params["r_step"] = f"{column}.1"
    app.run()
    assert not app.exception
    app.selectbox(key="r_continuations_n").set_value(8)
    field = app.number_input(key=f"r_number-{trace.id}-{mark}")
    assert str(field.value) == reading.marks[mark].text.split("=")[1]
    field.set_value(7)
    app.button(key="r_go_on").click().run()
    batch = drawn(app, "r_continuations")
    assert len(batch.replies) == 8
    assert all(reply.text.startswith(batch.asks[0].head) for reply in batch.replies)
    assert batch.asks[0].head.endswith("=7")
    told = translated("en", "reasoning.prefix_read", n=len(batch.asks[0].ids))
    assert told in [caption.value for caption in app.caption]


def test_goes_on_from_a_step_of_a_live_run() -> None:
    app = opened()
    app.multiselect(key="r_models").set_value(["base.steps"])
    app.button(key="r_ask").click().run()
    app = ended(app)
    (trace,) = runs.traces(app, "reasoning")
    app.query_params["r_step"] = "1.1"
    app.run()
    app.selectbox(key="r_continuations_n").set_value(8)
    app.button(key="r_resample").click().run()
    batch = drawn(app, "r_continuations")
    n = len(batch.asks[0].ids)
    assert batch.asks[0].ids == tuple(trace.token_ids[:n].tolist())
    assert all_of(batch.asks).replies == batch.replies


@pytest.mark.parametrize("step", ["4.999", "9.1", "2", "x", "0.0"])
def test_a_step_that_is_not_there_is_forgotten(step: str) -> None:
    app = opened(r_step=step)
    assert not app.exception
    assert "r_step" not in app.query_params
    assert T["reasoning.step_none"] in [caption.value for caption in app.caption]


def test_a_link_keeps_the_chosen_step_and_another_question_drops_it() -> None:
    app = opened(r_step="2.1")
    assert not app.exception
    (step,) = judged_reply.read(judged_reply.recorded("en")[1]).steps[:1]
    assert any(one.value.startswith(step.text) for one in app.text)
    assert app.query_params["r_step"] == "2.1"
    app.multiselect(key="r_models").set_value(["base.direct"])
    app.button(key="r_ask").click().run()
    ended(app)
    assert "r_step" not in app.query_params
