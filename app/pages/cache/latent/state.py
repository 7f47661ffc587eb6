"""The session's state inside the latent: the MLA model's run, and its pinned token."""

from __future__ import annotations

import streamlit as st

from app.core import links
from app.core.texts import t
from app.pages.cache import state as session
from app.pages.cache.latent import study
from model.record.trace import Trace


def trace() -> Trace:
    """The MLA model's run on screen."""
    runs, _ = session.shown()
    return next(run for run in runs if run.card.name == study.model())


def pin(trace: Trace) -> int:
    """The pinned token, or the last one fed: the final token is never fed to the model."""
    chosen = links.pinned(trace)
    return trace.fed - 1 if chosen is None else min(chosen, trace.fed - 1)


def twin_runs() -> study.TwinRuns | None:
    """The run on screen as read by all twins; None until they have."""
    run = trace()
    return study.twin_runs(study.TWIN_RUNS.have(run.id, study.twin_requests(run)))


def layer_choice(layers: list[int], key: str) -> int:
    """Draw the choice of a layer, initially the last; `key` is also its URL key."""
    return st.segmented_control(
        t("latent.axis_layer"),
        layers,
        default=layers[-1],
        required=True,
        key=key,
        bind="query-params",
    )
