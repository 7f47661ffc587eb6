"""What models can do, in one file each, and the tables of assets/RESULTS.md that are made of them.

`python -m model train results NAME` measures a model on held-out problems of every task and level,
writes assets/runs/NAME/evaluation.json; `python -m model train tables` prints the tables.
"""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.analysis.estimators import paired_difference
from model.nn.files import write_json
from model.runtime.sampler import Sampler
from model.tasks import TASKS
from model.training.distill import SEEDS, seeded
from model.training.evaluate import evaluate

CHOSEN_LEVEL = 3  # base is right in 10 to 40 % of its chains; measured most
PROBLEMS = 500  # of every level, and for every measure
SAMPLES = 16  # replies to each problem, for pass@k and cons@k
BUDGETS = (32, 64, 96, 128, 160, 192, 224)  # thinking tokens
SEED = 1


def measure(sampler: Sampler, folder: Path) -> dict[str, Any]:
    """Evaluate a model in full; write evaluation.json into its run folder and return it."""
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
        "levels": {
            task: {str(level): ask(task, level) for level in family.LEVELS}
            for task, family in TASKS.items()
        },
        "greedy": {task: ask(task, temperature=0.0) for task in TASKS},
        "many": {task: ask(task, samples=SAMPLES) for task in TASKS},
        "budget": {task: [ask(task, budget=budget) for budget in BUDGETS] for task in TASKS},
    }
    found["minutes"] = round((time.perf_counter() - started) / 60, 1)
    write_json(folder / "evaluation.json", found)
    return found


def tables(runs: Path) -> str:
    """The tables of assets/RESULTS.md, in Markdown, of what runs/*/ holds."""
    parts = [costs_table(runs), twins_table(runs), domains_table(runs)]
    evaluations = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(runs.glob("*/evaluation.json"))
    }
    ordered = [name for name in ORDER if name in evaluations]
    ordered += [name for name in evaluations if name not in ORDER]
    measured = [evaluations[name] for name in ordered]
    parts.append(story_table(evaluations))
    for table in (levels_table, replies_table, budget_table):
        parts += [table(measured, task) for task in TASKS]
    return "\n\n".join(parts)


#: models of `story_table`
STORY = (
    *("base", "sft-only", "r1-zero", "r1"),
    *("student-base", "student-rl", "distilled-control", "distilled"),
)
#: of rows in the long tables
ORDER = (
    "base",
    "sft-only",
    "r1-zero",
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
    """What each model was made from, and what it took."""
    found = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in runs.glob("*/run.json")
    }
    first = ("base", "base-mha", "base-gqa", "base-mqa")
    order = {name: i for i, name in enumerate((*first, *ORDER[1:]))}
    rows = [
        (f"`{name}`", f"`{run['from']}`" if "from" in run else "nothing", f"{run['minutes']:.1f}")
        for name, run in sorted(found.items(), key=lambda item: order.get(item[0], len(order)))
    ]
    return _markdown(("model", "trained from", "minutes on one core"), rows)


def twins_table(runs: Path) -> str:
    """Attention kinds: cache, held-out loss and its difference from MHA's on the same rows."""
    found = _twins(runs)
    mha = found["base-mha"]["heldout"]
    head = (
        "model",
        "attention",
        "cache, bytes per token",
        "held-out loss, nats per token",
        "less MHA's, same rows",
        "MaxVio",
        "minutes",
    )
    rows = []
    for name, r in found.items():
        loss = r["heldout"]
        difference = "–"
        if name != "base-mha":
            value, (low, high) = paired_difference(
                loss["row_nats"], mha["row_nats"], mha["row_tokens"]
            )
            difference = f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"
        violation = [sum(layers) / len(layers) for layers in r["max_vio"]["per_layer"]]
        rows.append(
            (
                f"`{name}`",
                r["attention"],
                f"{r['bytes_per_token']:,}",
                f"{loss['loss']:.3f} [{loss['interval'][0]:.3f}, {loss['interval'][1]:.3f}]",
                difference,
                f"{violation[0]:.2f} → {violation[-1]:.2f}",
                f"{r['minutes']:.0f}",
            )
        )
    return _markdown(head, rows)


def _twins(runs: Path) -> dict[str, dict[str, Any]]:
    names = ("base-mha", "base-gqa", "base-mqa", "base")
    return {
        name: json.loads((runs / name / "results.json").read_text(encoding="utf-8"))
        for name in names
    }


def domains_table(runs: Path) -> str:
    """Attention kinds × domains: held-out loss of each alone."""
    found = _twins(runs)
    domains = [*found["base"]["domains"]]
    rows = [
        (f"`{name}`", *(f"{r['domains'][domain]['loss']:.3f}" for domain in domains))
        for name, r in found.items()
    ]
    return _markdown(("loss, nats per token", *domains), rows)


def story_table(evaluations: dict[str, dict[str, Any]]) -> str:
    """The story in one table: chains of the chosen level, at T = 1 unless it says greedy."""
    head = (
        f"chain, level {CHOSEN_LEVEL}",
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
        replies = e["many"]["chain"]
        seeds = [
            evaluations[other] for seed in SEEDS[1:] if (other := seeded(name, seed)) in evaluations
        ]
        others = [one["many"]["chain"]["pass@k"]["1"]["value"] for one in seeds]
        rows.append(
            (
                f"`{name}`",
                _percent(replies["pass@k"]["1"]),
                ", ".join(f"{100 * value:.1f}" for value in others) or "–",
                _percent(e["greedy"]["chain"]["pass@k"]["1"]),
                _percent(e["many"]["chain"]["cons@k"][str(SAMPLES)]),
                _tokens(replies["tokens_mean"]),
                _percent(replies["checks"]),
            )
        )
    return _markdown(head, rows)


def of_level(evaluation: dict[str, Any], task: str, level: str) -> dict[str, Any]:
    """What was measured at a level, of as many replies as there are."""
    if level == str(CHOSEN_LEVEL):
        return evaluation["many"][task]
    return evaluation["levels"][task][level]


def levels_table(evaluations: list[dict[str, Any]], task: str) -> str:
    """Models × levels of a task: right at T = 1, greedy, and by the vote of many.

    One reply to each problem; at the chosen level the mean of many.
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
    """What replies are like, at T = 1 and the chosen level, many to each problem."""
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
    """Right in % when thinking is cut after so many tokens."""
    head = (f"{task}, level {CHOSEN_LEVEL}", *(f"{budget} tokens" for budget in BUDGETS))
    rows = [
        (f"`{e['name']}`", *(_percent(cut["pass@k"]["1"]) for cut in e["budget"][task]))
        for e in evaluations
    ]
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
