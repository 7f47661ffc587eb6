"""Group relative policy optimisation (DeepSeekMath, arXiv 2402.03300; DeepSeek-R1, equations 1-3).

For each question a group of replies is sampled; a reply's advantage is its reward minus the mean of
its group, so the policy moves towards replies that did better than their siblings. There is no
value network. Departures from the paper, all documented choices of `GRPOConfig`:
- ratio and clipping are per token, as in TRL and verl (the paper prints them per sequence);
- no division by the group's standard deviation, which overweights questions that are nearly always
  or nearly never solved (Dr. GRPO, arXiv 2503.20783);
- the loss is the mean over all tokens of a task's replies (as in DAPO, arXiv 2503.14476, equation
  8), not over each reply's: with 1/length, long wrong replies are penalised less (Dr. GRPO). It is
  then averaged over tasks: otherwise a task with replies three times as long would have three times
  the weight, and the habits of the other would drift;
- no KL term by default, as in TRL: in a short run close to its reference it only slows learning;
  the estimate is still logged, every `kl_every` steps;
- groups whose rewards are all equal carry no signal and are left out of the update (DAPO,
  arXiv 2503.14476); their share is logged.

Suffixes of tensor names: N replies, T tokens of a reply, S those and its prompt's.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.nn.network import Transformer
from model.nn.tokenizer import PAD
from model.runtime.engine import Engine
from model.runtime.sampler import Completion, Sampler
from model.tasks import TASKS, rewards
from model.tasks.check import Judgement, judge
from model.tasks.problem import Problem
from model.training.loop import TrainingRun
from model.training.state import digest

PASS_TOKENS = 4096  # per forward and backward pass: what fits in the processor's cache
SCALE = 40  # factor on the loss; it matters for gradient clipping at norm 1, but not for Adam


@dataclass(frozen=True)
class GRPOConfig:
    """The settings of a run. `levels` maps a task to the levels that questions are drawn from.

    It ends after `steps`, or with the first step that ends after `seconds` of training, if given.
    """

    name: str
    seed: int
    steps: int
    levels: dict[str, tuple[int, ...]]
    questions: int = 16
    group: int = 16
    max_new_tokens: int = 512
    lr: float = 3e-4
    warmup: int = 5  # steps
    decay: float = 0.0  # share of the run, at its end, in which the rate falls linearly to zero
    minibatches: int = 2  # updates per rollout; the ratio departs from 1 after the first
    clip_low: float = 0.2
    clip_high: float = 0.28  # DAPO's "clip higher": rare tokens may gain probability
    kl_coef: float = 0.0
    kl_every: int = 10  # steps between logged estimates if kl_coef is 0
    accuracy_weight: float = 1.0
    format_weight: float = 0.1
    language_weight: float = 0.0
    temperature: float = 1.0
    save_every: int = 10
    seconds: float | None = None


@dataclass(frozen=True)
class Rollout:
    """A sampled reply with its rewards."""

    problem: Problem
    prompt: list[int]
    completion: Completion
    judgement: Judgement
    parts: dict[str, float]  # accuracy, format, language: before weights
    reward: float


def advantages(rewards_QG: Tensor) -> Tensor:
    """Rewards minus the mean of their group, [Q, G]; exactly 0 in groups of equal rewards."""
    differ_Q1 = rewards_QG.amax(1, keepdim=True) > rewards_QG.amin(1, keepdim=True)
    # the mean of equal rewards may be rounded: 16 times 0.1 in float32 leaves -7e-9 and not 0
    return (rewards_QG - rewards_QG.mean(dim=1, keepdim=True)) * differ_Q1


def policy_loss(
    logp_NT: Tensor,
    old_logp_NT: Tensor,
    ref_logp_NT: Tensor | None,
    advantage_N: Tensor,
    weight_N: Tensor,
    mask_NT: Tensor,
    config: GRPOConfig,
) -> tuple[Tensor, dict[str, float]]:
    """The loss to minimise, summed over weighted tokens, and unweighted sums for the log.

    `mask_NT` is true on the tokens of a reply, each of which has its reply's `weight_N`. With a
    reference, the k3 estimate of KL(policy || reference) is added per token: exp(d) - d - 1 with
    d = ref_logp - logp (R1 report, equation 2).
    """
    ratio = (logp_NT - old_logp_NT).exp()
    clipped = ratio.clamp(1 - config.clip_low, 1 + config.clip_high)
    advantage_N1 = advantage_N[:, None]
    gain = torch.minimum(ratio * advantage_N1, clipped * advantage_N1)
    weight_NT = mask_NT * weight_N[:, None]
    loss = -(gain * weight_NT).sum()
    log = {"clipped": float(((clipped * advantage_N1 < ratio * advantage_N1) & mask_NT).sum())}
    if ref_logp_NT is not None:
        difference = (ref_logp_NT - logp_NT).clamp(-20, 20)
        kl_NT = difference.exp() - difference - 1
        loss = loss + config.kl_coef * (kl_NT * weight_NT).sum()
        log["kl"] = float((kl_NT * mask_NT).detach().sum())
    return loss, log


def token_weights(rollouts: Sequence[Rollout]) -> Tensor:
    """The weight of each reply's tokens [N], so that sums are means per task, then over tasks."""
    tokens: Counter[str] = Counter()
    for r in rollouts:
        tokens[r.problem.task] += len(r.completion.token_ids)
    return torch.tensor([1 / (len(tokens) * tokens[r.problem.task]) for r in rollouts])


