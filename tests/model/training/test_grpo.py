"""GRPO's arithmetic: advantages, the clipped loss, the log-probabilities of replies."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.runtime.engine import Engine
from model.runtime.sampler import Completion
from model.tasks import chain, pick
from model.tasks.check import judge
from model.training.grpo import (
    PASS_TOKENS,
    GRPOConfig,
    Rollout,
    advantages,
    passes,
    policy_loss,
    reply_logprobs,
    token_weights,
)

CONFIG = GRPOConfig("tiny", 0, 1, {"chain": (1,)}, kl_coef=0.5)
ONE = torch.ones(1)


@given(st.lists(st.floats(0, 2, width=32), min_size=1, max_size=24))
def test_advantages_sum_to_zero_and_keep_the_order(rewards: list[float]) -> None:
    [found] = advantages(torch.tensor([rewards]))
    assert float(found.sum()) == pytest.approx(0, abs=1e-4)
    for (a, x), (b, y) in zip(
        zip(rewards, found, strict=True), sorted(zip(rewards, found, strict=True)), strict=True
    ):
        assert (a <= b) == (x <= y) or abs(float(x - y)) < 1e-6


@pytest.mark.parametrize("reward", [0.0, 0.1, 0.3, 1.0, 1.1, 1.3])
@pytest.mark.parametrize("group", [1, 8, 12, 16, 24])
def test_equal_rewards_carry_no_signal_at_all(reward: float, group: int) -> None:
    assert not advantages(torch.full((3, group), reward)).any()


def test_policy_loss() -> None:
    old = torch.zeros(1, 4)
    logp = torch.tensor([[0.0, math.log(1.1), math.log(2.0), math.log(0.5)]])
    mask = torch.tensor([[True, True, True, False]])
    up, log = policy_loss(logp, old, None, torch.tensor([1.0]), ONE, mask, CONFIG)
    assert float(up) == pytest.approx(-(1 + 1.1 + 1.28))  # what rose too far is clipped at 1.28
    assert log == {"clipped": 1.0}
    down, log = policy_loss(logp, old, None, torch.tensor([-1.0]), ONE, mask, CONFIG)
    assert float(down) == pytest.approx(1 + 1.1 + 2.0)  # never clipped: it must come down
    assert log == {"clipped": 0.0}
    same, log = policy_loss(logp, old, logp, torch.tensor([1.0]), ONE, mask, CONFIG)
    assert float(same) == pytest.approx(float(up)) and log["kl"] == 0
    far, log = policy_loss(logp, old, logp + 1, torch.tensor([1.0]), ONE, mask, CONFIG)
    assert log["kl"] == pytest.approx(3 * (math.e - 2), rel=1e-5)
    assert float(far) == pytest.approx(float(up) + 0.5 * log["kl"])


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.04, 0.5]))
def test_loss_and_gradient_are_the_published_formula(seed: int, beta: float) -> None:
    """The objective that TRL implements (arXiv 2402.03300, equations 3 and 4), one token at a time
    in plain Python, with its gradient by hand."""
    rng = np.random.default_rng(seed)
    n, t = 3, 5
    old, logp, ref = (rng.normal(-1, 0.4, (n, t)) for _ in range(3))
    gain, weight, mask = rng.normal(0, 1, n), rng.random(n), rng.random((n, t)) < 0.7
    config = replace(CONFIG, kl_coef=beta)
    loss, slope = 0.0, np.zeros((n, t))
    for i, j in zip(*mask.nonzero(), strict=True):
        ratio, a, d = math.exp(logp[i, j] - old[i, j]), gain[i], ref[i, j] - logp[i, j]
        held = min(max(ratio, 1 - config.clip_low), 1 + config.clip_high)
        loss += weight[i] * (-min(ratio * a, held * a) + beta * (math.exp(d) - d - 1))
        # clipped gains are constant; d(ratio) = ratio, d(kl) = 1 - exp(d)
        slope[i, j] = (-ratio * a if ratio * a <= held * a else 0.0) + beta * (1 - math.exp(d))
        slope[i, j] *= weight[i]
    tensors = [torch.tensor(x) for x in (logp, old, ref, gain, weight, mask)]
    tensors[0].requires_grad_(True)
    found, _ = policy_loss(*tensors, config)  # type: ignore[arg-type]
    assert float(found.detach()) == pytest.approx(loss, abs=1e-9)
    if mask.any():
        found.backward()
        np.testing.assert_allclose(tensors[0].grad, slope, atol=1e-9)


def test_a_task_has_one_say_however_long_its_replies_are() -> None:
    """By hand: two chains of 2 and 4 tokens, a pick of 12; 1/2 · 1/6 and 1/2 · 1/12 per token."""
    posed = {"chain": chain.pose("12+30", "en"), "pick": pick.pose([2, 3, 4, 5, 6], 9, 3, "en")}

    def rollout(task: str, tokens: int) -> Rollout:
        reply = Completion("", [5] * tokens, [0.0] * tokens, "stop", 0.0)
        return Rollout(posed[task], [1], reply, judge(posed[task], ""), {}, 0.0)

    rolled = [rollout("chain", 2), rollout("pick", 12), rollout("chain", 4)]
    weights = token_weights(rolled)
    assert weights.tolist() == pytest.approx([1 / 12, 1 / 24, 1 / 12])
    # ratio 1 throughout: a loss of minus the mean gain, (1 · 2 - 1 · 4) / 6 and 3, then of both
    mask = torch.arange(12) < torch.tensor([[2], [12], [4]])
    logp = torch.zeros(3, 12)
    loss, _ = policy_loss(logp, logp, None, torch.tensor([1.0, 3.0, -1.0]), weights, mask, CONFIG)
    assert float(loss) == pytest.approx(-((2 - 4) / 6 + 3) / 2)


def test_replies_are_as_likely_as_when_they_were_drawn(engine: Engine) -> None:
    problem = chain.pose("12+30", "en")
    prompts = [engine.encode("What is 3?"), engine.encode("x"), engine.encode("12+30=42, then")]
    done = engine.sampler().complete(prompts, 20, 1.0, seed=3)
    rolled = [
        Rollout(problem, prompt, c, judge(problem, c.text), {}, 0.0)
        for prompt, c in zip(prompts, done, strict=True)
    ]
    logp, mask, entropy = reply_logprobs(engine.model, rolled)
    for row, c in enumerate(done):
        n = len(c.token_ids)
        assert mask[row].tolist() == [True] * n + [False] * (mask.shape[1] - n)
        torch.testing.assert_close(logp[row, :n], torch.tensor(c.logprobs), atol=1e-4, rtol=0)
    assert (logp[~mask] == 0).all() and (entropy[mask] > 0).all()


@given(st.lists(st.integers(1, 700), min_size=1, max_size=60))
def test_passes_hold_every_row_once_and_not_too_much(lengths: list[int]) -> None:
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    cut = passes(lengths, order)
    assert [row for rows in cut for row in rows] == order
    for rows in cut:
        assert len(rows) == 1 or len(rows) * max(lengths[i] for i in rows) <= PASS_TOKENS
    for rows, after in itertools.pairwise(cut):
        assert (len(rows) + 1) * lengths[after[0]] > PASS_TOKENS
