"""Full evaluations of models, one file each, and the tables of assets/RESULTS.md made from them.

`python -m model train results NAME` evaluates a model on held-out problems of every task and level
and writes assets/runs/NAME/evaluation.json; `python -m model train tables` prints the tables.
"""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model.analysis.estimators import paired_difference
from model.nn.files import write_json
from model.nn.shipped import seeded
from model.runtime.sampler import Sampler
from model.tasks import TASKS, pick
from model.training.evaluate import evaluate
from model.training.pipeline import SEEDS
from model.training.pretrain import PAIR, TWIN_RUNS, TWINS

CHOSEN_LEVEL = 5  # measured in most detail; base is right in 5 to 25 %
HARD_LEVEL = 8  # of chains, which base hardly ever solves
PROBLEMS = 500  # per level and measure
SAMPLES = 16  # replies to each problem, for pass@k and cons@k
LEVEL_SAMPLES = 2  # replies to each problem of every level
BUDGETS = (32, 64, 128, 192, 256, 384)  # thinking tokens
SEED = 1


def measure(sampler: Sampler, folder: Path) -> dict[str, Any]:
    """Evaluate a model in full; writes evaluation.json to its run folder and returns it.

    The pair whose verdicts differ knows no chains and is evaluated on picks of one level only.
    """
    name, started = sampler.name, time.perf_counter()

    def ask(task: str, level: int = CHOSEN_LEVEL, samples: int = 1, **how: Any) -> dict[str, Any]:
        found = evaluate(sampler, task, (level,), PROBLEMS, samples, SEED, **how)
        passed = found["pass@k"]["1"]["value"]
        print(f"{name}: {task} {level} {how or 'T = 1'}  right {passed:.3f}", flush=True)
        return found

    found: dict[str, Any] = {
        "name": name,
        "date": datetime.date.today().isoformat(),
        "command": f"python -m model train results {name}",
    }
    if name in PAIR:
        found["many"] = {pick.NAME: ask(pick.NAME, samples=SAMPLES)}
    else:
        found |= everything(ask)
    found["minutes"] = round((time.perf_counter() - started) / 60, 1)
    write_json(folder / "evaluation.json", found)
    return found


def everything(ask: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """All measures for a model that knows both tasks."""
    return {
        "levels": {
            task: {str(level): ask(task, level, LEVEL_SAMPLES) for level in family.LEVELS}
            for task, family in TASKS.items()
        },
        "greedy": {task: ask(task, temperature=0.0) for task in TASKS},
        "many": {task: ask(task, samples=SAMPLES) for task in TASKS},
        "budget": {task: [ask(task, budget=budget) for budget in BUDGETS] for task in TASKS},
    }


def tables(runs: Path) -> str:
    """The tables of assets/RESULTS.md, in Markdown, from the files in runs/*/."""
    parts = [costs_table(runs), twins_table(runs), domains_table(runs)]
    evaluations = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(runs.glob("*/evaluation.json"))
    }
    measured = [evaluations[name] for name in ORDER if name in evaluations]
    parts += [story_table(evaluations, task) for task in TASKS]
    for table in (levels_table, replies_table, budget_table):
        parts += [table(measured, task) for task in TASKS]
    parts.append(pair_table([evaluations[name] for name in PAIR if name in evaluations]))
    return "\n\n".join(parts)


#: models of `story_table`
STORY = (
    *("base", "sft-only", "r1-zero", "r1"),
    *("student-base", "student-rl", "distilled-control", "distilled"),
)
#: order of rows in the long tables
ORDER = (
    "base",
    "sft-only",
    *(seeded("r1-zero", seed) for seed in SEEDS),
    "r1-dev1",
    "r1-dev2",
    "r1-dev3",
    "r1",
    "student-base",
    *(
        seeded(name, seed)
        for name in ("student-rl", "distilled-control", "distilled")
        for seed in SEEDS
    ),
)


