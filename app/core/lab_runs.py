"""Experiments of the lab on a page: asked for in a slot, and recorded ones to open with."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.files import read_json, reading
from app.core.generation import visitor
from app.core.lab import Found, lab
from app.core.run_slot import RunSlot
from app.core.store import Store
from model import ASSETS
from model.tasks.problem import Problem


@dataclass(frozen=True, eq=False)
class Outcome:
    """What an experiment has found, all of it or so far; `request` as in `training.experiments`."""

    request: Mapping[str, Any]
    found: tuple[Found, ...]

    @property
    def id(self) -> str:
        """Name of what was asked, and of how much was found."""
        content = json.dumps([self.request, len(self.found)], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def problem(self) -> Problem:
        return Problem(**self.request["problem"])

    def all_of(self, name: str) -> list[Any]:
        """Every value of a name, in order."""
        return [one.value for one in self.found if one.name == name]

    def last(self, name: str) -> Any:
        """The last value of a name; None if there is none."""
        return next(iter(self.all_of(name)[::-1]), None)


OUTCOMES: Store[Outcome] = Store(64)


class LabSlot(RunSlot[Outcome]):
    """A slot for experiments; an outcome is shown once it has a value named `least`."""

    def __init__(self, name: str, least: str) -> None:
        super().__init__(name, OUTCOMES)
        self.least = least

    def run(self, request: Mapping[str, Any]) -> None:
        """Have an experiment done; see `RunSlot.begin`."""

        def make(found: Sequence[Found]) -> Outcome | None:
            outcome = Outcome(request, tuple(found))
            return outcome if outcome.all_of(self.least) else None

        self.begin(lambda: lab().submit(visitor(), request), make)


@functools.lru_cache(maxsize=16)
def recorded(name: str) -> tuple[Outcome, str]:
    """A recorded experiment, assets/samples/NAME.json, and its date."""
    path = ASSETS / "samples" / f"{name}.json"
    raw = read_json(path)
    with reading(path):
        return Outcome(raw["request"], tuple(Found(*one) for one in raw["found"])), raw["date"]
