"""Experiments for the browser that need torch: `python -m model.training.lab`, one per process.

The request is one line of JSON on standard input. Findings are printed as they arrive, one JSON
object per line: {"progress": the share done, "name": its name, "value": its value}. The last line
of a failed experiment is {"error": a `Cause`}; details are in the log.

Standard input stays open. When it closes, the caller has stopped the experiment or is gone: the
experiment ends with its next step, and the process after `GRACE` seconds at the latest.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

import torch

from model.analysis.decoding_time import step_seconds
from model.nn import checkpoints, shipped
from model.runtime.engine import Engine
from model.tasks.problem import Problem
from model.training import grpo_step
from model.training.evaluate import attempts
from model.training.experiments import Finding
from model.training.grpo import GRPO, GRPOConfig

GRACE = 40.0  # seconds after the end of standard input until the process is ended by force
Cause = Literal["disk", "memory", "defect"]


def one_step(request: Mapping[str, Any], enough: threading.Event) -> Iterator[Finding]:
    """See `experiments.one_step`. Yields "drawn" once the group is sampled, then "update"."""
    engine = Engine.load(shipped.folders()[request["model"]])
    group = grpo_step.sample_group(engine, Problem(**request["problem"]), request["seed"])
    yield Finding(0.5, "drawn", len(group))
    if not enough.is_set():
        replies = [
            asdict(reply) | {"before": _rounded(reply.before), "after": _rounded(reply.after)}
            for reply in grpo_step.learn(engine, group)
        ]
        yield Finding(1.0, "update", {"lr": grpo_step.SETTINGS.lr, "replies": replies})


def short_run(request: Mapping[str, Any], enough: threading.Event) -> Iterator[Finding]:
    """See `experiments.short_run`. Yields the replies "before" and "after", and in between each
    "step", an entry of a GRPO log."""
    r, problem = request, Problem(**request["problem"])
    start = Engine.load(shipped.folders()[r["model"]])
    run = GRPO(
        GRPOConfig(
            "short run",
            r["seed"],
            r["steps"],
            {problem.task: (problem.level,)},
            r["questions"],
            r["group"],
            r["max_new_tokens"],
            seconds=r["seconds"],
        ),
        start,
    )

    def ask(engine: Engine) -> list[dict[str, Any]]:
        """Sample replies to the question, with the same random numbers before and after."""
        found = attempts(
            engine.sampler(), [problem], r["asked"], 1.0, r["seed"], r["max_new_tokens"]
        )[0]
        return [
            {
                "text": one.completion.text,
                "tokens": len(one.completion.token_ids),
                "correct": one.judgement.correct,
            }
            for one in found
        ]

    yield Finding(0.0, "before", ask(start))
    while run.progress < 1 and not enough.is_set():
        entry = run.advance()
        yield Finding(min(1.0, run.progress), "step", entry)
    yield Finding(1.0, "after", ask(run.engine))


def decoding_times(request: Mapping[str, Any], enough: threading.Event) -> Iterator[Finding]:
    """Seconds of single decoding steps: some "steps" of a path at a number of tokens held.

    The request has paths ([name, model, absorbed form] each), contexts, rounds over all of them,
    and repeats in each.
    """
    todo = [
        (path, name, absorb, tokens)
        for _ in range(request["rounds"])
        for tokens in request["contexts"]
        for path, name, absorb in request["paths"]
    ]
    loaded = {name: checkpoints.load(shipped.folders()[name]) for _, name, _ in request["paths"]}
    for done, (path, name, absorb, tokens) in enumerate(todo, 1):
        if enough.is_set():
            return
        step_seconds(loaded[name], tokens, absorb, 1)  # warm-up
        seconds = step_seconds(loaded[name], tokens, absorb, request["repeats"])
        value = {"path": path, "tokens": tokens, "seconds": seconds}
        yield Finding(done / len(todo), "steps", value)


def _rounded(probabilities: Sequence[float]) -> list[float]:
    return [round(p, 6) for p in probabilities]


EXPERIMENTS: dict[str, Callable[[Mapping[str, Any], threading.Event], Iterator[Finding]]] = {
    "one_step": one_step,
    "short_run": short_run,
    "decoding_times": decoding_times,
}


def _watch(enough: threading.Event) -> None:
    """Wait for the end of standard input; then stop the experiment and, later, the process."""
    sys.stdin.read()
    enough.set()
    time.sleep(GRACE)
    os._exit(1)


def cause(error: Exception) -> Cause:
    """The category of an error: full disk, out of memory, or a defect."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "disk"
    if isinstance(error, MemoryError) or "allocate memory" in str(error):  # as torch says
        return "memory"
    return "defect"


def main() -> int:
    if sys.platform != "win32":
        os.nice(5)  # serving pages has priority
    torch.set_num_threads(1)
    out, sys.stdout = sys.stdout, sys.stderr  # any other output goes to the log

    def tell(line: Mapping[str, Any]) -> None:
        print(json.dumps(line), file=out, flush=True)

    request = json.loads(sys.stdin.readline())
    enough = threading.Event()
    threading.Thread(target=_watch, args=(enough,), daemon=True).start()
    try:
        for finding in EXPERIMENTS[request["experiment"]](request, enough):
            tell(finding._asdict())
    except BrokenPipeError:  # nobody reads it any more
        return 1
    except Exception as error:
        traceback.print_exc()
        tell({"error": cause(error)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