def costs_table(runs: Path) -> str:
    """Each model's initial checkpoint and training time, including the sampling of its training
    data if that was timed."""
    found = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in runs.glob("*/run.json")
    }
    order = {name: i for i, name in enumerate(("base", *TWIN_RUNS, *ORDER[1:]))}
    rows = []
    for name, run in sorted(found.items(), key=lambda item: order.get(item[0], len(order))):
        minutes = run["minutes"] + run.get("data", {}).get("sampling_seconds", 0) / 60
        start = f"`{run['from']}`" if "from" in run else "nothing"
        rows.append((f"`{name}`", start, f"{minutes:.1f}"))
    return _markdown(("model", "trained from", "wall-clock minutes"), rows)


def twins_table(runs: Path) -> str:
    """Attention kinds: cache, held-out loss, and its difference from MHA's on the same rows.

    Values are means over the evaluated seeds; the difference is also listed for every seed, since
    three are too few for an interval.
    """
    found = _twins(runs)
    head = (
        "model",
        "attention",
        "cache, bytes per token",
        "held-out loss, nats per token",
        "minus MHA's, same seed and rows",
        "seeds",
        "minutes each",
    )
    rows = []
    for name, seeds in found.items():
        gaps = [
            paired_difference(a["row_nats"], b["row_nats"], b["row_tokens"])[0]
            for a, b in (
                (seeds[seed]["heldout"], found["base-mha"][seed]["heldout"])
                for seed in seeds
                if name != "base-mha" and seed in found.get("base-mha", {})
            )
        ]
        results = list(seeds.values())
        rows.append(
            (
                f"`{name}`",
                results[0]["attention"],
                f"{results[0]['bytes_per_token']:,}",
                f"{np.mean([r['heldout']['loss'] for r in results]):.3f}",
                f"{np.mean(gaps):+.3f}" if gaps else "–",
                ", ".join(f"{gap:+.3f}" for gap in gaps) or "–",
                f"{np.mean([r['minutes'] for r in results]):.0f}",
            )
        )
    return _markdown(head, rows)


def _twins(runs: Path) -> dict[str, dict[int, dict[str, Any]]]:
    """The results of each seed, by attention kind."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for run, (kind, seed) in TWIN_RUNS.items():
        path = runs / run / "heldout.json"
        if path.exists():
            found.setdefault(kind, {})[seed] = json.loads(path.read_text(encoding="utf-8"))
    return {kind: found[kind] for kind in TWINS if kind in found}


def domains_table(runs: Path) -> str:
    """Attention kinds × domains: held-out loss on each domain, averaged over seeds."""
    found = _twins(runs)
    results = {name: list(seeds.values()) for name, seeds in found.items()}
    domains = list(dict.fromkeys(d for seeds in results.values() for d in seeds[0]["domains"]))
    rows = [
        (
            f"`{name}`",
            *(f"{np.mean([r['domains'][d]['loss'] for r in seeds]):.3f}" for d in domains),
        )
        for name, seeds in results.items()
    ]
    return _markdown(("loss, nats per token", *domains), rows)


def story_table(evaluations: dict[str, dict[str, Any]], task: str) -> str:
    """The story in one table: a task's chosen level, at T = 1 except for the greedy column."""
    head = (
        f"{task}, level {CHOSEN_LEVEL}",
        "right, %",
        "other seeds",
        "greedy",
        f"cons@{SAMPLES}",
        "tokens, mean",
        "checks itself, %",
    )
    rows = []
    for name in STORY:
        if name not in evaluations:
            continue
        e = evaluations[name]
        replies = e["many"][task]
        seeds = [
            evaluations[other] for seed in SEEDS[1:] if (other := seeded(name, seed)) in evaluations
        ]
        others = [one["many"][task]["pass@k"]["1"]["value"] for one in seeds]
        rows.append(
            (
                f"`{name}`",
                _percent(replies["pass@k"]["1"]),
                ", ".join(f"{100 * value:.1f}" for value in others) or "–",
                _percent(e["greedy"][task]["pass@k"]["1"]),
                _percent(e["many"][task]["cons@k"][str(SAMPLES)]),
                _tokens(replies["tokens_mean"]),
                _percent(replies["checks"]),
            )
        )
    return _markdown(head, rows)