def reply_logprobs(
    model: Transformer, rollouts: Sequence[Rollout]
) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probabilities [N, T] of the replies' tokens, their mask, and the entropies [N, T].

    The head runs on the positions of replies only. Rows are padded on the right, which causal
    attention never sees.
    """
    width = max(len(r.prompt) + len(r.completion.token_ids) for r in rollouts)
    rows = [r.prompt + r.completion.token_ids for r in rollouts]
    ids_NS = torch.tensor([row + [PAD] * (width - len(row)) for row in rows])
    replies = torch.zeros(len(rows), width - 1, dtype=torch.bool)
    longest = max(len(r.completion.token_ids) for r in rollouts)
    mask_NT = torch.zeros(len(rows), longest, dtype=torch.bool)
    for i, r in enumerate(rollouts):
        replies[i, len(r.prompt) - 1 : len(rows[i]) - 1] = True
        mask_NT[i, : len(r.completion.token_ids)] = True
    hidden = model.hidden(ids_NS[:, :-1])[replies]
    logprobs = model.lm_head(hidden).log_softmax(-1)
    chosen = logprobs.gather(1, ids_NS[:, 1:][replies][:, None])[:, 0]
    with torch.no_grad():
        entropy = -(logprobs.exp() * logprobs).sum(-1)
    logp_NT = torch.zeros(mask_NT.shape).masked_scatter(mask_NT, chosen)
    return logp_NT, mask_NT, torch.zeros(mask_NT.shape).masked_scatter(mask_NT, entropy)


def passes(lengths: Sequence[int], order: Sequence[int]) -> list[list[int]]:
    """Split rows, in the given order, into padded batches of at most `PASS_TOKENS` tokens."""
    cut: list[list[int]] = [[]]
    for row in order:
        width = max(lengths[i] for i in (*cut[-1], row))
        if cut[-1] and width * (len(cut[-1]) + 1) > PASS_TOKENS:
            cut.append([])
        cut[-1].append(row)
    return cut


def roll_out(
    sampler: Sampler, asked: Sequence[Problem], config: GRPOConfig, seed: int
) -> list[Rollout]:
    """Sample a group of replies per question, judged and rewarded; groups are consecutive."""
    prompts = [sampler.encode(p.prompt) for p in asked for _ in range(config.group)]
    done = sampler.complete(prompts, config.max_new_tokens, config.temperature, seed)
    rolled = []
    for i, (prompt, completion) in enumerate(zip(prompts, done, strict=True)):
        problem = asked[i // config.group]
        judgement = judge(problem, completion.text)
        parts = {
            "accuracy": rewards.accuracy(judgement),
            "format": rewards.format_reward(judgement),
            "language": rewards.language(problem, judgement),
        }
        reward = (
            config.accuracy_weight * parts["accuracy"]
            + config.format_weight * parts["format"]
            + config.language_weight * parts["language"]
        )
        rolled.append(Rollout(problem, prompt, completion, judgement, parts, reward))
    return rolled


class GRPO(TrainingRun):
    """A run that trains a copy of an engine's model; `engine` holds the copy."""

    def __init__(self, config: GRPOConfig, start: Engine) -> None:
        self.config = config
        self.reference = start.model
        model = copy_of(start.model).requires_grad_(True)
        self.engine = Engine(model, start.tokenizer, start.about)
        super().__init__(
            config.name,
            model,
            {
                "adamw": torch.optim.AdamW(
                    model.parameters(), config.lr, betas=(0.9, 0.95), weight_decay=0.0
                )
            },
            asdict(config) | {"start": digest(start.model.parameters())},
            steps=config.steps,
            save_every=config.save_every,
            max_seconds=config.seconds,
        )

    def questions(self) -> list[Problem]:
        """This step's training problems, which depend on the seed and the step only."""
        rng = random.Random(f"grpo/{self.config.seed}/{self.step}")
        drawn: list[Problem] = []
        tasks = list(self.config.levels)
        while len(drawn) < self.config.questions:
            task = tasks[len(drawn) % len(tasks)]
            level = rng.choice(self.config.levels[task])
            problem = TASKS[task].generate(rng, level, rng.choice(("en", "ko")))
            if problem.split == "train":
                drawn.append(problem)
        return drawn

    def update(self) -> dict[str, Any]:
        """A rollout, and an optimizer step on each of its minibatches."""
        started = time.perf_counter()
        c = self.config
        rolled = roll_out(
            self.engine.sampler(), self.questions(), c, seed=1_000_003 * (c.seed + 1) + self.step
        )
        rollout_seconds = time.perf_counter() - started
        rewards_QG = torch.tensor([r.reward for r in rolled]).view(-1, c.group)
        advantage_N = advantages(rewards_QG).flatten()
        weight_N = token_weights(rolled) * c.minibatches
        useful = [i for i in range(len(rolled)) if advantage_N[i] != 0]
        random.Random(f"order/{c.seed}/{self.step}").shuffle(useful)
        left = (1 - self.progress) / c.decay if c.decay else 1.0
        for group in self.optimizers["adamw"].param_groups:
            group["lr"] = c.lr * min(1.0, (self.step + 1) / c.warmup, left)
        sums = {"clipped": 0.0, "kl": 0.0, "entropy": 0.0, "tokens": 0.0}
        norms = []
        for part in np.array_split(np.array(useful, dtype=int), c.minibatches):
            if len(part):  # all groups may have equal rewards
                chosen = [rolled[i] for i in part]
                norms.append(self._minibatch(chosen, advantage_N[part], weight_N[part], sums))
        self.tokens += sum(len(r.completion.token_ids) for r in rolled)
        seen = max(1.0, sums["tokens"])
        return self._entry(rolled, rewards_QG) | {
            "entropy": round(sums["entropy"] / seen, 4),
            "kl": round(sums["kl"] / seen, 5) if self._measures_kl else None,
            "clip_share": round(sums["clipped"] / seen, 5),
            "grad_norm": round(float(np.mean(norms)), 4) if norms else 0.0,
            "rollout_seconds": round(rollout_seconds, 1),
        }

    def summary(self, entry: Mapping[str, Any]) -> str:
        return (
            f"accuracy {entry['accuracy']:.3f}  length {entry['length']:.0f}  "
            f"checks {entry['checks']:.2f}  entropy {entry['entropy']:.2f}"
        )

    @property
    def _measures_kl(self) -> bool:
        return self.config.kl_coef > 0 or self.step % self.config.kl_every == 0

    def _minibatch(
        self,
        rolled: list[Rollout],
        advantage_N: Tensor,
        weight_N: Tensor,
        sums: dict[str, float],
    ) -> float:
        """One optimizer step on some replies, grouped by length; returns the gradient norm."""
        c = self.config
        order = sorted(range(len(rolled)), key=lambda i: len(rolled[i].completion.token_ids))
        for rows in passes([len(r.prompt) + len(r.completion.token_ids) for r in rolled], order):
            part = [rolled[i] for i in rows]
            logp, mask, entropy = reply_logprobs(self.model, part)
            old = torch.zeros(mask.shape).masked_scatter(
                mask, torch.tensor([x for r in part for x in r.completion.logprobs])
            )
            reference = None
            if self._measures_kl:
                with torch.no_grad():
                    reference, _, _ = reply_logprobs(self.reference, part)
            earned = advantage_N[rows], weight_N[rows]
            loss, log = policy_loss(logp, old, reference, *earned, mask, c)
            (loss * SCALE).backward()
            sums["clipped"] += log["clipped"]
            sums["kl"] += log.get("kl", 0.0)
            sums["entropy"] += float((entropy * mask).sum())
            sums["tokens"] += float(mask.sum())
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizers["adamw"].step()
        self.optimizers["adamw"].zero_grad()
        return float(norm)

    def _entry(self, rolled: Sequence[Rollout], rewards_QG: Tensor) -> dict[str, Any]:
        """The log entry: what TRL and verl log about rollouts, and the checker's measures."""
        lengths = [len(r.completion.token_ids) for r in rolled]

        def mean(values: Sequence[float]) -> float:
            return round(float(np.mean(values)), 4)

        def share(task: str, of: Callable[[Rollout], float]) -> float:
            return mean([of(r) for r in rolled if r.problem.task == task])

        turns = [r.judgement.turns for r in rolled]
        by_outcome: dict[bool, list[int]] = {True: [], False: []}
        for n, r in zip(lengths, rolled, strict=True):
            by_outcome[r.judgement.correct].append(n)
        return {
            "reward": mean([r.reward for r in rolled]),
            **{part: mean([r.parts[part] for r in rolled]) for part in rolled[0].parts},
            "only_format": mean(
                [r.judgement.reply.formatted and not r.judgement.correct for r in rolled]
            ),
            "length": mean(lengths),
            "length_right": mean(by_outcome[True] or [0]),
            "length_wrong": mean(by_outcome[False] or [0]),
            "at_cap": mean([r.completion.finish_reason == "length" for r in rolled]),
            "zero_variance": mean((rewards_QG.amax(1) == rewards_QG.amin(1)).float().tolist()),
            "checks": mean([r.judgement.checks for r in rolled]),
            "steps_right": mean([s.right for r in rolled for s in r.judgement.steps] or [0]),
            "wrong_to_right": sum(t[0] for t in turns),  # of all replies together
            "right_to_wrong": sum(t[1] for t in turns),
            "verdicts": verdicts([r.judgement for r in rolled]),
            "by_task": {
                task: {
                    "accuracy": share(task, lambda r: r.parts["accuracy"]),
                    "length": share(task, lambda r: len(r.completion.token_ids)),
                    "checks": share(task, lambda r: r.judgement.checks),
                    "at_cap": share(task, lambda r: r.completion.finish_reason == "length"),
                    "by_level": {
                        str(level): totals(
                            [
                                r
                                for r in rolled
                                if (r.problem.task, r.problem.level) == (task, level)
                            ]
                        )
                        for level in levels
                    },
                }
                for task, levels in self.config.levels.items()
            },
            "samples": _samples(rolled),
        }


