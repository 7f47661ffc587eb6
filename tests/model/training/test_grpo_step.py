"""One step of GRPO: replies better than their siblings become more likely, the others less."""

from __future__ import annotations

import math

import pytest
from tokenizers import Tokenizer

from model.runtime.engine import Engine
from model.tasks import chain, rewards
from model.tasks.check import Judgement
from model.training import grpo_step
from tests.model.conftest import ABOUT, random_model, tiny_config

PROBLEM = chain.pose("3*4+5", "en")


@pytest.fixture(scope="module")
def engine(words: Tokenizer) -> Engine:
    shape = tiny_config("MLA", words.get_vocab_size(), max_position_embeddings=384)
    return Engine(random_model(shape), words, ABOUT)


def test_better_replies_rise_and_worse_ones_fall(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def long_enough(judgement: Judgement) -> float:
        return float(len(judgement.reply.thinking) % 2)

    monkeypatch.setattr(rewards, "accuracy", long_enough)
    weights = [p.clone() for p in engine.model.parameters()]
    group = grpo_step.sample_group(engine, PROBLEM, seed=1)
    replies = grpo_step.learn(engine, group)
    assert len(replies) == grpo_step.SETTINGS.group
    assert sum(r.advantage for r in replies) == pytest.approx(0, abs=1e-5)
    mean = sum(r.reward for r in replies) / len(replies)
    for r, rolled in zip(replies, group, strict=True):
        assert r.advantage == pytest.approx(r.reward - mean, abs=1e-6)
        assert len(r.tokens) == len(r.before) == len(r.after) == len(rolled.completion.token_ids)
        drawn = [math.exp(x) for x in rolled.completion.logprobs]
        assert r.before == pytest.approx(drawn, abs=1e-4)
        moved = sum(math.log(a / b) for a, b in zip(r.after, r.before, strict=True))
        assert moved * r.advantage > 0
    assert all((a == b).all() for a, b in zip(weights, engine.model.parameters(), strict=True))


def test_a_group_of_equals_moves_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewards, "accuracy", lambda _: 0.0)
    monkeypatch.setattr(rewards, "format_reward", lambda _: 1.0)
    replies = grpo_step.learn(engine, grpo_step.sample_group(engine, PROBLEM, seed=3))
    for r in replies:
        assert r.advantage == 0 and r.reward == pytest.approx(0.1)
        assert r.after == pytest.approx(r.before, abs=1e-6)
