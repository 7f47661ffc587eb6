"""Every stage of reasoning in miniature: GRPO, SFT, their logs, and resuming after a kill."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from model import ASSETS
from model.data.corpus import tokenise
from model.nn import shipped
from model.nn.network import Transformer
from model.runtime.engine import Engine
from model.runtime.sampler import Completion, Sampler
from model.tasks import rewards
from model.tasks.check import Judgement, judge
from model.tasks.problem import Problem
from model.training import distill, pipeline, sft
from model.training.evaluate import Attempt
from model.training.grpo import GRPO, GRPOConfig
from tests.model.conftest import ABOUT, random_model, tiny_config

CONFIG = GRPOConfig(
    "tiny",
    0,
    4,
    {"chain": (2,), "pick": (2,)},
    questions=4,
    group=4,
    max_new_tokens=12,
    save_every=1,
)


@pytest.fixture(scope="module")
def engine(words: Tokenizer) -> Engine:
    shape = tiny_config("MLA", words.get_vocab_size(), max_position_embeddings=384)
    return Engine(random_model(shape), words, ABOUT)


def reinforced(engine: Engine, folder: Path, steps: int) -> GRPO:
    run = GRPO(replace(CONFIG, steps=steps), engine)
    run.train(folder / "work", folder / "run")
    return run


def test_grpo_goes_on_after_a_kill_as_if_nothing_had_happened(
    engine: Engine, tmp_path: Path
) -> None:
    whole = reinforced(engine, tmp_path / "whole", 4)

    killed = GRPO(replace(CONFIG, steps=4), engine)

    def die() -> None:
        if killed.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed.train(tmp_path / "killed/work", tmp_path / "killed/run", die)
    resumed = reinforced(engine, tmp_path / "killed", 4)
    for a, b in zip(
        whole.engine.model.parameters(), resumed.engine.model.parameters(), strict=True
    ):
        assert torch.equal(a, b)
    logs = [
        [json.loads(line) for line in (tmp_path / which / "run/log.jsonl").read_text().splitlines()]
        for which in ("whole", "killed")
    ]
    timings = ("seconds", "rollout_seconds")
    plain = [[{k: v for k, v in e.items() if k not in timings} for e in log] for log in logs]
    assert plain[0] == plain[1]
    assert [entry["step"] for entry in logs[0]] == [1, 2, 3, 4]


def test_grpo_logs_shares_that_add_up_and_a_reply_of_each_task(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With scripted replies to a group of 4: right, only in format, right without it, neither."""
    asked: list[Problem] = []

    def scripted(_: Sampler, prompts: list[list[int]], *rest: object) -> list[Completion]:
        texts = [
            text
            for p in asked
            for text in (
                f"<think></think><answer>{p.answer}</answer>",
                "<think></think><answer>100000</answer>",
                f"answer: {p.answer}",
                "hm",
            )
        ]
        assert len(texts) == len(prompts)
        return [Completion(text, [3, 1], [0.0, 0.0], "stop", 0.0) for text in texts]

    run = GRPO(CONFIG, engine)
    asked += run.questions()
    monkeypatch.setattr(Sampler, "complete", scripted)
    entry = run.advance()
    assert (entry["step"], entry["tokens"]) == (1, 2 * len(asked) * CONFIG.group)
    assert (entry["accuracy"], entry["format"], entry["only_format"]) == (0.5, 0.5, 0.25)
    firsts = {(p.task, p.language): p.question for p in reversed(asked)}
    assert sorted(s["question"] for s in entry["samples"]) == sorted(firsts.values())
    assert {s["task"] for s in entry["samples"]} == set(CONFIG.levels)
    for sample in entry["samples"]:
        assert sample["reply"] == f"<think></think><answer>{sample['answer']}</answer>"
        assert sample["right"] and sample["reward"] == 1.1


def test_grpo_can_end_by_the_clock(engine: Engine, tmp_path: Path) -> None:
    def run(seconds: float) -> GRPO:
        timed = replace(CONFIG, seconds=seconds)
        folder = tmp_path / str(seconds)
        begun = GRPO(timed, engine)
        begun.train(folder / "work", folder / "run")
        return begun

    assert run(1e-6).step == 1
    assert run(1e-6).step == 1  # its time was up before
    assert run(1e6).step == CONFIG.steps


def test_the_learning_rate_rises_stays_and_falls_to_zero(engine: Engine) -> None:
    """Warmup, a plateau, and a linear fall whose last step still counts (arXiv 2404.06395)."""
    run = GRPO(replace(CONFIG, steps=10, warmup=2, decay=0.4, lr=0.1), engine)
    rates = []
    for _ in range(10):
        run.advance()
        rates.append(run.optimizers["adamw"].param_groups[0]["lr"])
    assert rates == pytest.approx([0.05, *[0.1] * 6, 0.075, 0.05, 0.025])


def test_without_decay_the_learning_rate_stays(engine: Engine) -> None:
    run = GRPO(replace(CONFIG, steps=3, warmup=1, lr=0.1), engine)
    for _ in range(3):
        run.advance()
        assert run.optimizers["adamw"].param_groups[0]["lr"] == 0.1


