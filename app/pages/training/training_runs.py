"""What training left on disk: logs, settings, costs and evaluations of each model; without torch.

Files are read again when they change, so a run in progress appears by itself and grows.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.assets import evaluations, models
from app.core.assets.files import DamagedFileError, count, filled, reporting_damage, shaped
from model import ASSETS
from model.nn import shipped
from model.nn.shipped import without_seed
from model.tasks import TASKS

#: Models whose log is one of GRPO, in the order in which they are offered.
REINFORCED = ("r1-zero", "r1-dev2", "r1", "student-rl")
PRETRAINED = ("base", "student-base", "verdict-digits", "verdict-word")
WINDOW = 9  # steps of the moving mean; of a long run a twelfth of it
RUNS = ASSETS / "runs"
ENDS = 10  # steps that "the first" and "the last" mean
MOST_OF_IT = 0.8  # of a gain: what the texts call four fifths


@functools.lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> str:
    return path.read_text(encoding="utf-8")


def _text(path: Path) -> str | None:
    """A file's current text; None if there is no such file."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return None


def _json(path: Path) -> dict[str, Any] | None:
    text = _text(path)
    with reporting_damage(path):
        return None if text is None else json.loads(text)


def log(name: str) -> list[dict[str, Any]]:
    """The entries of a GRPO run so far; [] if there is none. See `model.training.grpo`."""
    path = RUNS / name / "log.jsonl"
    with reporting_damage(path):
        return list(_entries(_text(path) or ""))


_ENTRY = {
    "step": int, "accuracy": float, "length": float, "checks": float, "format": float,
    "only_format": float, "language": float,
    "by_task": {str: {"accuracy": float, "length": float, "checks": float}},
}  # fmt: skip
_SAMPLE = {
    "task": str, "question": str, "answer": str, "reply": str, "right": bool, "reward": float,
}  # fmt: skip


@functools.lru_cache(maxsize=16)
def _entries(text: str) -> tuple[dict[str, Any], ...]:
    # a line that is being written has no end yet
    lines = [json.loads(line) for line in text.split("\n")[:-1]]
    entries = tuple(line for line in lines if "accuracy" in line)
    for entry in entries:
        samples = entry.get("samples")
        if not shaped(entry, _ENTRY) or not (samples in (None, []) or shaped(samples, [_SAMPLE])):
            raise TypeError("unexpected entry")
        if entry["by_task"].keys() != entries[0]["by_task"].keys():
            raise LookupError("a task is missing")
    return entries


_SUMMARY = {"run": dict, "minutes": float}
_REINFORCED = {
    "run": {
        "questions": count, "group": count, "seed": int, "levels": {task: [int] for task in TASKS},
    },
    "from": filled,
}  # fmt: skip


def summary(name: str) -> dict[str, Any] | None:
    """run.json: settings, cost and data of a run that has ended."""
    path = RUNS / name / "run.json"
    found = _json(path)
    if found is None:
        return None
    with reporting_damage(path):
        if not shaped(found, _SUMMARY):
            raise TypeError("unexpected summary")
        grpo = name in REINFORCED or "group" in found["run"]
        if grpo and not shaped(found, _REINFORCED):
            raise TypeError("unexpected GRPO summary")
    return found


def finished(name: str) -> str:
    """The date on which a shipped model's training ended."""
    return str(models.shipped()[name]["date"])


def practised(name: str, task: str) -> list[int]:
    """The levels of a task that a shipped GRPO run trained on.

    Raises:
        DamagedFileError: if its summary is missing.
    """
    if (found := summary(name)) is None:
        raise DamagedFileError(RUNS / name / "run.json")
    levels: list[int] = found["run"]["levels"][task]
    return levels


def reinforced() -> list[str]:
    """The GRPO runs with at least two steps to draw."""
    return [name for name in REINFORCED if len(log(name)) > 1]


def command(name: str) -> str:
    """The command that makes a model."""
    return f"python -m model train {'pretrain' if name in PRETRAINED else 'reason'} {name}"


