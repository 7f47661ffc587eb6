"""All figures that leave the app, by name: for the story, for frames, for files.

    shown = figure("kv-bytes", "ko")
    shown.title, shown.takeaway, shown.source  # in Korean
    shown.content  # a plotly figure, a run for `trace_view`, or replies for `reasoning_view`

Numbers come from assets alone; nothing here needs a session, a browser or the network.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from app.core.texts import speaking
from app.export.exhibit import Exhibit
from app.export.exhibits import cache, experts, pipeline, reasoning, taught

_MAKERS: dict[str, Callable[[], Exhibit]] = {
    "compute": reasoning.compute,
    "routing": experts.routing,
    "expert-load": experts.load,
    "balance": experts.balance,
    "kv-bytes": cache.twins,
    "kv-bytes-v3": cache.v3,
    "kv-loss": cache.loss,
    "r1-zero-accuracy": reasoning.accuracy,
    "r1-zero-length": reasoning.length,
    "replies": reasoning.replies,
    "pipeline": pipeline.pipeline,
    "distillation": pipeline.distillation,
    "published": pipeline.results,
    "thinking": taught.thinking,
    "stages": taught.stages,
    "taught": taught.taught,
}
NAMES = tuple(_MAKERS)


def figure(name: str, language: str) -> Exhibit:
    """One of `NAMES`, in one of the languages of `app.core.texts`.

    Raises:
        KeyError: if there is none of this name.
    """
    with speaking(language):
        return _MAKERS[name]()


@functools.cache
def titles(language: str) -> dict[str, str]:
    """All figures' titles by name."""
    return {name: figure(name, language).title for name in NAMES}
