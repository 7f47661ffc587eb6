"""Experts: interventions, routing statistics, one expert; numbers against counting by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from app.core.assets import models, recorded_runs
from app.core.running import generation, need_slot
from app.core.running.need_slot import NeedSlot
from app.core.texts import LANGUAGES, speaking, texts
from app.pages.experts import figures as page_figures
from app.pages.experts import held_out
from app.pages.experts.interventions import intervened_run as intervened_runs
from app.pages.experts.interventions import knock_out
from app.pages.experts.interventions.view import payload
from app.pages.experts.route import figures as route_figures
from app.pages.experts.route import router_scores
from app.pages.experts.routing_statistics import counts as statistics
from app.pages.experts.routing_statistics import figures, saturation
from model.analysis.interventions import EXAMPLE, Intervened, Intervention
from model.analysis.reference_interventions import intervened
from model.nn.tokenizer import BOS, decode
from model.nn.workspace import Run
from model.runtime.batch import Request
from model.training.pretrain import masked_loss
from tests import sweep
from tests.app.looking import unfolded
from tests.app.pages.experts.pages import opened
from tests.app.reference import engine as engine_of
from tests.app.runs import Failing, ended
from tests.model.reference.teacher_forcing import teacher_force

ROWS = 2 * len(held_out.DOMAINS)
SHARED_OFF = Intervention(shared=False)


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use twelve rows only, to save time."""
    monkeypatch.setattr(held_out, "ROWS", ROWS)
    monkeypatch.setattr(knock_out, "ROWS", len(held_out.DOMAINS))
    monkeypatch.setattr(saturation, "ROWS", ROWS // 4)


def read_by(*interventions: Intervention | None) -> list[held_out.HeldOutRuns]:
    """The runs of base, unchanged or under interventions, on held-out rows."""
    readers = ["base" if each is None else Intervened("base", each) for each in interventions]
    return held_out.read_so_far(
        readers, generation.scheduler().run(held_out.requests(readers, ROWS))
    )


# --- What is measured -------------------------------------------------------------------------


@pytest.mark.slow
@torch.inference_mode()
@pytest.mark.parametrize(
    "change", sweep.each([None, SHARED_OFF, Intervention(top_k=1)], [SHARED_OFF])
)
def test_losses_are_the_trainers(change: Intervention | None) -> None:
    (found,) = read_by(change)
    model = engine_of("base").model
    if change is not None:
        model = intervened(model, change)
    for place in range(ROWS):
        row = held_out.rows("base")[place]
        nats, learnt = masked_loss(
            model, torch.tensor([row.ids]), torch.from_numpy(row.learnt)[None]
        )
        assert found.learnt[place] == learnt
        assert found.nats[place] == pytest.approx(float(nats), rel=1e-4)
    mean, (low, high) = found.loss(ROWS)
    assert mean == pytest.approx(sum(found.nats[:ROWS]) / sum(found.learnt[:ROWS]))
    assert low <= mean <= high
    for domain in range(len(held_out.DOMAINS)):
        own = range(domain, ROWS, len(held_out.DOMAINS))
        assert found.loss(ROWS, domain)[0] == pytest.approx(
            sum(found.nats[i] for i in own) / sum(found.learnt[i] for i in own)
        )


@pytest.mark.slow
def test_differences_are_paired_and_none_is_none() -> None:
    plain, same = read_by(None, Intervention())
    gap, interval = held_out.difference(same, plain, ROWS)
    assert gap == pytest.approx(0, abs=1e-6)
    assert interval == pytest.approx((0, 0), abs=1e-6)


@pytest.mark.slow
def test_reading_ends_where_a_row_of_any_reader_is_missing() -> None:
    readers = ["base", Intervened("base", SHARED_OFF)]
    runs: list[Run | None] = [*generation.scheduler().run(held_out.requests(readers, 3))]
    whole = held_out.read_so_far(readers, runs)
    runs[3] = None  # the second row of the second reader
    found = held_out.read_so_far(readers, runs)
    assert [len(each) for each in found] == [1, 1]
    assert [each.nats for each in found] == [each.nats[:1] for each in whole]
    assert [len(each) for each in held_out.read_so_far(readers, [None] * 6)] == [0, 0]


def test_models_with_one_tokenizer_read_the_same_rows() -> None:
    assert held_out.rows("base") is held_out.rows("r1")
    assert len(held_out.rows("base")) == held_out.EACH * len(held_out.DOMAINS)


@pytest.mark.slow
def test_statistics_are_counted_by_hand() -> None:
    (read,) = read_by(None)
    found = statistics.counted("base", ROWS, read)
    experts = models.config("base")["n_routed_experts"]
    load = np.zeros((len(held_out.DOMAINS), read.ids[0].shape[1], experts), dtype=int)
    pairs = again = 0
    tokens: list[int] = []
    for place in range(ROWS):
        ids = held_out.rows("base")[place].ids
        for i, token in enumerate(ids):
            if token == BOS:
                continue
            tokens.append(token)
            for layer, chosen in enumerate(read.ids[place][i].tolist()):
                for expert in chosen:
                    load[place % len(held_out.DOMAINS), layer, expert] += 1
            if i and ids[i - 1] != BOS:
                pairs += 1
                again += read.ids[place][i][0][0] == read.ids[place][i - 1][0][0]
    assert (found.by_domain == load).all()
    assert found.tokens.tolist() == tokens
    assert found.follows.sum() == pairs
    assert found.repetition.first[0] == pytest.approx(again / pairs)
    assert (found.by_token.sum(axis=0) == load.sum(axis=0)).all()
    for favourite in statistics.favourites(found, "base", 1, 3, 5):
        assert favourite.occurrences >= statistics.LEAST
    shares = [row.share for row in statistics.favourites(found, "base", 1, 3, 5)]
    assert shares == sorted(shares, reverse=True)
    assert (found.favourite_share > found.favourite_share_shuffled).all()


def test_weight_sizes_by_hand() -> None:
    sizes = statistics.weight_sizes("base")
    state = engine_of("base").model.state_dict()
    layer = models.config("base")["first_k_dense_replace"]
    stem = f"model.layers.{layer}.mlp.experts"
    flat = np.concatenate(
        [state[f"{stem}.{name}"][3].numpy().ravel() for name in ("gate_up_proj", "down_proj")]
    )
    assert sizes[0, 3] == pytest.approx(np.sqrt(np.mean(flat.astype(float) ** 2)), rel=1e-5)


class AtOnce:
    """A slot that computes runs as soon as they are requested."""

    def have(self, key: object, requests: Sequence[Request]) -> list[Run]:
        return generation.scheduler().run(requests)


def intervened_run(
    intervention: Intervention, language: str = "en"
) -> intervened_runs.IntervenedRun:
    slot = cast(NeedSlot, AtOnce())
    with speaking(language):
        trace = recorded_runs.spoken("experts")
    found = intervened_runs.compute(slot, trace, intervention)
    assert found is not None
    return found


def test_both_models_read_and_the_intervened_one_writes() -> None:
    sample = recorded_runs.trace("experts")
    found = intervened_run(SHARED_OFF)
    ids = sample.token_ids.tolist()
    plain = engine_of("base").model
    for run, model in ((found.plain, plain), (found.changed, intervened(plain, SHARED_OFF))):
        expected = teacher_force(model, ids)
        assert run.logprobs == pytest.approx(expected.logprobs, abs=1e-3, nan_ok=True)
        assert (np.sort(run.expert_ids) == np.sort(expected.expert_ids)).mean() > 0.999
    assert found.written.n_prompt == sample.n_prompt
    sent = payload(found)
    assert len(sent["before"]) == len(sent["after"]) == len(sent["stayed"]) == len(sample)
    assert sent["before"][0] is None
    same = [
        len(set(a.tolist()) & set(b.tolist())) / len(a)
        for a, b in zip(found.plain.expert_ids[5], found.changed.expert_ids[5], strict=True)
    ]
    assert found.shares_that_stayed()[5] == pytest.approx(same)
    if (apart := found.parting()) is not None:
        assert sample.token_ids[apart] != found.written.token_ids[apart]
        assert (sample.token_ids[:apart] == found.written.token_ids[:apart]).all()
        assert sent["parting"] == apart - sample.n_prompt


def test_without_a_difference_nothing_parts() -> None:
    found = intervened_run(Intervention())
    assert found.shares_that_stayed().min() == 1
    same = replace(found, written=found.trace)
    assert same.parting() is None
    assert payload(same)["parting"] is None


def test_interventions_have_names_of_their_own() -> None:
    found = intervened_run(SHARED_OFF)
    assert found.id != replace(found, intervention=Intervention(bias=False)).id


def test_the_recorded_run_is_of_this_model() -> None:
    """If this fails, record it again (`python -m model train samples`), as the page rereads it."""
    sample = recorded_runs.trace("experts")
    words = models.tokenizer(sample.card.name)
    assert decode(words, sample.token_ids.tolist()) == "".join(sample.texts)
    (run,) = generation.scheduler().run([replace(router_scores.request(sample), read=True)])
    assert run.logprobs[1:] == pytest.approx(sample.logprobs[1:], abs=1e-3)


def test_a_decision_is_the_gates() -> None:
    sample = recorded_runs.trace("experts")
    (run,) = generation.scheduler().run([router_scores.request(sample)])
    expected = teacher_force(engine_of("base").model, sample.token_ids.tolist())
    assert run.scores == pytest.approx(expected.scores, abs=1e-4)
    assert np.array_equal(router_scores.bias("base"), expected.bias)
    for token in (0, 7, sample.fed - 1):
        for layer in range(len(sample.moe_layers)):
            found = router_scores.decision(run, sample.card, token, layer)
            assert found is not None
            assert set(found.chosen) == set(run.expert_ids[token, layer].tolist())


def test_figures_hold_what_they_are_given() -> None:
    names = "layer expert trunk shared hover score choice closed hover_score hover_choice gap x y"
    labels = dict.fromkeys(names.split(), "")
    path = route_figures.Route(np.array([[1, 0], [2, 3]]), np.array([[0.75, 0.25], [0.5, 0.5]]))
    widths = [
        line.line.width
        for line in route_figures.path([path], [1, 2], 4, 2, labels).data
        if line.mode == "lines" and line.line.color == route_figures.CHOSEN
    ]
    assert widths == pytest.approx([route_figures.WIDEST * w for w in (0.75, 0.25, 0.5, 0.5)])
    scores, bias = np.array([0.1, 0.4, 0.3, 0.2]), np.array([0.0, 0.1, 0.0, -0.1])
    chart = route_figures.decision(scores, bias, [0], [1], 0, 2, labels)
    assert chart.data[0].y.tolist() == scores.tolist()
    assert chart.data[1].y == pytest.approx(scores + bias)
    assert chart.data[0].marker.color == (
        route_figures.REJECTED,
        route_figures.CHOSEN,
        route_figures.IDLE,
        route_figures.IDLE,
    )
    apart = page_figures.gaps(["a"], [(0.5, (0.4, 0.7))], labels)
    assert apart.layout.xaxis.rangemode == "tozero"  # the unchanged model's place is in sight
    dots = apart.data[0]
    assert dots.error_x.array == pytest.approx([0.2])
    assert dots.error_x.arrayminus == pytest.approx([0.1])
    drawn = figures.lines([figures.StatisticLine("a", [0.01, 1], [0.2, 1])], [("c", 0.25)], labels)
    assert drawn.data[0].y == (0.2, 1)


# --- The page ---------------------------------------------------------------------------------


def ask(at: AppTest, slot: str) -> None:
    """Press the button of a slot, unless its runs are already known, and wait."""
    for button in [b for b in at.button if b.key == f"{slot}_ask"]:
        ended(button.click().run(), slot)
        assert not at.exception and not at.error


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_intervention_is_compared_at_once(language: str) -> None:
    at = opened("interventions", language, pin="5")
    at.toggle(key="e_no_shared").set_value(True).run()
    ended(ended(at, "interventions"), "interventions_held_out")
    assert len(at.metric) == 3
    found = intervened_run(SHARED_OFF, language)
    first = found.trace.n_prompt
    answer = -found.changed.logprobs[first:].astype(float).mean()
    assert float(at.metric[0].value) == pytest.approx(answer, abs=6e-4)
    (after,) = read_by(SHARED_OFF)
    assert at.metric[2].value == f"{after.loss(ROWS)[0]:.3f}"
    at.slider(key="e_top_k").set_value(1).run()
    ended(at, "interventions_held_out")
    assert len(at.metric) == 3
    assert not at.error


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_before_anything_is_changed_there_is_an_example(language: str) -> None:
    at = ended(opened("interventions", language), "interventions")
    ended(at, "interventions_held_out")
    said = texts(language)["interventions.nothing"]
    assert any(said in caption.value for caption in at.caption)
    assert len(at.metric) == 3
    found = intervened_run(EXAMPLE, language)
    answer = -found.changed.logprobs[found.trace.n_prompt :].astype(float).mean()
    assert float(at.metric[0].value) == pytest.approx(answer, abs=6e-4)
    at.toggle(key="e_shuffle").set_value(True).run()
    assert not any(said in caption.value for caption in at.caption)


@pytest.mark.slow
def test_what_an_intervention_needs_can_fail_and_be_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(need_slot, "RUNS", need_slot.Runs())
    failing = Failing(ValueError("index 7 is out of bounds for axis 1"))
    with monkeypatch.context() as patched:
        patched.setattr(generation, "scheduler", lambda: failing)
        at = opened("interventions", e_no_bias="true")
        assert [error.value for error in at.error] == [texts("en")["common.failed"]]
        assert not at.metric
        asked = len(failing.tickets)
        at.run()
        assert len(failing.tickets) == asked  # not again by itself
    ended(at.button(key="interventions_ask").click().run(), "interventions")
    ended(at, "interventions_held_out")
    assert not at.error
    assert len(at.metric) == 3


def test_what_contradicts_itself_is_told() -> None:
    at = opened("interventions")
    at.multiselect(key="e_off").set_value(["1.3"])
    at.selectbox(key="e_forced").set_value("1.3").run()
    assert [texts("en")["interventions.both"].format(expert="1.3")] == [e.value for e in at.error]


@pytest.mark.slow
def test_the_tokens_of_a_comparison_are_a_table() -> None:
    at = opened("interventions")
    at.toggle(key="e_no_shared").set_value(True).run()
    words, trace = texts("en"), recorded_runs.trace("experts")

    def tables() -> list[Any]:
        return [
            one.value
            for one in unfolded(at).dataframe
            if words["interventions.logprob"] in one.value
        ]

    ended(at, "interventions_held_out")
    shown, tokens = tables()[0], trace.token_ids.tolist()
    plain = engine_of("base").model
    for model, column in ((plain, "logprob"), (intervened(plain, SHARED_OFF), "logprob_changed")):
        found = teacher_force(model, tokens)
        values = shown[words[f"interventions.{column}"]].to_numpy(float)
        assert values[1:] == pytest.approx(found.logprobs[1:], abs=1e-4) and np.isnan(values[0])
    assert [*shown[words["experts.column_text"]]] == list(trace.texts)


@pytest.mark.slow
def test_the_knock_out_runs_and_names_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_out, "recorded", lambda reader: None)
    at = opened("interventions")
    ask(at, "knock_out")
    published = models.published_routing()["knockout"]
    assert any(published["source"] in text.value for text in at.markdown)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_statistics_and_one_expert_are_there_at_once(language: str) -> None:
    at = ended(opened("routing_statistics", language), "routing_statistics")
    words = texts(language)
    assert words["routing_statistics.repetition_title"] in [title.value for title in at.subheader]
    ask(at, "saturation")
    at.selectbox(key="e_model").set_value("base-mha").run()
    ended(at, "routing_statistics")
    assert any("base-mha" in caption.value for caption in at.caption)
    at = opened("one_expert", language, e_one_expert="1")
    ask(at, "one_expert")
    said = words["one_expert.off_sentence"].split("{")[0]
    assert any(text.value.startswith(said) for text in at.markdown)
