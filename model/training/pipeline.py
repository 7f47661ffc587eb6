"""R1-Zero and R1's four stages in miniature (DeepSeek-R1 report, sections 2.2 and 2.3).

r1-zero   GRPO from base, rule-based rewards only
r1-dev1   cold start: SFT of base on a few hundred readable traces
r1-dev2   reasoning RL from r1-dev1, with a language consistency reward
r1-dev3   SFT of base on replies of r1-dev2 that passed the checker, and some plain text
r1        a final GRPO from r1-dev3
"""

from __future__ import annotations

import datetime
import functools
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from model.data.corpus import Document, text_document
from model.nn import checkpoints
from model.nn.files import write_json
from model.nn.shipped import About, seeded, without_seed
from model.runtime.engine import Engine
from model.runtime.sampler import Sampler
from model.tasks import TASKS
from model.tasks.check import language_share
from model.tasks.problem import Piece, Problem, Voice
from model.training import evaluate, sft
from model.training.grpo import GRPO, GRPOConfig

LEVELS = {task: tuple(family.LEVELS) for task, family in TASKS.items()}
#: steps of r1-zero whose weights are kept for the time machine, besides the last
KEPT_STEPS = (5, 10, 20, 40, 80, 140, 220, 300)
#: steps at a constant learning rate, and further ones in which it falls to zero: at a constant one,
#: noise in the weights makes steps go wrong that the most likely token gets right
ZERO_STEPS, R1_STEPS = (300, 32), (100, 60)
SEEDS = (0, 1, 2)  # of r1-zero: only the first ships its intermediate checkpoints
READABLE = {"chain": "verify", "pick": "search"}  # the style of cold-start traces


@dataclass(frozen=True)
class Paths:
    """The folders of a stage: for work in progress, and for what it ships."""

    work: Path
    assets: Path

    def checkpoint(self, name: str) -> Path:
        return self.assets / "checkpoints" / name

    def run(self, name: str) -> Path:
        return self.assets / "runs" / name


Stage = tuple[tuple[str, ...], Callable[[Paths], None]]


def train_problems(rng: random.Random, n: int) -> list[Problem]:
    """n training problems, with tasks and levels in turn and random languages."""
    pairs = [(task, level) for task in LEVELS for level in LEVELS[task]]
    drawn: list[Problem] = []
    while len(drawn) < n:
        task, level = pairs[len(drawn) % len(pairs)]
        problem = TASKS[task].generate(rng, level, rng.choice(("en", "ko")))
        if problem.split == "train":
            drawn.append(problem)
    return drawn


def cold_start_documents(seed: int, n: int) -> list[Document]:
    """Readable traces: self-checking, in one language, and in the format."""
    rng = random.Random(f"cold start/{seed}")
    documents = []
    for problem in train_problems(rng, n):
        voice = Voice(rng, problem.language, mixed=False)
        trace, answer = TASKS[problem.task].write_trace(rng, problem, READABLE[problem.task], voice)
        closing = Piece(f"</think><answer>{answer}</answer>")
        pieces = (Piece(problem.prompt, learn=False), Piece("<think>"), *trace, closing)
        documents.append(Document(f"{problem.task}/cold start", pieces))
    return documents


def accepted_documents(
    teacher: Sampler, seed: int, questions: int, samples: int
) -> tuple[list[Document], dict[str, int]]:
    """Rejection sampling: the distinct replies that are right, in format, and in one language.

    Also returns counts, and the sampling time in seconds.
    """
    started = time.perf_counter()
    asked = train_problems(random.Random(f"rejection/{seed}"), questions)
    found = evaluate.attempts(teacher, asked, samples, temperature=1.0, seed=seed)
    accepted: dict[tuple[str, str], Document] = {}
    for problem, attempts in zip(asked, found, strict=True):
        for attempt in attempts:
            j = attempt.judgement
            share = language_share(j.reply.thinking, problem.language)
            if j.correct and j.reply.formatted and share == 1.0:
                pieces = (Piece(problem.prompt, learn=False), Piece(attempt.completion.text))
                key = (problem.prompt, attempt.completion.text)
                accepted[key] = Document(f"{problem.task}/accepted", pieces)
    tokens = sum(len(a.completion.token_ids) for of_problem in found for a in of_problem)
    return list(accepted.values()), {
        "sampled": questions * samples,
        "kept": len(accepted),
        "sampled_tokens": tokens,
        "sampling_seconds": round(time.perf_counter() - started),
    }