def of_level(evaluation: dict[str, Any], task: str, level: str) -> dict[str, Any]:
    """The measures at a level, from the evaluation with the most replies."""
    if level == str(CHOSEN_LEVEL):
        return evaluation["many"][task]
    return evaluation["levels"][task][level]


def levels_table(evaluations: list[dict[str, Any]], task: str) -> str:
    """Models × levels of a task: accuracy at T = 1, greedy, and by majority vote.

    With `LEVEL_SAMPLES` replies to each problem, `SAMPLES` at the chosen level, and one if greedy.
    """
    levels = [str(level) for level in TASKS[task].LEVELS]
    head = (
        f"{task}, right in %",
        *(f"level {level}" for level in levels),
        f"greedy, level {CHOSEN_LEVEL}",
        f"cons@{SAMPLES}, level {CHOSEN_LEVEL}",
    )
    rows = [
        (
            f"`{e['name']}`",
            *(_percent(of_level(e, task, level)["pass@k"]["1"]) for level in levels),
            _percent(e["greedy"][task]["pass@k"]["1"]),
            _percent(e["many"][task]["cons@k"][str(SAMPLES)]),
        )
        for e in evaluations
    ]
    return _markdown(head, rows)


def replies_table(evaluations: list[dict[str, Any]], task: str) -> str:
    """Properties of replies, at T = 1 and the chosen level, with many replies per problem."""
    head = (
        f"{task}, level {CHOSEN_LEVEL}",
        "tokens, mean",
        "tokens, median",
        "steps right, %",
        "checks itself, %",
        "wrong values noticed, %",
        "right values doubted, %",
        "turns wrong → right, per 100 replies",
        "turns right → wrong, per 100 replies",
        "in format, %",
        "words in the question's language, %",
    )
    keys = (
        *("steps_right", "checks", "errors_noticed", "false_alarms"),
        *("wrong_to_right", "right_to_wrong", "format", "language"),
    )
    rows = []
    for e in evaluations:
        replies = e["many"][task]
        rows.append(
            (
                f"`{e['name']}`",
                _tokens(replies["tokens_mean"]),
                _tokens(replies["tokens_median"]),
                *(_percent(replies[key]) for key in keys),
            )
        )
    return _markdown(head, rows)


def budget_table(evaluations: list[dict[str, Any]], task: str) -> str:
    """Accuracy in % when thinking is cut off at each budget."""
    head = (f"{task}, level {CHOSEN_LEVEL}", *(f"{budget} tokens" for budget in BUDGETS))
    rows = [
        (f"`{e['name']}`", *(_percent(cut["pass@k"]["1"]) for cut in e["budget"][task]))
        for e in evaluations
    ]
    return _markdown(head, rows)


def pair_table(evaluations: list[dict[str, Any]]) -> str:
    """The two models whose verdicts differ: how reliably they judge their own tries at picks."""
    head = (
        f"pick, level {CHOSEN_LEVEL}",
        "right, %",
        "wrong sums rejected, %",
        "right sums rejected, %",
        "verdicts on wrong sums and on right ones",
    )
    rows = []
    for e in evaluations:
        replies = e["many"][pick.NAME]
        noticed, doubted = replies["errors_noticed"], replies["false_alarms"]
        rows.append(
            (
                f"`{e['name']}`",
                *map(_percent, (replies["pass@k"]["1"], noticed, doubted)),
                f"{noticed['n']:,} and {doubted['n']:,}",
            )
        )
    return _markdown(head, rows)


def _tokens(measure: dict[str, Any]) -> str:
    low, high = measure["interval"]
    return f"{measure['value']:.0f} [{low:.0f}, {high:.0f}]"


def _percent(measure: dict[str, Any]) -> str:
    if measure["value"] is None:
        return "–"
    low, high = (100 * x for x in measure["interval"])
    return f"{100 * measure['value']:.1f} [{low:.1f}, {high:.1f}]"


def _markdown(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
