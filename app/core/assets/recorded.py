"""Recorded runs that stand side by side. No torch."""

from __future__ import annotations

from functools import lru_cache

from app.core.assets import models
from app.core.assets.files import read_json, reading
from model import ASSETS
from model.record.trace import Trace


@lru_cache(maxsize=32)
def traces(name: str) -> tuple[Trace, ...]:
    """Those of assets/samples/NAME.json."""
    path = ASSETS / "samples" / f"{name}.json"
    raw = read_json(path, {"traces": [dict]})["traces"]
    with reading(path):
        found = tuple(Trace.from_json(trace) for trace in raw)
        for trace in found:
            models.folder(trace.card.name)  # its model ships, too
    return found