def totals(rolled: Sequence[Rollout]) -> dict[str, int]:
    """Counts of replies, right ones, and tokens; sums, since a step has few replies per level."""
    return {
        "replies": len(rolled),
        "right": sum(r.judgement.correct for r in rolled),
        "tokens": sum(len(r.completion.token_ids) for r in rolled),
    }


def verdicts(judgements: Sequence[Judgement]) -> dict[str, int]:
    """Counts over all replies of wrong values, those noticed, right values, and those doubted."""
    said = [v for j in judgements for v in j.verdicts]
    return {
        "wrong": sum(not v.fits for v in said),
        "noticed": sum(not v.fits and not v.accepts for v in said),
        "right": sum(v.fits for v in said),
        "doubted": sum(v.fits and not v.accepts for v in said),
    }


def _samples(rolled: Sequence[Rollout]) -> list[dict[str, Any]]:
    """Replies for the log, shown with the curves: the first of each task and language."""
    first = {(r.problem.task, r.problem.language): r for r in reversed(rolled)}
    return [
        {
            "task": r.problem.task,
            "level": r.problem.level,
            "question": r.problem.question,
            "answer": r.problem.answer,
            "reply": r.completion.text,
            "right": r.judgement.correct,
            "reward": round(r.reward, 4),
        }
        for _, r in sorted(first.items())
    ]


def copy_of(model: Transformer) -> Transformer:
    """An independent copy of a model."""
    twin = Transformer(model.config)
    twin.load_state_dict(model.state_dict())
    return twin.eval()
