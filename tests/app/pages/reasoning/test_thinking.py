"""More thinking: budgets of thinking tokens, and o1 beside them."""

from __future__ import annotations

import pytest

from app.core.asking import contestants
from app.core.assets import published
from app.core.running import replies
from app.pages.reasoning import figures, many_replies
from app.pages.reasoning.thinking import state as thinking
from model.nn import shipped
from model.runtime.sampler import Sampler
from model.runtime.thinking import ANSWER_TOKENS, think
from model.tasks import problems
from tests.app.pages.reasoning.sampling import all_of, drawn
from tests.app.pages.reasoning.test_reasoning import opened


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


@pytest.mark.slow
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


def test_every_question_is_asked_under_every_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(thinking, "BUDGETS", (2, 4))
    monkeypatch.setattr(many_replies, "PROBLEMS", 2)
    app = opened(room="thinking")
    app.multiselect(key="r_models").set_value(["base"])
    app.button(key="r_draw_budget").click().run()
    batch = drawn(app, "r_budget")
    assert [ask.budget for ask in batch.asks] == [2, 4, 2, 4]
    problems = [ask.problem for ask in batch.asks]
    assert problems[0] == problems[1] != problems[2] == problems[3]
    assert len(batch.replies) == 4 * thinking.BUDGET_SAMPLES