# --- Curves ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curves:
    """A GRPO run's measures by step: shares from 0 to 1, length in tokens."""

    step: list[int]
    accuracy: list[float]
    length: list[float]
    checks: list[float]
    only_format: list[float]

    @property
    def wrong(self) -> list[float]:
        """The share neither right nor in the format."""
        return [
            max(0.0, 1 - right - f)
            for right, f in zip(self.accuracy, self.only_format, strict=True)
        ]


def of_task(entries: Sequence[dict[str, Any]], task: str) -> list[dict[str, Any]]:
    """The log's entries, with the measures of one task instead of those of all tasks."""
    return [{**entry, **entry["by_task"][task]} for entry in entries]


def curves(entries: Sequence[dict[str, Any]]) -> Curves:
    """The curves in a log."""
    columns = {
        key: [entry[key] for entry in entries]
        for key in ("step", "accuracy", "length", "checks", "only_format")
    }
    return Curves(**columns)


def needed(name: str, task: str) -> Curves:
    """The curves of one task in a shipped GRPO run.

    Raises:
        DamagedFileError: if the run has fewer than two steps.
    """
    entries = log(name)
    if len(entries) < 2:
        raise DamagedFileError(RUNS / name / "log.jsonl")
    return curves(of_task(entries, task))


def window_of(steps: int) -> int:
    """Width in steps of the moving mean over a run of `steps`; odd, since it is centred."""
    return max(WINDOW, steps // 12 | 1)


def smooth(values: Sequence[float], window: int | None = None) -> list[float]:
    """A centred moving mean; near the ends, the mean of the values that exist."""
    half = (window or window_of(len(values))) // 2
    parts = [values[max(0, i - half) : i + half + 1] for i in range(len(values))]
    return [sum(part) / len(part) for part in parts]


def ends(values: Sequence[float]) -> tuple[float, float]:
    """The means of the first and the last `ENDS` steps, or of fewer in a short run."""
    n = min(ENDS, max(1, len(values) // 2))
    return sum(values[:n]) / n, sum(values[-n:]) / n


def mostly_by(curve: Curves) -> int:
    """The step by which the length has covered four fifths of the change between its `ends`.

    Read off a moving mean of `WINDOW` steps, short enough not to date an early rise too late.
    """
    first, last = ends(curve.length)
    gain = last - first
    for step, length in zip(curve.step, smooth(curve.length, WINDOW), strict=True):
        if (length - first) * gain >= MOST_OF_IT * gain * gain:
            return step
    return curve.step[-1]


def knowing(
    entries: Sequence[dict[str, Any]], window: int | None = None
) -> dict[str, list[float | None]] | None:
    """What the replies' own verdicts are worth, as moving shares; None for a log that lacks them.

    "noticed": the share of judged wrong values that were rejected; "doubted": the same of right
    ones. None at a step with no such value judged in its window.
    """
    if not all("verdicts" in entry for entry in entries):
        return None
    half = (window or window_of(len(entries))) // 2

    def share(part: str, whole: str) -> list[float | None]:
        found: list[float | None] = []
        for i in range(len(entries)):
            near = [entry["verdicts"] for entry in entries[max(0, i - half) : i + half + 1]]
            n = sum(one[whole] for one in near)
            found.append(sum(one[part] for one in near) / n if n else None)
        return found

    return {"noticed": share("noticed", "wrong"), "doubted": share("doubted", "right")}


def languages(entries: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    """Share of words in the question's language, as a moving mean."""
    return {"language": smooth([entry["language"] for entry in entries])}


def telling(logs: Mapping[str, Sequence[dict[str, Any]]]) -> tuple[str, str]:
    """The name of the run, and the task, whose accuracy and length rise together the most.

    Ranked by the gain in accuracy times the logarithm of the growth in length, from the first steps
    to the last; if no run has both, by the gain in accuracy.
    """

    def rise(name: str, task: str) -> tuple[bool, float]:
        found = curves(of_task(logs[name], task))
        before, after = ends(found.accuracy)
        short, long = ends(found.length)
        grown = math.log(long / short) if short > 0 and long > 0 else 0.0
        together = after > before and grown > 0
        return together, (after - before) * (grown if together else 1.0)

    pairs = [(name, task) for name, entries in logs.items() for task in entries[0]["by_task"]]
    return max(pairs, key=lambda pair: rise(*pair))


# --- The pipeline ------------------------------------------------------------------------------


@dataclass(frozen=True)
class SolvedShare:
    """The share of held-out problems solved, with its 95 % interval."""

    task: str
    level: int
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class TrainedModel:
    """A model trained here: on what, at what cost, and how good it is."""

    name: str
    kind: str  # "pretrain", "grpo", "sft", or "sampled": SFT on what passed of a model's replies
    numbers: dict[str, float]  # for the words about its data
    minutes: float
    results: tuple[SolvedShare, ...]  # () if not evaluated yet


def trained(name: str) -> TrainedModel | None:
    """A model's training record; None if it is not trained yet."""
    found = summary(name)
    if found is None:
        return None
    with reporting_damage(RUNS / name / "run.json"):
        settings, data = found["run"], found.get("data", {})
        if "group" in settings:
            kind = "grpo"
            if not (entries := log(name)):
                raise DamagedFileError(RUNS / name / "log.jsonl")
            numbers = {key: settings[key] for key in ("questions", "group")}
            # the settings of a run with a time limit do not state its steps
            numbers |= {"steps": entries[-1]["step"], "tokens": data["rollout_tokens"]}
        elif "documents" in data:
            kind = "sampled" if "sampled" in data else "sft"
            wanted = ("documents", "sampled", "kept", "sampling_seconds")
            numbers = {key: data[key] for key in wanted if key in data}
            numbers["tokens"] = data["tokens_seen"]
        else:
            kind, numbers = "pretrain", {"tokens": _tokens(name)}
        if not shaped(numbers, {key: float if "seconds" in key else int for key in numbers}):
            raise TypeError("unexpected number")
    return TrainedModel(name, kind, numbers, found["minutes"], _results(name))


def _tokens(name: str) -> int:
    """How many tokens a shipped checkpoint was pre-trained on; 0 if it does not ship."""
    path = ASSETS / "checkpoints" / name / "about.json"
    about = _json(path)
    if about is None:
        return 0
    with reporting_damage(path):
        if not shaped(about, {"tokens": int}):
            raise TypeError("unexpected number of tokens")
    return int(about["tokens"])


def seeds(name: str) -> dict[int, TrainedModel]:
    """The evaluated repeats of a training with other seeds: NAME-seed1 and so on."""
    found = {
        without_seed(path.parent.name)[1]: trained(path.parent.name)
        for path in RUNS.glob(f"{name}-seed*/run.json")
    }
    return {seed: one for seed, one in sorted(found.items()) if one is not None and one.results}


def _results(name: str) -> tuple[SolvedShare, ...]:
    evaluation, found = evaluations.read(RUNS / name / "evaluation.json"), []
    for task, many in (evaluation or {"many": {}})["many"].items():
        measure = many["pass@k"]["1"]
        low, high = measure["interval"]
        found.append(
            SolvedShare(task, many["levels"][0], measure["value"], low, high, measure["n"])
        )
    return tuple(found)


# --- Checkpoints along the way -----------------------------------------------------------------


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of R1-Zero's training: the name of its folder, and its number of steps."""

    name: str
    step: int


def checkpoints() -> list[Checkpoint]:
    """Base and R1-Zero's checkpoints by steps; base alone if there are none."""
    found = [Checkpoint("base", 0)]
    for folder in shipped.on_the_way(ASSETS / "checkpoints" / "r1-zero"):
        path = folder / "about.json"
        if (about := _json(path)) is not None:
            with reporting_damage(path):
                if not shaped(about, {"steps": int}):
                    raise TypeError("unexpected number of steps")
            found.append(Checkpoint(folder.name, about["steps"]))
    return found
