"""The kernel completes prompts as PyTorch's engine does, and under a budget of thinking."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from model.nn import shipped, tokenizer
from model.nn.config import CheckpointError
from model.nn.tokenizer import PromptError
from model.runtime.engine import Engine
from model.runtime.sampler import Completion, Sampler
from model.runtime.thinking import ANSWER_TOKENS, think
from model.tasks import problems


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(shipped.FOLDER / "r1-zero")


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    return Sampler.load(shipped.FOLDER / "r1-zero")


def asked(n: int) -> list[str]:
    drawn = zip(problems("chain", 2, 0, "heldout"), problems("pick", 2, 0, "heldout"), strict=False)
    return [p.prompt for p in itertools.islice(itertools.chain.from_iterable(drawn), n)]


def same(one: Completion, other: Completion) -> None:
    assert one.token_ids == other.token_ids
    assert (one.text, one.finish_reason) == (other.text, other.finish_reason)
    np.testing.assert_allclose(one.logprobs, other.logprobs, atol=1e-4)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_it_writes_what_pytorch_writes(
    engine: Engine, sampler: Sampler, temperature: float
) -> None:
    """Where two sums round a draw apart, texts part; none of these do."""
    prompts = [sampler.encode(prompt) for prompt in asked(4)] * 2
    assert prompts == [engine.encode(prompt) for prompt in asked(4)] * 2
    expected = engine.complete(prompts, 60, temperature, seed=3)
    for one, other in zip(
        sampler.complete(prompts, 60, temperature, seed=3), expected, strict=True
    ):
        same(one, other)


def test_a_sampler_of_an_engine_has_its_weights_of_now(engine: Engine, sampler: Sampler) -> None:
    prompts = [sampler.encode(prompt) for prompt in asked(2)]
    before = engine.sampler().complete(prompts, 30, 0.0, seed=0)
    for one, other in zip(before, sampler.complete(prompts, 30, 0.0, seed=0), strict=True):
        same(one, other)
    other = Engine.load(shipped.FOLDER / "base")
    other.model.load_state_dict(engine.model.state_dict())
    for one, two in zip(other.sampler().complete(prompts, 30, 0.0, 0), before, strict=True):
        same(one, two)


def test_a_draw_belongs_to_its_number(sampler: Sampler) -> None:
    prompts = [sampler.encode(asked(1)[0])] * 4
    together = sampler.complete(prompts, 40, 2.0, seed=5)
    assert len({one.text for one in together}) > 1
    same(sampler.complete(prompts[:1], 40, 2.0, seed=5, draws=[2])[0], together[2])


def test_a_full_context_has_no_room(sampler: Sampler) -> None:
    context = sampler.config.max_position_embeddings
    full = [*sampler.encode(asked(1)[0]), *[60] * context][:context]
    none, one = sampler.complete([full, full[:-1]], 10, 0.0, seed=0)
    assert (none.text, none.token_ids, none.finish_reason) == ("", [], "length")
    assert len(one.token_ids) == 1 and one.finish_reason == "length"


def test_nothing_is_asked_of_nobody(sampler: Sampler) -> None:
    assert sampler.complete([], 10, 1.0, seed=0) == []


@pytest.mark.parametrize("prompt", ["", "  ", "\ud800", "1 " * 400, "x" * 100_000])
def test_prompts_that_cannot_be_used(sampler: Sampler, prompt: str) -> None:
    with pytest.raises(PromptError):
        sampler.encode(prompt)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        Sampler.load(tmp_path)


# --- Budgets -----------------------------------------------------------------------------------


def ids_of(sampler: Sampler, text: str) -> list[int]:
    return tokenizer.encode(sampler.tokenizer, text)


def test_without_a_budget_a_thought_is_left_alone(sampler: Sampler) -> None:
    prompts = [sampler.encode(prompt) for prompt in asked(6)]
    plain = sampler.complete(prompts, 224, 1.0, seed=1)
    for one, other in zip(think(sampler, prompts, 1.0, 1, 224), plain, strict=True):
        same(one, other)


def test_a_budget_cuts_a_thought_and_asks_for_the_answer(sampler: Sampler) -> None:
    prompts = [sampler.encode(prompt) for prompt in asked(6)]
    budget = 24
    closing = ids_of(sampler, "</think><answer>")
    cut = 0
    for one, plain in zip(
        think(sampler, prompts, 1.0, 1, 224, budget),
        sampler.complete(prompts, budget, 1.0, seed=1),
        strict=True,
    ):
        assert one.token_ids[: len(plain.token_ids)] == plain.token_ids
        assert len(one.token_ids) <= budget + len(closing) + 2 * ANSWER_TOKENS
        if "</think>" in plain.text:
            continue
        cut += 1
        assert one.token_ids[budget : budget + len(closing)] == closing
        forced = one.logprobs[budget : budget + len(closing)]
        assert all(math.isnan(p) for p in forced)
        drawn = one.logprobs[:budget] + one.logprobs[budget + len(closing) :]
        assert not any(math.isnan(p) for p in drawn)
    assert cut


def test_a_thought_that_would_end_is_made_to_go_on(sampler: Sampler) -> None:
    prompts = [sampler.encode(prompt) for prompt in asked(6)]
    plain = think(sampler, prompts, 1.0, 1, 224)
    longer = think(sampler, prompts, 1.0, 1, 224, extend=1)
    went_on = 0
    for one, other in zip(longer, plain, strict=True):
        thought, ended, _ = other.text.partition("</think>")
        if ended and one.text != other.text:
            went_on += 1
            assert one.text.startswith(thought + "wait ")
    assert went_on


def test_with_numbered_draws_an_ending_depends_on_no_other_row(sampler: Sampler) -> None:
    prompts = [sampler.encode(prompt) for prompt in asked(4)]
    together = think(sampler, prompts, 1.0, 1, 224, 24, draws=[0, 1, 2, 3])
    alone = think(sampler, prompts[2:3], 1.0, 1, 224, 24, draws=[2])
    assert alone[0].token_ids == together[2].token_ids
