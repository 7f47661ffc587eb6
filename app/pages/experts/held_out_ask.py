"""Asking for surveys: a button, then how far they are, then the surveys.

Session: "e_asked" maps a place on the page to its job under way; the page sets it up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app.core import jobs
from app.core.texts import t
from app.pages.experts import held_out

if TYPE_CHECKING:
    from model.analysis.interventions import Intervention

EVERY = 0.4  # seconds between two looks


def asked() -> dict[str, held_out.Surveying]:
    """What this viewer waits for, by place."""
    return st.session_state.e_asked


def read(
    place: str, asks: Sequence[tuple[str, Intervention | None]], rows: int, button: str
) -> list[held_out.Survey] | None:
    """The surveys of models and changes, once each has its rows; until then what one can do."""
    found = [held_out.survey(*ask) for ask in asks]
    if held_out.common(found) >= rows:
        asked().pop(place, None)
        return found
    job = asked().get(place)
    if job is not None and job.surveys != found:  # another model or change was chosen meanwhile
        job.stop()
        del asked()[place]
        job = None
    if job is None:
        st.button(button, key=f"e_ask_{place}", on_click=_start, args=(place, asks, rows))
    else:
        st.fragment(_watch, run_every=EVERY)(place, job)
    return None


def _start(place: str, asks: Sequence[tuple[str, Intervention | None]], rows: int) -> None:
    worker = jobs.worker()  # first: it imports torch, and a job that nobody sees is dropped
    job = held_out.Surveying(asks, rows)
    worker.enqueue(job)
    asked()[place] = job


def _watch(place: str, job: held_out.Surveying) -> None:
    state = job.look()
    if state == "waiting":
        st.caption(t("common.waiting", position=job.position))
    elif state == "running":
        st.progress(job.progress, t("held_out.reading", share=f"{job.progress:.0%}"))
    if job.active:
        if st.button(t("common.stop"), key=f"e_ask_stop_{place}"):
            job.stop()
        return
    asked().pop(place, None)
    if job.error is not None:
        st.error(job.error)
        return
    st.rerun()
