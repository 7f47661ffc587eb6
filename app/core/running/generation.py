"""The server's one scheduler, the models that it runs, and the visitors of its requests.

It is kept in this module and not in one of Streamlit's caches, which any client can clear.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cache, lru_cache

from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.core.assets import models
from model.analysis.interventions import Intervened, intervened
from model.nn import compiled
from model.nn.workspace import KernelModel
from model.runtime.batch import ModelLike
from model.runtime.scheduler import Scheduler

_LOG = logging.getLogger(__name__)

_LOCK = threading.Lock()
_made: list[Scheduler] = []
_FIRST = threading.Lock()  # acquired for the first viewer, and never released


@dataclass(frozen=True)
class Derived:
    """A model with another modification; equal names mean equal modifications."""

    model: str
    name: Hashable
    derive: Callable[[KernelModel], KernelModel] = field(compare=False)


def load(engine: Hashable) -> ModelLike:
    """The model for a request's `engine`; the PyTorch network until the kernel is compiled."""
    if isinstance(engine, Derived):  # the PyTorch network does not support these
        compiled.compile_all()
    if compiled.ready():
        return _kernel(engine)
    _tell()
    return _reference(engine)


@lru_cache(maxsize=32)
def _kernel(engine: Hashable) -> KernelModel:
    if isinstance(engine, Intervened):
        return intervened(_kernel(engine.model), engine.intervention)
    if isinstance(engine, Derived):
        return engine.derive(_kernel(engine.model))
    return KernelModel.load(models.folder(str(engine)))


def _reference(engine: Hashable) -> ModelLike:
    from model.analysis import reference_interventions  # loads torch, in the first seconds only
    from model.nn import checkpoints
    from model.runtime.reference import ReferenceModel

    changed = engine.intervention if isinstance(engine, Intervened) else None
    name = engine.model if isinstance(engine, Intervened) else str(engine)
    network = checkpoints.load(models.folder(name))
    if changed is not None:
        network = reference_interventions.intervened(network, changed)
    return ReferenceModel(network, lambda: _kernel(engine))


@cache
def _tell() -> None:
    _LOG.warning("the kernel is being compiled: until then the reference network computes")


def compile_kernel() -> None:
    """Compile the kernel in the background if necessary; once per server."""
    if _FIRST.acquire(blocking=False):
        threading.Thread(target=compiled.compile_apart, daemon=True, name="kernel").start()


def scheduler() -> Scheduler:
    """The server's scheduler, whose threads live as long as the server."""
    with _LOCK:
        if not _made:
            _made.append(Scheduler(load))
        return _made[0]


def visitor() -> str:
    """The id of the current visitor: a browser tab."""
    context = get_script_run_ctx()
    return context.session_id if context is not None else "nobody"
