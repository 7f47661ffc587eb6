"""Samples of the Reasoning page: estimates and intervals, batches, endings from a step."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.core import contestants, evaluations, judged, models, published, sampling, scaling, store
from app.core.texts import texts, translated
from app.pages.reasoning import figures
from app.pages.reasoning.samples import state as batches
from model.analysis.estimators import cons_at_k, pass_at_k, wilson
from model.nn.network import Transformer
from model.tasks import chain, pick, problems
from tests.app.pages.reasoning.test_reasoning import (
    BUILT,
    CHAIN,
    SECONDS,
    ended,
    opened,
    reply_tokens,
    written,
)
from tests.app.words import shape

T = texts("en")
RIGHT, WRONG, NONE = ("259", True), ("249", False), (None, False)


def test_pass_at_k_is_the_unbiased_estimate() -> None:
    answers = [RIGHT] * 3 + [WRONG] * 13
    points = scaling.passes([answers])
    assert [p.k for p in points] == [1, 2, 4, 8, 16]
    assert [p.value for p in points] == pytest.approx([pass_at_k(16, 3, p.k) for p in points])
    assert (points[0].low, points[0].high) == pytest.approx(wilson(3, 16))
    assert all(0 <= p.low <= p.high <= 1 for p in points)


def test_the_interval_of_one_question_is_not_empty_when_all_fail() -> None:
    points = scaling.passes([[WRONG] * 8])
    assert all(p.value == p.low == 0 < p.high for p in points)


def test_consensus_is_the_mean_over_all_choices() -> None:
    answers = [RIGHT] * 5 + [WRONG] * 3 + [("11", False)] * 2 + [NONE] * 6
    random.Random(1).shuffle(answers)
    points = scaling.consensus([answers])
    assert [p.value for p in points] == [cons_at_k(answers, p.k) for p in points]
    assert points[0].value == 5 / 16 and points[-1].value == 1
    assert all(p.low <= p.value <= p.high for p in points)
    assert points[1].low < points[1].value < points[1].high


def test_nobody_votes_for_no_answer() -> None:
    assert [p.value for p in scaling.consensus([[NONE] * 8])] == [0.0] * 4
    always = scaling.consensus([[RIGHT] + [NONE] * 15])
    assert always[-1].value > 0.5


def test_several_questions_are_averaged() -> None:
    points = scaling.passes([[RIGHT] * 4, [WRONG] * 4])
    assert [p.value for p in points] == [0.5, 0.5, 0.5]
    assert (points[0].low, points[0].high) == (0.0, 1.0)
    assert scaling.accuracy([[RIGHT] * 3 + [WRONG], [WRONG] * 4]).value == 3 / 8


def test_bins_put_the_right_answer_first_and_none_last() -> None:
    answers = [WRONG] * 3 + [RIGHT] + [NONE] * 2 + [(str(n), False) for n in range(20)]
    found = scaling.bins(answers, most=4)
    assert found[0] == ("259", 1, True)
    assert found[1] == ("249", 3, False)
    assert found[-2:] == [("", 17, False), (None, 2, False)]
    assert sum(n for _, n, _ in found) == len(answers)


def test_answers_to_a_pick_are_compared_as_sets() -> None:
    assert sampling.same_answer("43,6,32") == sampling.same_answer("32,43,6") == "6,32,43"
    assert sampling.same_answer(None) is None


def test_what_follows_from_another_number() -> None:
    assert judged.follows(CHAIN, "34*9=306", 306) == "259"
    assert judged.follows(CHAIN, "34*9=306", 296) == "249"
    assert judged.follows(CHAIN, "202+57=259", 7) == "7"
    assert judged.follows(CHAIN, "30*9=270", 7) is None
    assert judged.follows(pick.pose([1, 2, 3, 4, 5, 6], 3, 2, "en"), "1+2=3", 7) is None


def test_the_prefix_ends_before_the_step_or_before_its_number() -> None:
    trace = written(BUILT)
    reading = judged.read(trace)
    step = reading.steps[1]
    kept = [batches.prefix(trace, reading, step, edited) for edited in (False, True)]
    heads = ["".join(reply_tokens(trace)[: keep - reading.start]) for keep in kept]
    assert heads[0] == "<think>first 34*9=296, then "
    assert heads[1] == "<think>first 34*9=296, then 13*8="


def test_figures_are_drawn_of_any_numbers() -> None:
    labels = {"samples": "n", "hover": "%{x}", "x": "k", "y": "share"}
    assert figures.answers(["✓ 1", "✗ 2"], [3, 1], [True, False], labels).data[0].x == (3, 1)
    lines = [
        figures.Curve(one, one, [1, 2], [0, 1], [0, 0.5], [0.5, 1]) for one in contestants.FIRST
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


def drawn(app: AppTest) -> AppTest:
    """Run the page again, as the browser does, until no batch is under way."""
    until = time.monotonic() + SECONDS
    while app.session_state["r_batch"] is not None:
        assert time.monotonic() < until
        time.sleep(0.05)
        app.run()
    return app


def test_draws_samples_that_anybody_can_draw_again() -> None:
    app = opened()
    app.multiselect(key="r_models").set_value(["base.direct"])
    app.selectbox(key="r_k").set_value(8)
    app.button(key="r_draw_samples").click().run()
    app = drawn(app)
    assert not app.exception
    assert not app.error
    batch = sampling.store().get(app.session_state["r_batches"]["samples"])
    assert batch is not None
    rows = batch.rows()
    assert len(rows) == 8
    assert {(row["seed"], row["row"]) for row in rows} == {(0, i) for i in range(8)}
    json.dumps(rows)
    again = sampling.Batch("samples", batch.asks)
    for _ in again.parts(models.engine)[0]:
        pass
    assert again.samples == batch.samples
    assert again.id == batch.id


def test_what_an_ask_draws_does_not_depend_on_the_others() -> None:
    """Two problems, two ways of one model, without and with a budget: each ask draws what it draws
    alone, its forced answers too."""
    known = contestants.contestants()
    posed = list(itertools.islice(problems("chain", 3, 0, "heldout", "en"), 2))
    asks = [
        sampling.fresh(known[one], problem, n, 1.0, 5, 120, budget)
        for budget in (None, 24)
        for problem in posed
        for one, n in (("base.steps", 12), ("base", 9))
    ]

    def of_all(batch: sampling.Batch) -> sampling.Batch:
        for _ in batch.parts(models.engine)[0]:
            pass
        return batch

    together = of_all(sampling.Batch("samples", asks))
    assert len(together.samples) == together.total
    for place, ask in enumerate(asks):
        alone = of_all(sampling.Batch("samples", [ask])).samples
        found = [replace(sample, ask=0) for sample in together.of(place)]
        assert found == alone
        assert len({sample.text for sample in alone}) > 1
    rows = together.rows()
    assert {(row["seed"], row["row"]) for row in rows} == {
        *((5, i) for i in range(8)),
        *((13, i) for i in range(4)),
    }


def test_every_question_is_asked_under_every_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "BUDGETS", (2, 4))
    monkeypatch.setattr(batches, "PROBLEMS", 2)
    app = opened()
    app.multiselect(key="r_models").set_value(["base"])
    app.button(key="r_draw_budget").click().run()
    app = drawn(app)
    assert not app.exception
    assert not app.error
    batch = sampling.store().get(app.session_state["r_batches"]["budget"])
    assert batch is not None
    assert [ask.budget for ask in batch.asks] == [2, 4, 2, 4]
    problems = [ask.problem for ask in batch.asks]
    assert problems[0] == problems[1] != problems[2] == problems[3]
    assert len(batch.samples) == 4 * batches.BUDGET_SAMPLES


def test_says_why_nothing_can_be_drawn() -> None:
    app = opened()
    app.number_input(key="r_t").set_value(0.0)
    app.button(key="r_draw_samples").click().run()
    assert "temperature 0" in app.error[0].value
    app.segmented_control(key="r_kind").set_value("free").run()
    app.text_area(key="r_text").set_value("hello")
    app.button(key="r_draw_budget").click().run()
    assert not app.exception
    assert app.session_state["r_batch"] is None


def measured(app: AppTest, axis: str) -> Any:
    """The table under a picture of what was measured beforehand."""
    return next(one.value for one in app.dataframe if {"measure", axis} <= {*one.value})


def test_what_was_measured_is_shown_of_the_chosen_models() -> None:
    app = opened()
    app.multiselect(key="r_models").set_value(["r1-zero", "base", "base.direct"]).run()
    rows = measured(app, "k")
    assert set(rows["model"]) == {"r1-zero", "base"}
    for name in ("r1-zero", "base"):
        file = models.ASSETS / "runs" / name / "evaluation.json"
        found = json.loads(file.read_text())
        for measure, values in ((m, found["many"]["chain"][m]) for m in ("pass@k", "cons@k")):
            shown = rows[(rows["model"] == name) & (rows["measure"] == measure)]
            assert dict(zip(shown["k"], shown["value"], strict=True)) == {
                int(k): value["value"] for k, value in values.items()
            }
            assert [*shown["high"]] == [value["interval"][1] for value in values.values()]
    app.segmented_control(key="r_measured_task_budget").set_value("pick").run()
    rows = measured(app, "budget")
    cuts = json.loads((models.ASSETS / "runs" / "base" / "evaluation.json").read_text())["budget"]
    shown = rows[rows["model"] == "base"]
    assert dict(zip(shown["budget"], shown["value"], strict=True)) == {
        cut["budget"]: cut["pass@k"]["1"]["value"] for cut in cuts["pick"]
    }
    app.multiselect(key="r_models").set_value([]).run()
    assert not app.exception


def test_who_is_not_measured_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And drawn as soon as its file is there."""
    runs = models.ASSETS / "runs"
    base, zero = tmp_path / "runs" / "base", tmp_path / "runs" / "r1-zero"
    shutil.copytree(runs / "base", base)
    monkeypatch.setattr(evaluations, "ASSETS", tmp_path)
    app = opened()
    app.multiselect(key="r_models").set_value(["r1-zero", "base"]).run()
    assert set(measured(app, "k")["model"]) == {"base"}
    told = T["reasoning.recorded_missing"].format(names=contestants.NAMES["r1-zero"])
    assert sum(told in caption.value for caption in app.caption) == 2
    shutil.copytree(runs / "r1-zero", zero)
    app.run()
    assert set(measured(app, "k")["model"]) == {"base", "r1-zero"}
    assert not any(told in caption.value for caption in app.caption)


