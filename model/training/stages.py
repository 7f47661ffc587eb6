"""The training commands: `python -m model train STAGE [NAME]`.

Each resumes where it was interrupted. Work in progress is kept in `.work/`, which git ignores, and
results in `assets/`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

import torch

from model.data import corpus
from model.errors import UsageError
from model.nn import shipped, tokenizer
from model.nn.card import card
from model.nn.config import read_config
from model.nn.files import write_json
from model.record.trace import Trace
from model.runtime.engine import Engine
from model.runtime.recording import recorded
from model.runtime.sampler import Sampler
from model.tasks import problems
from model.tasks.problem import WORDS, Language
from model.training import (
    distill,
    gate,
    goals,
    heldout,
    pipeline,
    pretrain,
    recorded_cache,
    recorded_experts,
    recorded_training,
    results,
)
from model.training.reproduce import StageName, reproduce

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "assets"
WORK = ROOT / ".work"
CORPUS = corpus.CorpusConfig(seed=0, rows=24_000, context=384, vocab_size=768, long_rows=8_000)
#: corpora of the two small models whose verdicts differ; they use the main corpus's tokenizer
PAIR: dict[str, corpus.Verdicts] = {"verdict-digits": "digits", "verdict-word": "word"}
PAIR_ROWS = pretrain.PAIR_STEPS * 20
REASONING = pipeline.STAGES | distill.STAGES
STORY = ("base", "r1-zero", "r1", "distilled")  # models in the recorded reasoning
CONTEXT_TOKENS = 220  # maximum tokens of a recorded reply


def run(stage: str, name: str | None) -> Any:
    """Run one stage; returns what the command prints.

    Raises:
        UsageError: if the stage or name does not exist, or needs another stage first.
    """
    alone = ("corpus", "samples", "cards", "tables", "goals", "reproduce")
    if stage in alone and name is not None:
        raise UsageError(f"{stage} takes no name: leave {name!r} out")
    if stage == "corpus":
        return make_corpus()
    if stage == "samples":
        return record_samples()
    if stage == "cards":
        return renew_cards()
    if stage == "reproduce":
        return reproduce(everything(), run, WORK)
    if stage == "tables":
        return results.tables(ASSETS / "runs")
    if stage == "goals":
        return goals.table(ASSETS / "runs")
    if stage == "reason":
        return reason(name)
    if stage == "results":
        return results.measure(*shipped_model(stage, name))
    if stage == "gate":
        return gate.measure(*shipped_model(stage, name))
    if stage not in ("pretrain", "heldout"):
        raise UsageError(
            f"there is no stage {stage!r}; use corpus, pretrain, heldout, gate, reason, "
            "results, samples, cards, tables, goals or reproduce"
        )
    if name not in pretrain.MODELS:
        raise UsageError(f"{stage} needs a model: one of {', '.join(pretrain.MODELS)}")
    if stage == "pretrain":
        config = pretrain.full(name)
        if not (WORK / config.corpus / "train.npz").exists():
            raise UsageError("there is no corpus yet: run python -m model train corpus first")
        torch.set_num_threads(1)  # faster for models this small, and equal sums on any machine
        folder = pretrain.pretrain(config, WORK, WORK / "runs", ASSETS)
        return {"checkpoint": str(folder)}
    folder = ASSETS / "checkpoints" / name
    if not folder.exists():
        raise UsageError(f"{name} is not trained yet: run python -m model train pretrain {name}")
    return heldout.results(Engine.load(folder), ASSETS / "runs" / name)


def everything() -> list[StageName]:
    """All stages that make a shipped file, in an order that satisfies their dependencies."""
    return [
        ("corpus", None),
        *(("pretrain", name) for name in pretrain.MODELS),
        *(("heldout", name) for name in pretrain.MODELS),
        *(("gate", name) for name in gate.GATED),
        *(("reason", name) for name in REASONING),
        *(("results", name) for name in (*results.ORDER, *pretrain.PAIR)),
        ("samples", None),
    ]


def make_corpus() -> dict[str, Any]:
    """Build the corpora in `.work`, and write their manifests under assets/runs."""
    manifest = corpus.build(CORPUS, WORK / "corpus")
    write_json(ASSETS / "runs" / "corpus" / "manifest.json", manifest, indent=1)
    words = tokenizer.load(WORK / "corpus")
    for name, verdicts in PAIR.items():
        small = replace(CORPUS, rows=PAIR_ROWS, long_rows=0, task="pick", verdicts=verdicts)
        made = corpus.build(small, WORK / name, words)
        write_json(ASSETS / "runs" / name / "manifest.json", made, indent=1)
    return manifest


def reason(name: str | None) -> dict[str, str]:
    """Train one of the models of `REASONING` from the checkpoints that it needs."""
    if name not in REASONING:
        raise UsageError(f"reason needs a model: one of {', '.join(REASONING)}")
    needed, train = REASONING[name]
    if missing := [start for start in needed if not (ASSETS / "checkpoints" / start).exists()]:
        raise UsageError(f"{name} needs {' and '.join(missing)}: train that first")
    torch.set_num_threads(1)
    train(pipeline.Paths(WORK / "runs", ASSETS))
    return {"checkpoint": str(ASSETS / "checkpoints" / name)}


def shipped_model(stage: str, name: str | None) -> tuple[Sampler, Path]:
    """The model that a stage evaluates, and the folder for its results."""
    if name not in shipped.folders():
        raise UsageError(f"{stage} needs a model: one of {', '.join(shipped.folders())}")
    return Sampler.load(shipped.folders()[name]), ASSETS / "runs" / name


def record_samples() -> dict[str, str]:
    """Record the runs that pages open with; nothing is selected by its outcome."""
    recorders = (recorded_experts, recorded_training, recorded_cache)
    names = [name for one in recorders for name in one.record(ASSETS / "samples")]
    return record_reasoning() | dict.fromkeys(names, "recorded")


def renew_cards() -> dict[str, str]:
    """Update recorded runs to the cards of the shipped models and the current schema, without
    running a model."""
    ids: dict[str, str] = {}
    for path in sorted((ASSETS / "samples").glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if not {"request", "study", "nats", "runs"}.isdisjoint(content):  # not a run of a model
            continue
        runs = content.get("traces", [content])
        traces = [_with_card(Trace.from_json(run)) for run in runs]
        renewed = [trace.to_json() for trace in traces]
        content = content | {"traces": renewed} if "traces" in content else renewed[0]
        write_json(path, content)
        ids |= {f"{path.stem}-{i}": trace.id for i, trace in enumerate(traces)}
    return ids


def _with_card(trace: Trace) -> Trace:
    name = trace.card.name
    return replace(trace, card=card(read_config(shipped.FOLDER / name), name))


def record_reasoning() -> dict[str, str]:
    """Record what the Reasoning page opens with, in every language of the tasks."""
    made: dict[str, str] = {}
    for language in get_args(Language):
        made |= _record_reasoning(language)
    return made


def _record_reasoning(language: Language) -> dict[str, str]:
    """Record one question with up to four columns.

    It is the first held-out problem of seed 0 at chain level 3, at temperature 1 and seed 0. The
    available models of the story answer freely; remaining columns show base with its reply begun in
    two ways.
    """
    problem = next(problems("chain", 3, 0, "heldout", language))
    there = shipped.folders()
    columns = [(name, "") for name in STORY if name in there]
    begun = "<think>" + WORDS[language]["first"]
    columns += [("base", begun), ("base", "<think></think><answer>")]
    traces = [
        recorded(Sampler.load(there[name]), problem.prompt + begin, CONTEXT_TOKENS, temperature=1.0)
        for name, begin in columns[:4]
    ]
    content = {
        "date": traces[0].info.date,
        "question": asdict(problem),
        "traces": [trace.to_json() for trace in traces],
    }
    write_json(ASSETS / "samples" / f"reasoning-{language}.json", content)
    return {f"reasoning-{language}-{i}": trace.id for i, trace in enumerate(traces)}
