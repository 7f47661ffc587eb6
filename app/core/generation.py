"""The server's one scheduler, the models that it runs, and whose requests they are.

It is the module's own and not in one of Streamlit's caches, which any client may have cleared.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache

from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.core import models
from model.analysis.interventions import Intervention, intervened
from model.nn.room import KernelModel
from model.runtime.scheduler import Scheduler

_LOCK = threading.Lock()
_made: list[Scheduler] = []


@dataclass(frozen=True)
class Intervened:
    """A model under an intervention."""

    model: str
    intervention: Intervention


@lru_cache(maxsize=32)
def load(engine: Hashable) -> KernelModel:
    """The model that a request names, from the shipped checkpoints."""
    if isinstance(engine, Intervened):
        return intervened(load(engine.model), engine.intervention)
    return KernelModel.load(models.folder(str(engine)))


def scheduler() -> Scheduler:
    """The one scheduler; its threads live as long as the server."""
    with _LOCK:
        if not _made:
            _made.append(Scheduler(load))
        return _made[0]


def visitor() -> str:
    """Who asks: one browser tab, as the scheduler counts."""
    context = get_script_run_ctx()
    return context.session_id if context is not None else "nobody"