def test_goes_on_from_a_number_of_ones_own() -> None:
    app = opened()
    trace, reading = next(
        (trace, reading) for trace in judged.recorded() if (reading := judged.read(trace)).steps
    )
    mark = reading.marks.index(reading.steps[0])
    app.session_state["r_pick"] = (trace.id, mark)
    app.run()
    assert not app.exception
    app.selectbox(key="r_endings").set_value(8)
    field = app.number_input(key=f"r_number-{trace.id}-{mark}")
    assert str(field.value) == reading.marks[mark].text.split("=")[1]
    field.set_value(7)
    app.button(key="r_go_on").click().run()
    app = drawn(app)
    assert not app.exception
    assert not app.error
    batch = sampling.store().get(app.session_state["r_batches"]["again"])
    assert batch is not None
    assert len(batch.samples) == 8
    assert all(sample.text.startswith(batch.asks[0].head) for sample in batch.samples)
    assert batch.asks[0].head.endswith("=7")
    assert not batch.kept  # a recorded run has left no cache
    assert any(shape("reasoning.prefix_read").match(caption.value) for caption in app.caption)


def test_goes_on_from_the_cache_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A live run, then endings from a step of it: its cache is used, and changes no ending."""
    app = opened()
    app.multiselect(key="r_models").set_value(["base.steps"])
    app.button(key="r_ask").click().run()
    app = ended(app)
    [trace_id] = app.session_state["r_shown"]
    trace = store.store().get(trace_id)
    assert trace is not None
    reading = judged.read(trace)
    mark = reading.marks.index(reading.steps[0])
    app.session_state["r_pick"] = (trace_id, mark)
    app.run()
    app.selectbox(key="r_endings").set_value(8)
    fed: list[tuple[int, ...]] = []
    hidden = Transformer.hidden

    def counting(self: Transformer, ids: Any, *rest: Any, **more: Any) -> Any:
        fed.append(tuple(ids.shape))
        return hidden(self, ids, *rest, **more)

    monkeypatch.setattr(Transformer, "hidden", counting)
    app.button(key="r_resample").click().run()
    app = drawn(app)
    assert not app.exception and not app.error
    batch = sampling.store().get(app.session_state["r_batches"]["again"])
    assert batch is not None
    n = len(batch.asks[0].ids)
    assert batch.kept == n - 1  # the last is fed, for what follows it
    assert fed[0] == (1, 1) and {width for _, width in fed} == {1}
    told = translated("en", "reasoning.prefix_kept", kept=n - 1, n=n)
    assert told in [caption.value for caption in app.caption]
    without = sampling.Batch("again", batch.asks)
    for _ in without.parts(models.engine)[0]:
        pass
    assert [s.text for s in without.samples] == [s.text for s in batch.samples]


def test_a_step_that_is_gone_is_forgotten() -> None:
    app = opened()
    app.session_state["r_pick"] = ("nothing", 3)
    assert not app.run().exception
    assert chain.NAME in app.session_state["r_kind"]
