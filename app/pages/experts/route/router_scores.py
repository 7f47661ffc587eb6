"""What the routers computed during a run: its own tokens, read once more with all scores kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import streamlit as st

from app.core import jobs
from app.core.errors import InputError
from model.analysis.routing_decision import Decision, decide
from model.record.card import ModelCard
from model.record.trace import Trace

if TYPE_CHECKING:
    from model.analysis.teacher_forcing import ForcedPass
    from model.runtime.engine import Engine


class Rereading(jobs.Job):
    """One run's tokens through its own model, at once."""

    def __init__(self, trace: Trace) -> None:
        super().__init__([])
        self.trace = trace
        self.found: ForcedPass | None = None

    def parts(self, load: Callable[[str], Engine]) -> list[Iterator[None]]:
        return [self._read(load)]

    def _read(self, load: Callable[[str], Engine]) -> Iterator[None]:
        from model.analysis.teacher_forcing import (
            teacher_force,  # here, not above: it imports torch
        )

        self.found = teacher_force(load(self.trace.card.name).model, self.trace.token_ids.tolist())
        yield


@st.cache_resource(max_entries=64, show_spinner=False)
def of(trace_id: str, _trace: Trace) -> ForcedPass:
    """The reading of a finished run, in turn with what others generate.

    Raises:
        InputError: if the model could not run; the reason is the engine's.
    """
    job = Rereading(_trace)
    jobs.worker().enqueue(job)
    while job.look() in ("waiting", "running"):
        time.sleep(0.01)
    if job.found is None:
        raise InputError(job.error or "")
    return job.found


def decision(
    reading: ForcedPass, card: ModelCard, token: int, layer: int, bias: bool = True
) -> Decision | None:
    """How the router of a layer (counted from the first with experts) decided on a token.

    None if the card does not say how it does.
    """
    kept, scale, normalise = card.topk_group, card.routed_scaling_factor, card.norm_topk_prob
    if kept is None or scale is None or normalise is None:
        return None
    own = reading.bias[layer]
    return decide(
        reading.scores[token, layer],
        own if bias else 0 * own,
        chosen=card.num_experts_per_tok,
        groups=card.groups,
        kept_groups=kept,
        scale=scale,
        normalise=normalise,
    )
