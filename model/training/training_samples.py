"""What the Training page opens with, recorded: a step, a short run, and the time machine's replies.

Each in every language of the page, on the question that its fields hold at first: number 1 of the
held-out chains of the first level, seed 0. Nothing is chosen by its outcome.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from model.nn import shipped
from model.nn.card import card
from model.nn.files import write_json
from model.record.trace import RunInfo, Trace
from model.runtime import batch, recording
from model.runtime.sampler import Sampler
from model.tasks import chain, problems
from model.tasks.check import judge
from model.tasks.problem import Language, Problem
from model.training import experiments, lab

SEED = 0
MAX_TOKENS = 512  # of a reply in the time machine; a context that is shorter ends it sooner
COUNTED = 16  # replies of each of its checkpoints whose answers are counted


def record(folder: Path) -> list[str]:
    """Write all of them; their names."""
    names = []
    for language in get_args(Language):
        problem = next(problems(chain.NAME, chain.LEVELS[0], 0, "heldout", language))
        contents = {
            "grpo-step": experiment(experiments.one_step(problem, experiments.START, SEED)),
            # to its last step, however busy the machine is
            "short-run": experiment(experiments.short_run(problem, SEED) | {"seconds": None}),
            "time-machine": time_machine(problem),
        }
        for name, content in contents.items():
            names.append(f"{name}-{language}")
            write_json(folder / f"{names[-1]}.json", content)
    return names


def experiment(request: Mapping[str, Any]) -> dict[str, Any]:
    """An experiment of the lab, done in this process."""
    found = list(lab.EXPERIMENTS[request["experiment"]](request, threading.Event()))
    for _, name, value in found:
        if name == "step":
            del value["samples"], value["by_task"]
    date = datetime.date.today().isoformat()
    return {"date": date, "request": dict(request), "found": found}


def time_machine(problem: Problem) -> dict[str, Any]:
    """Base and every checkpoint on R1-Zero's way, in their order: a reply, and how many are right.

    "counts" has `COUNTED` replies of each at temperature 1.
    """
    steps = {"base": 0} | {
        name: shipped.about(folder).steps
        for name, folder in shipped.folders().items()
        if name.startswith("r1-zero")
    }
    names = sorted(steps, key=steps.__getitem__)
    return {
        "traces": [reply(name, problem).to_json() for name in names],
        "counts": [
            {"step": steps[name], "right": right(name, problem), "n": COUNTED, "seed": SEED}
            for name in names
        ],
    }


def right(name: str, problem: Problem) -> int:
    """How many of `COUNTED` replies are right."""
    sampler = Sampler.load(shipped.folders()[name])
    ids = [sampler.encode(problem.prompt)] * COUNTED
    found = sampler.complete(ids, MAX_TOKENS, 1.0, SEED)
    return sum(judge(problem, one.text).correct for one in found)


def reply(name: str, problem: Problem) -> Trace:
    """One reply at temperature 1, without its experts: the page shows none."""
    sampler = Sampler.load(shipped.folders()[name])
    ids = sampler.encode(problem.prompt)
    run = batch.run(sampler.model, ids, MAX_TOKENS, 1.0, SEED)
    info = RunInfo(problem.prompt, 1.0, SEED, MAX_TOKENS, datetime.date.today().isoformat())
    trace = recording.record(run, card(sampler.config, name), info, sampler.tokenizer)
    none = np.zeros((trace.fed, 0, 0), np.uint8)
    return replace(trace, expert_ids=none, expert_weights=None, cache_bytes=None)
