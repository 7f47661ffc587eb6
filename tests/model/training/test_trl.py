"""Our loss against TRL's trainer: the same value and gradient for the same weights and replies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from model.runtime.engine import Engine
from model.tasks import chain
from model.tasks.check import judge
from model.training.grpo import GRPOConfig, Rollout, policy_loss, reply_logprobs, token_weights
from tests.model.conftest import shipped_folder

pytest.importorskip("trl", reason="TRL is not installed; tests/run.sh installs it where it can")
NEW = 24  # tokens at most of a reply
CONFIG = GRPOConfig("beside TRL", 0, 1, {"chain": (2,)}, max_new_tokens=NEW)


@pytest.fixture(scope="module")
def student() -> Engine:
    return Engine.load(shipped_folder("student-base"))


@pytest.fixture(scope="module")
def rollouts(student: Engine) -> list[Rollout]:
    """Six replies of different lengths to two questions."""
    asked = [chain.pose("12+30", "en"), chain.pose("12+30-7+85", "ko")] * 3
    prompts = [student.encode(p.prompt) for p in asked]
    done = student.sampler().complete(prompts, NEW, 1.0, seed=5)
    return [
        Rollout(problem, prompt, reply, judge(problem, reply.text), {}, 0.0)
        for problem, prompt, reply in zip(asked, prompts, done, strict=True)
    ]


def trl_loss(
    rollouts: list[Rollout],
    old_NT: torch.Tensor,
    reference_NT: torch.Tensor,
    advantage_N: torch.Tensor,
    beta: float,
    folder: Path,
) -> tuple[float, dict[str, torch.Tensor]]:
    """TRL's loss for these replies, with its mean over tokens, and the gradients."""
    from datasets import Dataset
    from trl import GRPOConfig as TRLConfig
    from trl import GRPOTrainer

    shipped = shipped_folder("student-base")
    model = AutoModelForCausalLM.from_pretrained(shipped, dtype=torch.float32)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(shipped / "tokenizer.json"), pad_token="<pad>", eos_token="<eos>"
    )
    arguments = TRLConfig(
        output_dir=str(folder),
        loss_type="bnpo",
        beta=beta,
        epsilon=CONFIG.clip_low,
        epsilon_high=CONFIG.clip_high,
        max_completion_length=NEW,
        num_generations=3,
        per_device_train_batch_size=3,
        bf16=False,
        use_cpu=True,
        use_bias_correction_kl=False,  # a later addition; off in the papers that we follow
        report_to=[],
    )
    trainer = GRPOTrainer(
        model,
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        args=arguments,
        train_dataset=Dataset.from_dict({"prompt": ["1"] * 3}),
        processing_class=tokenizer,
    )
    trainer.current_gradient_accumulation_steps = 1
    width = max(len(r.prompt) for r in rollouts)
    longest = max(len(r.completion.token_ids) for r in rollouts)
    rows: dict[str, Any] = {
        "prompt_ids": [[0] * (width - len(r.prompt)) + r.prompt for r in rollouts],
        "prompt_mask": [[0] * (width - len(r.prompt)) + [1] * len(r.prompt) for r in rollouts],
        "completion_ids": [
            r.completion.token_ids + [0] * (longest - len(r.completion.token_ids)) for r in rollouts
        ],
        "completion_mask": [
            [int(i < len(r.completion.token_ids)) for i in range(longest)] for r in rollouts
        ],
    }
    inputs = {name: torch.tensor(row) for name, row in rows.items()} | {
        "advantages": advantage_N,
        "old_per_token_logps": old_NT,
        "ref_per_token_logps": reference_NT,
    }
    trainer.model.train()
    loss = trainer._compute_loss(trainer.model, inputs)
    loss.backward()
    return loss.item(), {name: p.grad for name, p in trainer.model.named_parameters()}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`gradient_checkpointing` is deprecated")  # TRL's default
@pytest.mark.parametrize("beta", [0.0, 0.3])
def test_loss_and_gradient_are_those_of_trl(
    student: Engine, rollouts: list[Rollout], beta: float, tmp_path: Path
) -> None:
    generator = torch.Generator().manual_seed(0)
    model = student.model.requires_grad_(True)
    model.zero_grad()
    logp_NT, mask_NT, _ = reply_logprobs(model, rollouts)
    # as if the weights had moved since: ratios on both sides of both clips
    old_NT, reference_NT = (
        logp_NT.detach() + 0.3 * torch.randn(logp_NT.shape, generator=generator) for _ in range(2)
    )
    advantage_N = torch.tensor([0.5, -0.25, -0.5, 0.75, 0.0, -0.5])
    config = replace(CONFIG, kl_coef=beta)
    weight_N = token_weights(rollouts)
    loss, log = policy_loss(logp_NT, old_NT, reference_NT, advantage_N, weight_N, mask_NT, config)
    loss.backward()
    ratio = (logp_NT.detach() - old_NT).exp()[mask_NT]
    assert ratio.min() < 1 - CONFIG.clip_low and ratio.max() > 1 + CONFIG.clip_high
    assert log["clipped"] > 0

    expected, gradients = trl_loss(rollouts, old_NT, reference_NT, advantage_N, beta, tmp_path)
    assert loss.item() == pytest.approx(expected, rel=1e-4)
    ours = {name: p.grad for name, p in model.named_parameters()}
    assert ours.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(ours[name], gradient, rtol=1e-3, atol=1e-6, msg=name)
    model.zero_grad()
