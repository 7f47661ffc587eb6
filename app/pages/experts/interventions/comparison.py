"""One text under a change of the routing, beside the untouched run.

Three things happen in turn: both models read the run's own tokens, so that every token's
probability and route can be compared; the changed model writes its own text from the same prompt
and seed; and both read held-out rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.core.jobs import Job, Request, generate
from app.core.store import Store
from app.pages.experts import held_out
from model.analysis import routing_statistics as routing
from model.record.trace import Trace

if TYPE_CHECKING:
    from model.analysis.interventions import Intervention
    from model.analysis.teacher_forcing import ForcedPass
    from model.runtime.engine import Engine


def name_of(trace: Trace, change: Intervention) -> str:
    """The id of the comparison of a run with a change."""
    return hashlib.sha256(f"{trace.id}/{change.name}".encode()).hexdigest()[:16]


class Comparison(Job):
    """What there is so far; readings appear whole, texts and surveys grow."""

    def __init__(self, trace: Trace, change: Intervention) -> None:
        info = trace.info
        limits = (info.max_new_tokens, info.temperature, info.seed)
        model = trace.card.name
        super().__init__([Request(model, info.prompt, *limits)])
        self.id = name_of(trace, change)
        self.trace, self.change = trace, change
        self.plain: ForcedPass | None = None
        self.changed: ForcedPass | None = None
        self.before = held_out.survey(model)
        self.after = held_out.survey(model, change)

    @property
    def progress(self) -> float:
        """Share of the held-out rows that both have read."""
        return held_out.common([self.before, self.after]) / held_out.ROWS

    @property
    def written(self) -> Trace | None:
        """What the changed model has written so far."""
        return self.traces()[0]

    def parts(self, load: Callable[[str], Engine]) -> list[Iterator[None]]:
        return [self._compare(load)]

    def _compare(self, load: Callable[[str], Engine]) -> Iterator[None]:
        from model.analysis.teacher_forcing import (
            teacher_force,  # here, not above: it imports torch
        )

        engine = load(self.trace.card.name)
        changed = held_out.changed_engine(engine, self.change)
        tokens = self.trace.token_ids.tolist()
        self.plain = teacher_force(engine.model, tokens)
        self.changed = teacher_force(changed.model, tokens)
        yield
        yield from generate(self.runs[0], lambda _: changed)
        for rows in range(1, held_out.ROWS + 1):
            yield from held_out.extend(self.before, engine, rows)
            yield from held_out.extend(self.after, changed, rows)


def kept_routes(plain: ForcedPass, changed: ForcedPass) -> NDArray[np.float64]:
    """Share of each token's experts that a change left in place: [T, L].

    With another number of experts per token, the share is of the untouched run's.
    """
    return 1 - routing.changed(plain.expert_ids, changed.expert_ids)


def parting(first: Trace, second: Trace) -> int | None:
    """The first token at which two runs of one prompt differ; None if one only goes on longer."""
    n = min(len(first), len(second))
    apart = np.flatnonzero(first.token_ids[:n] != second.token_ids[:n])
    return int(apart[0]) if len(apart) else None


@st.cache_resource(show_spinner=False)
def store() -> Store[Comparison]:
    """Comparisons that have ended."""
    return Store(64)
