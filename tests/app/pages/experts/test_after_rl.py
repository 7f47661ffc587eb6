"""Experts after RL: the comparison against sets and counting by hand, and the room."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.core.asking import prompts
from app.core.assets import models, run_files
from app.core.running import generation, need_slot
from app.core.running.need_slot import NeedSlot
from app.core.texts import LANGUAGES, texts
from app.pages.experts.after_rl import comparison, figures
from app.pages.experts.after_rl.comparison import ReadText
from model.analysis import routing_after_rl
from model.analysis.routing_after_rl import BASE, COMPARED, WRITER
from model.nn.workspace import Run
from model.runtime.batch import Request
from model.tasks.problem import TEMPLATE, Language
from tests.app.reference import engine as engine_of
from tests.app.runs import Busy, ended
from tests.app.words import shape
from tests.model.reference.teacher_forcing import teacher_force

MAIN = Path(__file__).parents[4] / "app" / "navigation.py"
MANY = 3


@pytest.fixture(autouse=True)
def few_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three problems that no other test has read, and that are not recorded."""
    monkeypatch.setattr(routing_after_rl, "MANY", MANY)
    monkeypatch.setattr(run_files, "recorded", lambda file, request: None)
    monkeypatch.setattr(need_slot, "RUNS", need_slot.Runs())


class AtOnce:
    """A slot that computes runs as soon as they are requested."""

    def have(self, key: object, requests: Sequence[Request], at_once: bool = True) -> list[Run]:
        return generation.scheduler().run(requests)


def drawn(n: int, language: Language | None = None) -> list[ReadText]:
    """The first problems, answered and read."""
    slot = cast(NeedSlot, AtOnce())
    asked = [routing_after_rl.problem(place, language).question for place in range(n)]
    wanted = [comparison.prompt_of(question) for question in asked]
    traces = comparison.replies(slot, wanted, at_once=True)
    assert traces is not None
    found = comparison.read(slot, wanted, traces)
    assert found is not None
    return found


def shares(found: ReadText, model: str) -> list[list[float]]:
    """The shares of changed experts by token and layer, computed with sets."""
    return [
        [
            len(set(theirs.tolist()) - set(own.tolist())) / len(own)
            for theirs, own in zip(token, own_token, strict=True)
        ]
        for token, own_token in zip(found.ids[model], found.ids[BASE], strict=True)
    ]


@pytest.mark.slow
def test_all_models_read_what_the_writer_wrote() -> None:
    (found,) = drawn(1)
    trace = found.trace
    question = routing_after_rl.problem(0).question
    assert trace.info.prompt == TEMPLATE.format(question=question)
    assert trace.card.name == WRITER
    assert trace.n_prompt < len(trace)
    for model in (BASE, *COMPARED):
        expected = teacher_force(engine_of(model).model, trace.token_ids.tolist()).expert_ids
        assert np.array_equal(found.ids[model], expected)
    wrote = np.sort(trace.expert_ids, axis=2)  # read again, it chooses as it did while it wrote
    again = np.sort(found.ids[WRITER][: trace.fed], axis=2)
    assert (wrote == again).mean() > 0.999
    for model in COMPARED:
        assert found.changed(model) == pytest.approx(np.array(shares(found, model)))
    assert comparison.by_layer([found], BASE) == [(0, (0, 0))] * len(trace.moe_layers)


def test_means_and_intervals_over_tokens_and_over_texts() -> None:
    found = drawn(MANY)
    for model in COMPARED:
        by_hand = [shares(text, model) for text in found]
        every = np.array([token for text in by_hand for token in text])
        estimates = comparison.by_layer(found, model)
        assert [each.mean for each in estimates] == pytest.approx(every.mean(axis=0))
        for mean, (low, high) in estimates:
            assert low <= mean <= high
        parts = comparison.overall(found, model)
        prompt = [
            token
            for text, own in zip(found, by_hand, strict=True)
            for token in own[: text.trace.n_prompt]
        ]
        assert parts.whole == pytest.approx(every.mean())
        assert parts.prompt == pytest.approx(np.mean(prompt))
        rest = every.size * parts.whole - np.size(prompt) * parts.prompt
        assert parts.reply == pytest.approx(rest / (every.size - np.size(prompt)))
    one = np.array(shares(found[0], WRITER))
    (low, high) = comparison.by_layer(found[:1], WRITER)[0].interval
    spread = one[:, 0].std() / np.sqrt(len(one))  # of a mean over independent tokens
    assert (high - low) / 2 == pytest.approx(1.96 * spread, rel=0.1)


