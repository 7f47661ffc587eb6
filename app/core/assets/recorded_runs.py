"""The recorded runs that pages open with: assets/samples. No torch."""

from __future__ import annotations

from functools import lru_cache

from app.core.assets import models
from app.core.assets.files import read_json, reporting_damage
from app.core.texts import question_language
from model import ASSETS
from model.record.trace import Trace


@lru_cache(maxsize=32)
def trace(name: str) -> Trace:
    """The run in assets/samples/NAME.json."""
    path = ASSETS / "samples" / f"{name}.json"
    with reporting_damage(path):
        found = Trace.from_json(read_json(path))
        models.folder(found.card.name)  # the model must ship, too
        if not found.expert_ids.size:
            raise ValueError("a run of our own has experts")
    return found


def spoken(name: str) -> Trace:
    """The run in assets/samples/NAME.json, or NAME-ko.json: asked in the viewer's language."""
    asked_in = question_language()
    return trace(name if asked_in == "en" else f"{name}-{asked_in}")


@lru_cache(maxsize=32)
def traces(name: str) -> tuple[Trace, ...]:
    """The runs to show side by side, in assets/samples/NAME.json."""
    path = ASSETS / "samples" / f"{name}.json"
    raw = read_json(path, {"traces": [dict]})["traces"]
    with reporting_damage(path):
        found = tuple(Trace.from_json(one) for one in raw)
        for one in found:
            models.folder(one.card.name)  # the model must ship, too
    return found
