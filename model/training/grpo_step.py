"""One GRPO step in full detail: a group, its advantages, and the probabilities that they change.

It uses the functions of a run (`model.training.grpo`) on one question and a copy of the model, in
two halves, so that a worker can stop in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from model.nn.tokenizer import PieceReader
from model.runtime.engine import Engine
from model.tasks.problem import Problem
from model.training.grpo import (
    SCALE,
    GRPOConfig,
    Rollout,
    advantages,
    copy_of,
    policy_loss,
    reply_logprobs,
    roll_out,
    token_weights,
)

SETTINGS = GRPOConfig("one step", 0, 1, {}, questions=1, group=8, max_new_tokens=160)


@dataclass(frozen=True)
class StepReply:
    """A reply of the group, with the probabilities of its tokens before and after the step."""

    text: str
    tokens: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    correct: bool
    formatted: bool
    reward: float
    advantage: float


def sample_group(engine: Engine, problem: Problem, seed: int) -> list[Rollout]:
    """Sample the group: replies to one question at temperature 1, judged and rewarded."""
    return roll_out(engine.sampler(), [problem], SETTINGS, seed)


def learn(engine: Engine, group: Sequence[Rollout]) -> list[StepReply]:
    """One optimizer step on a group, on a copy of the model; none if all rewards are equal.

    AdamW starts with empty moments, so each weight moves by about the learning rate.
    """
    model = copy_of(engine.model).requires_grad_(True)
    advantage_N = advantages(torch.tensor([[r.reward for r in group]]))[0]
    optimizer = torch.optim.AdamW(
        model.parameters(), SETTINGS.lr, betas=(0.9, 0.95), weight_decay=0.0
    )
    logp_NT, mask_NT, _ = reply_logprobs(model, group)
    before_NT = logp_NT.detach()
    weight_N = token_weights(group)
    loss, _ = policy_loss(logp_NT, before_NT, None, advantage_N, weight_N, mask_NT, SETTINGS)
    if advantage_N.any():
        (loss * SCALE).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    with torch.no_grad():
        after_NT, _, _ = reply_logprobs(model, group)
    replies = []
    for i, r in enumerate(group):
        n = len(r.completion.token_ids)
        reader = PieceReader(engine.tokenizer)
        replies.append(
            StepReply(
                text=r.completion.text,
                tokens=tuple(reader.push(token) for token in r.completion.token_ids),
                before=tuple(before_NT[i, :n].exp().tolist()),
                after=tuple(after_NT[i, :n].exp().tolist()),
                correct=r.judgement.correct,
                formatted=r.judgement.reply.formatted,
                reward=r.reward,
                advantage=float(advantage_N[i]),
            )
        )
    return replies
