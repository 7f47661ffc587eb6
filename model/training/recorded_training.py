"""Records what the Training page opens with: a GRPO step, a short run, the time machine's replies,
and those of the two models whose verdicts differ, if they are shipped.
Each is recorded in every language of the page, on the page's initial question: the first held-out
chain of the first level, seed 0. Nothing is selected by its outcome.
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
from model.nn.files import write_json
from model.record.trace import Trace
from model.runtime.recording import recorded
from model.runtime.sampler import Sampler
from model.tasks import chain, pick, problems
from model.tasks.check import judge
from model.tasks.problem import WORDS, Language, Problem
from model.training import experiments, lab
from model.training.pretrain import PAIR

SEED = 0
MAX_TOKENS = 512  # maximum per reply in the time machine, if the context allows
COUNTED = 16  # replies per checkpoint whose answers are counted


def record(folder: Path) -> list[str]:
    """Write all recordings to a folder; returns their names."""
    names = []
    for language in get_args(Language):
        problem = next(problems(chain.NAME, chain.LEVELS[0], 0, "heldout", language))
        contents = {
            "grpo-step": experiment(experiments.one_step(problem, experiments.START, SEED)),
            # to its last step, however busy the machine is
            "short-run": experiment(experiments.short_run(problem, SEED) | {"seconds": None}),
            "time-machine": time_machine(problem),
        }
        if all(name in shipped.folders() for name in PAIR):
            contents["verdicts"] = verdicts(language)
        for name, content in contents.items():
            names.append(f"{name}-{language}")
            write_json(folder / f"{names[-1]}.json", content)
    return names


def experiment(request: Mapping[str, Any]) -> dict[str, Any]:
    """Run an experiment of the lab in this process."""
    found = list(lab.EXPERIMENTS[request["experiment"]](request, threading.Event()))
    for _, name, value in found:
        if name == "step":
            del value["samples"], value["by_task"]
    date = datetime.date.today().isoformat()
    return {"date": date, "request": dict(request), "found": found}


def time_machine(problem: Problem) -> dict[str, Any]:
    """A reply of base and of every r1-zero checkpoint, in the order of steps.

    "counts" has the number of right ones among `COUNTED` replies of each at temperature 1.
    """
    way = map(shipped.about, shipped.on_the_way(shipped.FOLDER / "r1-zero"))
    steps = {"base": 0} | {about.name: about.steps for about in way}
    return {
        "traces": [reply(name, problem).to_json() for name in steps],
        "counts": [
            {"step": step, "right": right(name, problem), "n": COUNTED, "seed": SEED}
            for name, step in steps.items()
        ],
    }


def right(name: str, problem: Problem) -> int:
    """The number of right replies among `COUNTED`."""
    sampler = Sampler.load(shipped.folders()[name])
    ids = [sampler.encode(problem.prompt)] * COUNTED
    found = sampler.complete(ids, MAX_TOKENS, 1.0, SEED)
    return sum(judge(problem, one.text).correct for one in found)


def verdicts(language: Language) -> dict[str, Any]:
    """Replies of the pair whose verdicts differ to the first held-out pick of the easiest level,
    begun with "try"."""
    problem = next(problems(pick.NAME, pick.LEVELS[0], 0, "heldout", language))
    begin = "<think>" + WORDS[language]["try"]
    return {"traces": [reply(name, problem, begin).to_json() for name in PAIR]}


def reply(name: str, problem: Problem, begin: str = "") -> Trace:
    """A reply at temperature 1, without its experts and cache, which the page does not show."""
    sampler = Sampler.load(shipped.folders()[name])
    trace = recorded(sampler, problem.prompt + begin, MAX_TOKENS, 1.0, SEED)
    none = np.zeros((trace.fed, 0, 0), np.uint8)
    return replace(trace, expert_ids=none, expert_weights=None, cache_bytes=None)