def reinforce(config: GRPOConfig, start: str, paths: Paths, family: str) -> None:
    """Run GRPO from a shipped checkpoint; ships the result, and r1-zero's `KEPT_STEPS`."""
    engine = Engine.load(paths.checkpoint(start))
    run, seed = GRPO(config, engine), without_seed(config.name)[1]

    def keep_step() -> None:
        if config.name == "r1-zero" and run.step in KEPT_STEPS:
            label = f"{config.name}-step{run.step}"
            ship(run.engine, label, "history", seed, run.step, run.tokens, paths)

    run.train(paths.work, paths.run(config.name), keep_step)
    ship(run.engine, config.name, family, seed, run.step, run.tokens, paths)
    write_run(
        paths, config.name, asdict(config), start, run.seconds, {"rollout_tokens": run.tokens}
    )


def fine_tune(
    config: sft.SFTConfig,
    start: str,
    documents: list[Document],
    paths: Paths,
    family: str,
    counts: dict[str, int],
) -> None:
    """Run SFT from a shipped checkpoint; ships the result."""
    engine = Engine.load(paths.checkpoint(start))
    run = sft.FineTuning(config, engine.model, engine.tokenizer, documents)
    run.train(paths.work, paths.run(config.name))
    ship(engine, config.name, family, config.seed, engine.about.steps, run.tokens, paths)
    data = counts | {"documents": len(documents), "tokens_seen": run.tokens}
    write_run(paths, config.name, asdict(config), start, run.seconds, data)


def ship(
    engine: Engine, name: str, family: str, seed: int, steps: int, tokens: int, paths: Paths
) -> None:
    """Write a checkpoint folder; its token count includes the training of its predecessors."""
    today = datetime.date.today().isoformat()
    about = About(name, family, engine.about.tokens + tokens, steps, seed, today)
    checkpoints.save(paths.checkpoint(name), engine.model, engine.tokenizer, about)


def write_run(
    paths: Paths,
    name: str,
    config: dict[str, Any],
    start: str,
    seconds: float,
    data: dict[str, int],
) -> None:
    """Write run.json: the settings, the initial checkpoint, and the cost."""
    summary = {"run": config, "from": start, "minutes": round(seconds / 60, 1), "data": data}
    write_json(paths.run(name) / "run.json", summary, indent=1)


def r1_zero(seed: int, paths: Paths) -> None:
    steps = sum(ZERO_STEPS)
    config = GRPOConfig(seeded("r1-zero", seed), seed, steps, LEVELS, decay=ZERO_STEPS[1] / steps)
    reinforce(config, "base", paths, "r1-zero")


def r1_dev1(paths: Paths) -> None:
    documents = cold_start_documents(seed=0, n=400)
    config = sft.SFTConfig("r1-dev1", seed=0, epochs=3)
    fine_tune(config, "base", documents, paths, "r1", {})


def r1_dev2(paths: Paths) -> None:
    config = GRPOConfig("r1-dev2", 0, 100, LEVELS, language_weight=0.2)
    reinforce(config, "r1-dev1", paths, "r1")


def r1_dev3(paths: Paths) -> None:
    teacher = Sampler.load(paths.checkpoint("r1-dev2"))
    documents, counts = accepted_documents(teacher, seed=0, questions=1600, samples=4)
    rng = random.Random("r1-dev3")
    plain = [text_document(rng, "train") for _ in range(len(documents) // 4)]
    config = sft.SFTConfig("r1-dev3", seed=0, epochs=2)
    mixed = documents + plain
    rng.shuffle(mixed)
    fine_tune(config, "base", mixed, paths, "r1", counts | {"text_documents": len(plain)})


def r1(paths: Paths) -> None:
    steps = sum(R1_STEPS)
    config = GRPOConfig("r1", 1, steps, LEVELS, language_weight=0.2, decay=R1_STEPS[1] / steps)
    reinforce(config, "r1-dev3", paths, "r1")


#: name → the checkpoints that a stage needs, and the stage
STAGES: dict[str, Stage] = {
    **{seeded("r1-zero", seed): (("base",), functools.partial(r1_zero, seed)) for seed in SEEDS},
    "r1-dev1": (("base",), r1_dev1),
    "r1-dev2": (("r1-dev1",), r1_dev2),
    "r1-dev3": (("base", "r1-dev2"), r1_dev3),
    "r1": (("r1-dev3",), r1),
}
