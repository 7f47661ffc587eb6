"""Files that ship with the app, damaged inside: told by name, or all is there that is drawn.

What pages compute of a file without a browser is computed here; the pages themselves are opened by
`tests/app/test_damaged_files.py`.
"""

from __future__ import annotations

import functools
import json
import random
import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from app.core.asking import judged_reply
from app.core.assets import evaluations, models, published, recorded_runs, run_files
from app.core.assets.files import DamagedFileError
from app.core.running import lab_runs
from app.core.texts import speaking
from app.export import figures
from app.pages.cache.decoding import timing
from app.pages.cache.kv_size import configs
from app.pages.cache.latent import study
from app.pages.experts import held_out
from app.pages.experts.balance import runs
from app.pages.start import state as start
from app.pages.training import training_runs
from app.pages.training.time_machine import room as time_machine
from app.ui.components.reasoning_view import payload
from model import ASSETS
from model.analysis.estimators import wilson
from model.runtime.batch import Request
from model.tasks import TASKS
from tests.fuzz.records import damaged


def forget() -> None:
    """Clear the caches of all files that the app reads."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("app.", "model.analysis.kv_size")):
            for part in vars(module).values():
                if isinstance(part, functools._lru_cache_wrapper):
                    part.cache_clear()


def time_machines() -> None:
    for trace in time_machine.recorded("en"):
        payload(trace, judged_reply.read(trace))
    for one in time_machine.recorded_counts("en"):
        assert 0 <= one.right / one.n <= 1 and wilson(one.right, one.n)


def replies() -> None:
    for trace in (*judged_reply.recorded("en"), *start.of_language("en")):
        payload(trace, judged_reply.read(trace))


def steps() -> None:
    outcome, _ = lab_runs.recorded("grpo-step-en")
    found = outcome.last("update")["replies"]
    assert outcome.problem.question and statistics.fmean(one["reward"] for one in found) < np.inf
    for one in found:
        rows = zip(one["tokens"], one["before"], one["after"], strict=True)
        assert all(f"{token} {before:.3f} {after:.3f}" for token, before, after in rows)


def short_runs() -> None:
    outcome, _ = lab_runs.recorded("short-run-en")
    for when in ("before", "after"):
        assert sum(one["tokens"] for one in outcome.last(when)) / len(outcome.last(when)) < np.inf
    assert [(one["step"], one["accuracy"], one["format"]) for one in outcome.all_of("step")]
    assert outcome.request["questions"] * outcome.request["group"] * outcome.request["asked"]


def times() -> None:
    outcome, _ = lab_runs.recorded(timing.SAMPLE)
    timing.times_of(outcome)


def latents() -> None:
    if (found := study.recorded()) is not None:
        measured = found.study
        assert np.isfinite(measured.values).all() and sum(measured.learnt) > 0


def evaluated() -> None:
    found = evaluations.needed("r1-zero")
    for task in TASKS:
        for measure in ("pass@k", "cons@k"):
            assert evaluations.by_k(found, task, measure)
        assert evaluations.by_budget(found, task)
        evaluations.typical("r1-zero", task, 3)
    training_runs.trained("r1-zero")


def logged() -> None:
    names = training_runs.reinforced()
    if names:
        training_runs.telling({name: training_runs.log(name) for name in names})
    if "r1-zero" in names:
        for task in TASKS:
            found = training_runs.needed("r1-zero", task)
            assert training_runs.ends(found.accuracy) and found.wrong
        for entry in training_runs.log("r1-zero"):
            assert all(f"{one['reward']:g}" for one in entry.get("samples", []))


def summed() -> None:
    training_runs.trained("r1-zero")
    if found := training_runs.summary("r1-zero"):
        assert found["run"]["questions"] * found["run"]["group"] and found["from"]


def measured() -> None:
    found = models.heldout_results("balance-bias")
    assert 1 / found["bytes_per_token"] and runs.difference("balance-bias", "balance-none")
    assert np.array(found["balance"]["load"]).ndim == np.array(found["balance"]["bias"]).ndim == 3
    np.array(found["max_vio"]["per_layer"]).mean(axis=1)


def shipped() -> None:
    training_runs.checkpoints()
    for name in models.twins():
        models.card(name)


def theirs() -> None:
    for name in published.TABLES:
        published.table(name).records()
    for name in ("pass@1", "cons@16", "length"):
        published.curve(name)
    assert published.o1() and published.ablation()


#: Files of runs by their requests, and a request that none of them knows: their hash tells all.
RUN_FILES = ("interventions", "after-rl", "balance-scores")
NONE = Request("base", (0,))

#: A file, and what is made of it.
READ: Mapping[str, Callable[[], object]] = {
    "samples/time-machine-en.json": time_machines,
    "samples/reasoning-en.json": replies,
    "samples/held-out-base.json": lambda: held_out.recorded("base"),
    **{
        f"samples/{name}.json": functools.partial(run_files.recorded, name, NONE)
        for name in RUN_FILES
    },
    "samples/experts.json": lambda: recorded_runs.trace("experts"),
    "samples/cache-base-mla.json": lambda: recorded_runs.trace("cache-base-mla"),
    "samples/grpo-step-en.json": steps,
    "samples/short-run-en.json": short_runs,
    "samples/decoding-times.json": times,
    "samples/latent-study.json": latents,
    "runs/r1-zero/evaluation.json": evaluated,
    "runs/r1-zero/log.jsonl": logged,
    "runs/r1-zero/run.json": summed,
    "runs/balance-bias/heldout.json": measured,
    "checkpoints/base-mha/about.json": shipped,
    "checkpoints/base-mha/config.json": shipped,
    "reference/published.json": theirs,
    "reference/routing.json": models.published_routing,
    "reference/kv_configs.json": configs.published,
    "reference/family_defaults.json": configs.published,
}
#: Of these any change at all is told.
KNOWN = ("reference/", *(f"samples/{name}.json" for name in RUN_FILES))


def drawn_from(file: str) -> list[str]:
    """The exported figures that need a file."""
    with speaking("en"):
        return [name for name, known in figures.FIGURES.items() if file in known.needs()]


@functools.cache
def shipped_text(file: str) -> str:
    return (ASSETS / file).read_text(encoding="utf-8")


def damaged_text(rng: random.Random, file: str) -> str:
    """A file's text with damage inside: still JSON, but with one to three values changed."""
    text = shipped_text(file)
    if not file.endswith(".jsonl"):
        return json.dumps(damaged(rng, json.loads(text)))
    lines = text.splitlines()
    place = rng.randrange(len(lines))
    lines[place] = json.dumps(damaged(rng, json.loads(lines[place])))
    return "\n".join(lines) + "\n"


def case(rng: random.Random) -> None:
    file = rng.choice(sorted(READ))
    content, read = damaged_text(rng, file), Path.read_text

    def put(path: Path, *how: Any, **more: Any) -> str:
        return content if path == ASSETS / file else read(path, *how, **more)

    forget()
    with mock.patch.object(Path, "read_text", put):
        try:
            READ[file]()
            for name in drawn_from(file):
                assert figures.figure(name, "en").rows
        except DamagedFileError as error:
            assert error.file == file
        else:
            assert not file.startswith(KNOWN) or json.loads(content) == json.loads(
                shipped_text(file)
            )
    forget()
