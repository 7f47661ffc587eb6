"""One run under an intervention, compared with the unchanged one.

Both models read the run's own tokens, so that every token's probability and route can be compared;
the model under the intervention also generates from the same prompt and seed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.running.need_slot import NeedSlot
from app.core.running.prompt_runs import PromptRun
from model.analysis import routing_statistics as routing
from model.analysis.interventions import Intervened, Intervention
from model.nn.workspace import Run
from model.record.trace import Trace
from model.runtime.batch import Request


@dataclass(frozen=True, eq=False)
class IntervenedRun:
    """A run of T tokens, and the same run under an intervention."""

    trace: Trace
    intervention: Intervention
    plain: Run  # the unchanged model reads the run's tokens
    changed: Run  # the model under the intervention reads them
    written: Trace  # the text that it generates itself

    @property
    def id(self) -> str:
        """A hash of the content."""
        return hashlib.sha256(f"{self.trace.id}/{self.intervention.name}".encode()).hexdigest()[:16]

    def shares_that_stayed(self) -> NDArray[np.float64]:
        """The share of each token's experts that the intervention did not change: [T, L].

        If it changes the number of experts per token, this is the share of the original experts.
        """
        return 1 - routing.changed(self.plain.expert_ids, self.changed.expert_ids)

    def parting(self) -> int | None:
        """The first token at which the two texts differ; None if one is only longer."""
        one, other = self.trace.token_ids, self.written.token_ids
        n = min(len(one), len(other))
        apart = np.flatnonzero(one[:n] != other[:n])
        return int(apart[0]) if len(apart) else None


def compute(slot: NeedSlot, trace: Trace, intervention: Intervention) -> IntervenedRun | None:
    """The run under the intervention; None while a slot still computes it, or after it failed."""
    model, ids, info = trace.card.name, tuple(trace.token_ids.tolist()), trace.info
    limits = (info.max_new_tokens, info.temperature, info.seed)
    again = PromptRun(model, info.prompt, *limits, intervention)
    requests = [
        Request(model, ids, read=True),
        Request(Intervened(model, intervention), ids, read=True),
        again.request(),
    ]
    plain, changed, wrote = slot.have((trace.id, intervention), requests)
    if plain is None or changed is None or wrote is None:
        return None
    return IntervenedRun(trace, intervention, plain, changed, again.trace(wrote))
