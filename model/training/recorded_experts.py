"""Records what the rooms of the Experts page open with: nothing is selected by its outcome.

A room computes whatever it does not find here, so each request is made as the room makes it.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import zlib
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from model.analysis.interventions import EXAMPLE, Intervened, Intervention, intervened, knock_outs
from model.analysis.routing_after_rl import MANY, MAX_TOKENS, READERS, WRITER, problem
from model.data import held_out
from model.nn import compiled, shipped, tokenizer
from model.nn.config import ModelConfig, read_config
from model.nn.files import write_json
from model.nn.workspace import Keep, KernelModel, Run
from model.record.trace import Trace
from model.runtime import run_file
from model.runtime.batch import Request
from model.runtime.recording import recorded
from model.runtime.sampler import Sampler
from model.runtime.scheduler import Scheduler
from model.tasks import problems
from model.tasks.problem import WORDS, Language

MODEL, TOKENS = "base", 220
BALANCED = "balance-none"  # the model of the rule by hand

Wanted = Sequence[tuple[Request, Sequence[str]]]
"""Requests, each with the parts of its run that are recorded"""


def record(folder: Path) -> list[str]:
    """Write all recordings to a folder; returns their names."""
    compiled.compile_all()  # or the first run would take as long as that
    traces = {language: run(language) for language in get_args(Language)}
    contents: dict[str, Any] = {
        "experts" if language == "en" else f"experts-{language}": trace.to_json()
        for language, trace in traces.items()
    }
    contents |= openings([*traces.values()])
    for sample, content in contents.items():
        write_json(folder / f"{sample}.json", content)
    return list(contents)


def run(language: Language) -> Trace:
    """The run of the first held-out problem of seed 0; its prompt begins the thought, since a base
    model would mostly answer at once."""
    begun = f"<think>{WORDS[language]['try']}"
    prompt = next(problems("pick", 4, 0, "heldout", language)).prompt + begun
    return recorded(Sampler.load(shipped.FOLDER / MODEL), prompt, TOKENS, temperature=0.7)


def openings(traces: Sequence[Trace]) -> dict[str, Any]:
    """What the rooms draw of these runs and of texts of their own, by the names of the files."""
    scheduler = Scheduler(_load)
    return {
        f"held-out-{MODEL}": held_out_readings(scheduler),
        "interventions": run_content(scheduler, [one for t in traces for one in changed(t)]),
        "after-rl": run_content(scheduler, after_rl(scheduler)),
        "balance-scores": run_content(scheduler, gate_scores()),
    }


def _load(engine: Hashable) -> KernelModel:
    if isinstance(engine, Intervened):
        return intervened(_load(engine.model), engine.intervention)
    return KernelModel.load(shipped.FOLDER / str(engine))


def _digest(model: str) -> str:
    return hashlib.sha256((shipped.FOLDER / model / "model.safetensors").read_bytes()).hexdigest()


def run_content(scheduler: Scheduler, wanted: Wanted) -> dict[str, Any]:
    """The content of a `run_file`."""
    runs = scheduler.run([request for request, _ in wanted])
    engines = [request.engine for request, _ in wanted]
    names = {one.model if isinstance(one, Intervened) else str(one) for one in engines}
    content = {
        "date": datetime.date.today().isoformat(),
        "of": {name: _digest(name) for name in sorted(names)},
        "runs": {
            run_file.name(request): run_file.packed(run, parts)
            for run, (request, parts) in zip(runs, wanted, strict=True)
        },
    }
    return run_file.sealed(content)


def held_out_readings(scheduler: Scheduler) -> dict[str, Any]:
    """The model's losses, unchanged and under interventions, on `held_out.rows_in_turn`.

    "nats" has for each reader [R], the loss of the learnt tokens of each row; "experts" are the
    unchanged model's [R, T, M, k] as uint8, compressed by zlib and in base64; "of" names the
    weights.
    """
    folder = shipped.FOLDER / MODEL
    config = read_config(folder)
    rows = held_out.rows_in_turn(tokenizer.load(folder), config.max_position_embeddings - 1)
    nats: dict[str, list[float]] = {}
    experts = b""
    for reader in (MODEL, *(Intervened(MODEL, change) for change in interventions(config))):
        runs = scheduler.run([Request(reader, tuple(ids.tolist()), read=True) for ids, _ in rows])
        learnt = [flags for _, flags in rows]
        nats[str(reader)] = [*map(_nats, runs, learnt)]
        if reader == MODEL:
            experts = np.stack([one.expert_ids for one in runs]).astype(np.uint8).tobytes()
    return {
        "date": datetime.date.today().isoformat(),
        "of": _digest(MODEL),
        "nats": nats,
        "experts": base64.b64encode(zlib.compress(experts, 9)).decode(),
    }


def _nats(run: Run, learnt: np.ndarray) -> float:
    return -float(run.logprobs[learnt].sum(dtype=np.float64))


def interventions(config: ModelConfig) -> list[Intervention]:
    """Those that rooms read held-out text under before anything is chosen: the example, the first
    expert switched off, and what the knock-out takes away."""
    masked, named = knock_outs(config.n_routed_experts or 0, config.num_experts_per_tok or 0)
    first = Intervention(off=frozenset({(config.moe_layers[0], 0)}))
    return [*dict.fromkeys([EXAMPLE, first, *masked, *named.values()])]


def changed(trace: Trace) -> Wanted:
    """A run read by its model, read under the example of an intervention, and written under it."""
    ids, info = tuple(trace.token_ids.tolist()), trace.info
    changed = Intervened(MODEL, EXAMPLE)
    limits = (info.max_new_tokens, info.temperature, info.seed)
    read = ("logprobs", "expert_ids", "expert_weights")
    return [
        (Request(MODEL, ids, read=True), read),
        (Request(changed, ids, read=True), read),
        (Request(changed, ids[: trace.n_prompt], *limits, read=True), run_file.WRITTEN),
    ]


def after_rl(scheduler: Scheduler) -> Wanted:
    """Answers to the first problem in each language and to those of either language, and who reads
    them."""
    words = tokenizer.load(shipped.FOLDER / WRITER)
    asked_of = [problem(0, language) for language in get_args(Language)]
    asked_of += [problem(place) for place in range(MANY)]
    prompts = dict.fromkeys(one.prompt for one in asked_of)
    encoded = [(tokenizer.BOS, *tokenizer.encode(words, prompt)) for prompt in prompts]
    asked = [Request(WRITER, ids, MAX_TOKENS, read=True) for ids in encoded]
    texts = [tuple(one.token_ids.tolist()) for one in scheduler.run(asked)]
    read = [Request(reader, ids) for ids in texts for reader in READERS]
    return [*((one, run_file.WRITTEN) for one in asked), *((one, ["expert_ids"]) for one in read)]


def gate_scores() -> Wanted:
    """What the gates of a model score the first held-out row of each domain."""
    folder = shipped.FOLDER / BALANCED
    context = read_config(folder).max_position_embeddings - 1
    rows = held_out.rows_in_turn(tokenizer.load(folder), context)[: len(held_out.DOMAINS)]
    keep = Keep(scores=True)
    return [(Request(BALANCED, tuple(ids.tolist()), keep=keep), ["scores"]) for ids, _ in rows]