def test_grpo_leaves_the_model_that_it_starts_from_alone(engine: Engine, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in engine.model.state_dict().items()}
    reinforced(engine, tmp_path, 2)
    after = engine.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_grpo_asks_training_problems_only(engine: Engine) -> None:
    run = GRPO(replace(CONFIG, questions=64), engine)
    for run.step in range(5):
        asked = run.questions()
        assert {p.split for p in asked} == {"train"}
        assert {p.task for p in asked} == {"chain", "pick"}


@pytest.mark.slow
def test_grpo_learns_what_is_rewarded(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a reward for digits, a random model, which writes few, must learn to write more."""

    def digits(judgement: Judgement) -> float:
        text = judgement.reply.thinking
        return sum(c.isdigit() for c in text) / max(1, len(text))

    monkeypatch.setattr(rewards, "accuracy", digits)
    config = replace(CONFIG, steps=10, lr=1e-2, group=8, format_weight=0, save_every=10)
    run = GRPO(config, engine)
    run.train(tmp_path / "work", tmp_path / "run")
    log = [json.loads(x) for x in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    early = sum(entry["reward"] for entry in log[:2])
    assert sum(entry["reward"] for entry in log[-2:]) > 2 * early


@pytest.mark.slow
def test_sft_goes_on_after_a_kill(engine: Engine, tmp_path: Path) -> None:
    documents = pipeline.cold_start_documents(seed=0, n=30)
    config = sft.SFTConfig("tiny", seed=0, epochs=2, rows_per_step=1)

    def tuned(folder: Path, kill_after: int | None = None) -> Transformer:
        run = sft.FineTuning(config, random_model(engine.config), engine.tokenizer, documents)

        def die() -> None:
            if run.step == kill_after:
                raise KeyboardInterrupt

        run.train(folder / "work", folder / "run", die)
        return run.model

    whole = tuned(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        tuned(tmp_path / "cut", kill_after=23)  # the last state is that of step 20
    resumed = tuned(tmp_path / "cut")
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
    log = (tmp_path / "whole/run/log.jsonl").read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in log]
    assert len(losses) > 23 and losses[-1] < losses[0]


def test_cold_start_traces_are_right_readable_and_from_training(words: Tokenizer) -> None:
    for document in pipeline.cold_start_documents(seed=3, n=80):
        ids, learnt = tokenise(words, document)
        assert len(ids) == len(learnt) and not learnt[0]
        assert document.text.count("<think>") == 2  # one in the template, one in the reply
    for problem in pipeline.train_problems(random.Random(0), 200):
        assert problem.split == "train"


def test_rejection_sampling_keeps_right_replies_only(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With scripted replies: of a right one (twice), a wrong, an unformatted and a mixed one."""

    def scripted(
        teacher: Sampler, asked: list[Problem], *_: object, **__: object
    ) -> list[list[Attempt]]:
        found = []
        for p in asked:
            foreign = "먼저 " if p.language == "en" else "first "
            texts = [
                f"<think></think><answer>{p.answer}</answer>",
                f"<think></think><answer>{p.answer}</answer>",
                "<think></think><answer>100000</answer>",
                p.answer,
                f"<think>{foreign}1+1=2.</think><answer>{p.answer}</answer>",
            ]
            done = [Completion(text, [3, 4, 1], [0.0] * 3, "stop", 0.0) for text in texts]
            found.append([Attempt(c, judge(p, c.text)) for c in done])
        return found

    monkeypatch.setattr(pipeline.evaluate, "attempts", scripted)
    documents, counts = pipeline.accepted_documents(
        engine.sampler(), seed=0, questions=6, samples=5
    )
    assert counts.pop("sampling_seconds") >= 0
    assert counts == {"sampled": 30, "kept": 6, "sampled_tokens": 90}
    assert all("<think></think><answer>" in d.text and "100000" not in d.text for d in documents)


def test_packed_documents_are_whole(words: Tokenizer) -> None:
    documents = pipeline.cold_start_documents(seed=1, n=40)
    ids, learnt = sft.pack_documents(words, documents, context=384)
    fits = [x for x in (tokenise(words, d) for d in documents) if len(x[0]) <= 385]
    assert int((ids == 0).sum()) == len(fits)  # one <bos> each
    assert int(learnt.sum()) == sum(sum(flags) for _, flags in fits)


def test_shipping_names_the_line_of_training(engine: Engine, tmp_path: Path) -> None:
    paths = pipeline.Paths(tmp_path / "work", tmp_path / "assets")
    pipeline.ship(engine, "later", "r1", 3, 7, 1000, paths)
    about = shipped.about(paths.checkpoint("later"))
    assert about.tokens == ABOUT.tokens + 1000
    assert (about.name, about.seed, about.steps) == ("later", 3, 7)


def test_what_ships_was_trained_with_the_settings_of_its_stage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Settings that came later have their defaults, which change nothing."""
    begun: list[GRPOConfig] = []
    monkeypatch.setattr(pipeline, "reinforce", lambda config, *_: begun.append(config))
    paths = pipeline.Paths(Path(), ASSETS)
    for seed in pipeline.SEEDS:
        pipeline.r1_zero(seed, paths)
        distill.student_rl(seed, paths)
    pipeline.r1_dev2(paths)
    pipeline.r1(paths)
    for config in begun:
        run = json.loads((paths.run(config.name) / "run.json").read_text())
        told = run["run"]
        levels = {task: tuple(of) for task, of in told["levels"].items()}
        assert replace(config, **told | {"levels": levels}) == config
