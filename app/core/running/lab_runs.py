"""Lab experiments on a page: run in a slot, or recorded ones to open with."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.assets import models
from app.core.assets.files import count, filled, read_json, reporting_damage, shaped
from app.core.running.generation import visitor
from app.core.running.lab import lab
from app.core.running.run_slot import RunSlot
from app.core.running.store import Store
from model import ASSETS
from model.tasks.problem import Problem
from model.training.experiments import Finding


@dataclass(frozen=True, eq=False)
class Outcome:
    """The findings of an experiment so far; `request` is as in `training.experiments`."""

    request: Mapping[str, Any]
    found: tuple[Finding, ...]

    @property
    def id(self) -> str:
        """A hash of the request and the number of findings."""
        content = json.dumps([self.request, len(self.found)], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def problem(self) -> Problem:
        return Problem(**self.request["problem"])

    def all_of(self, name: str) -> list[Any]:
        """All values of the findings with a name, in order."""
        return [one.value for one in self.found if one.name == name]

    def last(self, name: str) -> Any:
        """The last value of the findings with a name; None if there is none."""
        return next(iter(self.all_of(name)[::-1]), None)


OUTCOMES: Store[Outcome] = Store(64)


class LabSlot(RunSlot[Outcome]):
    """A slot for experiments; an outcome is shown once it has a finding named `least`."""

    def __init__(self, name: str, least: str) -> None:
        super().__init__(name, OUTCOMES)
        self.least = least

    def run(self, request: Mapping[str, Any]) -> None:
        """Start an experiment; see `RunSlot.begin`."""

        def make(found: Sequence[Finding]) -> Outcome | None:
            outcome = Outcome(request, tuple(found))
            return outcome if outcome.all_of(self.least) else None

        self.begin(lambda: lab().submit(visitor(), request), make)


_PROBLEM = {
    "task": filled, "level": int, "language": filled, "key": filled, "question": filled,
    "answer": filled,
}  # fmt: skip
_ASKED = {"experiment": str, "model": str, "problem": _PROBLEM, "seed": int}
#: The shape of the request for each experiment, as written by `training.experiments`.
REQUESTS: Mapping[str, object] = {
    "one_step": _ASKED,
    "short_run": _ASKED | {"steps": count, "questions": count, "group": count, "asked": count},
    "decoding_times": {
        "paths": [(str, str, bool)],
        "contexts": [count],
        "rounds": count,
        "repeats": count,
    },
}
#: The shape of each finding.
FINDINGS: Mapping[str, object] = {
    "drawn": int,
    "before": [{"text": str, "tokens": int, "correct": bool}],
    "after": [{"text": str, "tokens": int, "correct": bool}],
    "step": {
        "step": int, "tokens": int, "seconds": float, "accuracy": float, "reward": float,
        "format": float,
    },
    "steps": {"path": str, "tokens": int, "seconds": [float]},
    "update": {
        "lr": float,
        "replies": [{
            "text": str, "tokens": [str], "before": [float], "after": [float], "correct": bool,
            "formatted": bool, "reward": float, "advantage": float,
        }],
    },
}  # fmt: skip


#: The findings that each experiment must have at its end.
WANTED: Mapping[str, set[str]] = {
    "one_step": {"update"},
    "short_run": {"before", "step", "after"},
    "decoding_times": {"steps"},
}


@functools.lru_cache(maxsize=16)
def recorded(name: str) -> tuple[Outcome, str]:
    """A recorded experiment, assets/samples/NAME.json, and its date."""
    path = ASSETS / "samples" / f"{name}.json"
    raw = read_json(path, {"date": str, "request": {"experiment": str}, "found": [list]})
    with reporting_damage(path):
        if not shaped(raw["request"], REQUESTS[raw["request"]["experiment"]]):
            raise TypeError("unexpected request")
        found = tuple(Finding(*one) for one in raw["found"])
        if not all(shaped(one.value, FINDINGS[one.name]) for one in found):
            raise TypeError("unexpected finding")
        if WANTED[raw["request"]["experiment"]] - {one.name for one in found}:
            raise LookupError("a finding is missing")
        for reply in [
            one for each in found if each.name == "update" for one in each.value["replies"]
        ]:
            if not len(reply["tokens"]) == len(reply["before"]) == len(reply["after"]):
                raise ValueError("a token without its probabilities")
        outcome = Outcome(raw["request"], found)
        if "problem" in raw["request"]:
            Problem(**raw["request"]["problem"])
            models.folder(raw["request"]["model"])  # it must ship, too
        return outcome, raw["date"]