def test_loads_are_counted_by_hand() -> None:
    found = drawn(2)
    config = models.config(BASE)
    experts = config["n_routed_experts"]
    load = comparison.loads(found, "r1", experts)
    tokens = sum(len(text.trace) for text in found)
    for layer in range(load.shape[0]):
        for expert in range(experts):
            took = sum(expert in token[layer] for text in found for token in text.ids["r1"])
            assert load[layer, expert] == pytest.approx(took / tokens)
    assert load.sum(axis=1) == pytest.approx(config["num_experts_per_tok"])
    assert load.mean() == pytest.approx(comparison.even())


def test_figures_hold_what_they_are_given_and_no_tags() -> None:
    labels = dict.fromkeys(("token", "layer", "share", "hover", "expert", "points", "chance"), "")
    changed = np.array([[0.0, 0.25], [0.5, 1.0], [0.75, 0.0]])
    evil = "<a href='https://elsewhere.example'>"
    figure = figures.tokens({"r1": changed}, [1, 2], ["a", evil, "\n"], 1, 2, labels)
    (heat,) = figure.data
    assert np.array_equal(heat.z, changed.T)
    assert "<" not in "".join(text for row in heat.text for text in row)
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)
    assert {shape.x0 for shape in figure.layout.shapes} == {0.5, 1.5, 2.5}
    series = figures.ChangedShares("r1", [0.2, 0.4], [0.1, 0.3], [0.4, 0.5])
    dots = figures.by_layer([series], [1, 2], 0.75, labels).data[0]
    assert dots.error_y.array == pytest.approx([0.2, 0.1])
    assert dots.error_y.arrayminus == pytest.approx([0.1, 0.1])
    gained = np.array([[0.01, -0.02, 0.01, 0.0]])
    figure = figures.loads({"r1": gained}, [1], 2, 0.5, labels)
    assert figure.data[0].z == pytest.approx(100 * gained)
    assert figure.layout.coloraxis.cmax == -figure.layout.coloraxis.cmin == 25


@pytest.mark.parametrize("question", ["", " \n", "a\x07b", "1+" * 400])
def test_a_question_that_cannot_be_used_is_refused(question: str) -> None:
    with pytest.raises(prompts.InputError):
        comparison.prompt_of(question)


# --- The room ---------------------------------------------------------------------------------


def opened(language: str = "en", **query: str) -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=60)
    at.query_params.update({"lang": language, "room": "after_rl", **query})
    at.switch_page("pages/experts/experts.py").run()
    assert not at.exception
    return settled(at)


def settled(at: AppTest) -> AppTest:
    """The room once no work is in progress."""
    for slot in ("after_rl_one", "after_rl_many"):
        ended(at, slot)
    assert not at.exception
    return at


def said(at: AppTest, language: str, key: str) -> list[str]:
    """The elements on the page that show a text."""
    wanted = shape(f"after_rl.{key}", language)
    return [each.value for each in at.markdown if wanted.match(each.value)]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_one_text_is_read_at_once_and_many_when_asked(language: str) -> None:
    at = opened(language)
    (one,) = said(at, language, "sentence")
    (found,) = drawn(1, cast(Language, language))
    assert f"{comparison.overall([found], WRITER).whole:.1%}" in one
    at.button(key="after_rl_many_ask").click().run()
    settled(at)
    assert not at.error
    assert len(said(at, language, "sentence")) == 2


@pytest.mark.slow
def test_another_problem_a_pin_and_a_question_of_ones_own() -> None:
    at = opened(e_rl_token="5")
    assert at.session_state.e_rl_text == routing_after_rl.problem(0, "en").question
    assert said(at, "en", "pinned")
    at.button(key="e_rl_another").click().run()
    settled(at)
    assert at.session_state.e_rl_text == routing_after_rl.problem(1, "en").question
    assert not said(at, "en", "pinned")
    assert said(at, "en", "most")
    at.text_input(key="e_rl_text").set_value("Who is <b>there</b>?").run()
    settled(at)
    assert said(at, "en", "sentence")
    at.text_input(key="e_rl_text").set_value(" ").run()
    assert [error.value for error in at.error] == [texts("en")["common.empty_prompt"]]


@pytest.mark.slow
def test_a_stopped_reading_can_be_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    others = Busy(place=2)
    with monkeypatch.context() as patched:
        patched.setattr(generation, "scheduler", lambda: others)
        at = AppTest.from_file(str(MAIN), default_timeout=60)
        at.query_params.update({"lang": "en", "room": "after_rl"})
        at.switch_page("pages/experts/experts.py").run()
        (ticket,) = others.tickets
        at.button(key="after_rl_one_stop").click().run()
        assert ticket.stopped
        ticket.close("stopped")
        at.run()
        assert not said(at, "en", "sentence")
    at.button(key="after_rl_one_ask").click().run()
    settled(at)
    assert said(at, "en", "sentence")
