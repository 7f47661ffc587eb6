"""The kernel completes prompts like the PyTorch engine, and under a thinking budget."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from model.nn import checkpoints, shipped, tokenizer
from model.nn.config import CheckpointError
from model.nn.tokenizer import PromptError
from model.runtime.engine import Engine
from model.runtime.sampler import Completion, Sampler
from model.runtime.thinking import ANSWER_TOKENS, over, think
from model.tasks import problems
from tests.model.conftest import ABOUT, random_model, tiny_config


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


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_it_writes_what_pytorch_writes(
    engine: Engine, sampler: Sampler, temperature: float
) -> None:
    """Texts would diverge if rounding changed a sampled token; none of these do."""
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
    same(sampler.complete(prompts[:3], 40, 2.0, seed=5)[2], together[2])


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


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_weights_whose_logits_are_not_finite_are_told(
    tmp_path: Path, words: Tokenizer, temperature: float
) -> None:
    """All weights are finite and the folder loads, but the logits are not finite."""
    network = random_model(tiny_config("MLA", words.get_vocab_size()))
    network.lm_head.weight.fill_(3e38)
    checkpoints.save(tmp_path / "huge", network, words, ABOUT)
    huge = Sampler.load(tmp_path / "huge")
    with pytest.raises(CheckpointError, match="not finite"):
        huge.complete([huge.encode("1+1=")], 4, temperature, 0)


def ids_of(sampler: Sampler, text: str) -> list[int]:
    return tokenizer.encode(sampler.tokenizer, text)


def test_without_a_budget_a_reply_is_left_alone(sampler: Sampler) -> None:
    prompts = [sampler.encode(prompt) for prompt in asked(6)]
    plain = sampler.complete(prompts, 224, 1.0, seed=1)
    for one, other in zip(think(sampler, prompts, 1.0, 1, 224), plain, strict=True):
        same(one, other)
    end = sampler.tokenizer.token_to_id("</think>")
    cap = min(one.token_ids.index(end) for one in plain if end in one.token_ids) + 2
    cut = think(sampler, prompts, 1.0, 1, cap)  # one of them inside its answer
    assert any(end in one.token_ids and one.finish_reason == "length" for one in cut)
    for one, other in zip(cut, plain, strict=True):
        assert one.token_ids == other.token_ids[:cap]


def test_a_budget_cuts_a_thought_and_asks_for_the_answer(sampler: Sampler) -> None:
    prompts = [sampler.encode(prompt) for prompt in asked(6)]
    free = sampler.complete(prompts, 224, 1.0, seed=1)
    end, closing = ids_of(sampler, "</think>"), ids_of(sampler, "</think><answer>")
    lengths = sorted(c.token_ids.index(*end) for c in free if end[0] in c.token_ids)
    budget = lengths[1] + 1  # two thoughts have their end within it
    cut = 0
    for one, plain in zip(think(sampler, prompts, 1.0, 1, 224, budget), free, strict=True):
        if end[0] in plain.token_ids[:budget]:
            assert one.token_ids == plain.token_ids[: budget + ANSWER_TOKENS]
            continue
        cut += 1
        assert len(one.token_ids) <= budget + len(closing) + ANSWER_TOKENS
        assert one.token_ids[: budget + len(closing)] == plain.token_ids[:budget] + closing
        forced = one.logprobs[budget : budget + len(closing)]
        assert all(math.isnan(p) for p in forced)
        drawn = one.logprobs[:budget] + one.logprobs[budget + len(closing) :]
        assert not any(math.isnan(p) for p in drawn)
    assert cut == len(prompts) - 2


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("<think>12", False),  # not used up
        ("<think>123", True),
        ("<think>12345", True),
        ("<think>12</think>", False),
        ("<think>123</think>", True),  # its end comes too late
        ("12<eos>", False),
        ("123<eos>", False),
        ("1234<eos>", True),
    ],
)
def test_what_is_over_its_budget(sampler: Sampler, reply: str, expected: bool) -> None:
    ids = sampler.tokenizer.encode(reply, add_special_tokens=False).ids
    assert over(sampler.tokenizer, ids, budget=4) == expected


def test_a_full_context_has_no_room_for_an_answer(sampler: Sampler) -> None:
    budget, context = 30, sampler.config.max_position_embeddings
    full = [*sampler.encode(asked(1)[0]), *[60] * context]
    for left in (budget, budget + 2, budget + 40):
        prompt = full[: context - left]
        for extend in (0, 2):
            [one] = think(sampler, [prompt], 1.0, 1, 224, budget, extend)
            assert len(prompt) + len(one.token_ids) <= context


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


def test_a_thought_that_goes_on_has_its_budget_all_the_same(sampler: Sampler) -> None:
    prompts = [sampler.encode(prompt) for prompt in asked(6)]
    budget, end = 60, sampler.tokenizer.token_to_id("</think>")
    found = [one.token_ids for one in think(sampler, prompts, 1.0, 1, 224, budget, extend=2)]
    assert all(ids.index(end) <= budget for ids in found)
    assert any(ids.index(end) == budget for ids in found)
