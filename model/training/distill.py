"""Distillation and its controls (DeepSeek-R1 report, sections 2.4 and 4.1).

distilled          SFT of student-base on right replies sampled from r1
distilled-control  the same SFT on as many readable traces from the corpus
student-rl         GRPO of student-base for as long as distilled took, including sampling
sft-only           SFT of base on direct answers: the first half of SFT → RLHF

The students have three seeds each: NAME, NAME-seed1, NAME-seed2.
"""

from __future__ import annotations

import functools
import json
import random

from model.data.corpus import Document
from model.nn.shipped import seeded
from model.runtime.sampler import Sampler
from model.tasks.problem import Piece
from model.training import pipeline, sft
from model.training.grpo import GRPOConfig
from model.training.pipeline import SEEDS, Paths, Stage

QUESTIONS, SAMPLES = 1500, 8  # for the teacher
EPOCHS = 4
DIRECT_ANSWERS = 4_000
MOST_STEPS = 10_000  # of student-rl, which is limited by time instead
DECAY = 0.2  # of its time the learning rate falls: about as many steps as r1-zero's


def distilled(seed: int, paths: Paths) -> None:
    """Train `distilled`; the seed determines the teacher's samples and the document order."""
    teacher = Sampler.load(paths.checkpoint("r1"))
    documents, counts = pipeline.accepted_documents(teacher, seed, QUESTIONS, SAMPLES)
    config = sft.SFTConfig(seeded("distilled", seed), seed, EPOCHS)
    pipeline.fine_tune(config, "student-base", documents, paths, "student", counts)


def control(seed: int, paths: Paths) -> None:
    """Teach it as many other traces; a seed is of the traces and of their order."""
    _, n_documents = cost(paths)
    documents = pipeline.cold_start_documents(seed + 1, n_documents)  # 0 was r1's own cold start
    config = sft.SFTConfig(seeded("distilled-control", seed), seed, EPOCHS)
    pipeline.fine_tune(config, "student-base", documents, paths, "student", {})


def student_rl(seed: int, paths: Paths) -> None:
    """Train `student-rl`; the seed determines the questions and the replies."""
    seconds, _ = cost(paths)
    name = seeded("student-rl", seed)
    config = GRPOConfig(name, seed, MOST_STEPS, pipeline.LEVELS, seconds=seconds, decay=DECAY)
    pipeline.reinforce(config, "student-base", paths, "student")


def cost(paths: Paths) -> tuple[float, int]:
    """The cost of `distilled`: seconds of sampling plus SFT, and its number of documents."""
    run = json.loads((paths.run("distilled") / "run.json").read_text(encoding="utf-8"))
    return run["minutes"] * 60 + run["data"]["sampling_seconds"], run["data"]["documents"]


def direct_documents(seed: int, n: int) -> list[Document]:
    """Training problems with their answers and empty thoughts."""
    return [
        Document(
            f"{problem.task}/direct",
            (
                Piece(problem.prompt, learn=False),
                Piece(f"<think></think><answer>{problem.answer}</answer>"),
            ),
        )
        for problem in pipeline.train_problems(random.Random(f"direct/{seed}"), n)
    ]


def sft_only(paths: Paths) -> None:
    config = sft.SFTConfig("sft-only", seed=0, epochs=3)
    documents = direct_documents(seed=0, n=DIRECT_ANSWERS)
    pipeline.fine_tune(config, "base", documents, paths, "sft", {})


#: the checkpoint that a student needs besides student-base, and the function that trains it
STUDENTS = {
    "distilled": ("r1", distilled),
    "distilled-control": ("distilled", control),
    "student-rl": ("distilled", student_rl),
}

#: as `pipeline.STAGES`
STAGES: dict[str, Stage] = {"sft-only": (("base",), sft_only)} | {
    seeded(name, seed): (("student-base", needed), functools.partial(train, seed))
    for name, (needed, train) in STUDENTS.items()
    for seed in SEEDS
}
