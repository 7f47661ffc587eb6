"""More samples: estimates and intervals, batches, what was measured beforehand."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.core import pass_and_cons
from app.core.asking import contestants
from app.core.assets import evaluations
from app.core.running import generation, replies
from app.core.texts import texts
from app.pages.reasoning import figures, many_replies
from app.pages.reasoning.samples import state as samples
from model import ASSETS
from model.analysis.estimators import cons_at_k, pass_at_k, wilson
from model.tasks import pick, problems
from model.tasks.check import judge
from tests.app import runs
from tests.app.looking import unfolded
from tests.app.pages.reasoning.sampling import all_of, drawn
from tests.app.pages.reasoning.test_reasoning import opened

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


def test_every_model_has_a_mark_of_its_own() -> None:
    from app.ui.style import MODEL_MARK

    assert set(contestants.NAMES) | {"base.steps", "base.direct"} == set(MODEL_MARK)
    assert len(set(MODEL_MARK.values())) == len(MODEL_MARK)


# --- The page ----------------------------------------------------------------------------------


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


@pytest.mark.slow
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
    assert many_replies.offered(forged, samples.COUNTS) in samples.COUNTS


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
