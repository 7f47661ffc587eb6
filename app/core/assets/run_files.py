"""Recorded runs that pictures need, found by their requests: files of `run_file` in assets/samples.

A run that is not there, or was recorded with other weights, is left to be computed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from app.core.assets import models
from app.core.assets.files import filled, read_json, reporting_damage
from model import ASSETS
from model.analysis.interventions import Intervened
from model.nn.workspace import Run
from model.runtime import run_file
from model.runtime.batch import Request

_SHAPE = {"date": filled, "of": {str: filled}, "runs": {str: dict}, "sha256": filled}


@lru_cache(maxsize=8)
def _content(file: str) -> dict[str, Any]:
    path = ASSETS / "samples" / f"{file}.json"
    found = read_json(path, _SHAPE)
    with reporting_damage(path):
        if not run_file.is_whole(found):
            raise ValueError("not what was recorded")
    return found


@lru_cache(maxsize=512)
def recorded(file: str, request: Request) -> Run | None:
    """The run that assets/samples/FILE.json has for a request, if it has one.

    Raises:
        DamagedFileError: if the file is damaged.
    """
    found, engine = _content(file), request.engine
    model = engine.model if isinstance(engine, Intervened) else str(engine)
    raw = found["runs"].get(run_file.name(request))
    if raw is None or found["of"].get(model) != models.digest(model, "model.safetensors"):
        return None
    return run_file.unpacked(raw, request, models.card(model), found["date"])
