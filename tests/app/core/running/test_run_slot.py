"""The status that a slot shows for its work in progress."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page(language: str, state: str, seconds: float | None) -> None:
    """A page with a slot whose work is half done, or still waiting."""
    import streamlit as st

    from app.core.running.run_slot import RunSlot
    from app.core.running.store import Store
    from model.runtime.work import Work

    class Half(Work):
        progress = 0.5
        remaining = None

    st.session_state.lang = language
    work = Half("a")
    work.state, work.place = state, int(state == "waiting")
    setattr(work, "turn_in" if state == "waiting" else "remaining", seconds)
    slot = RunSlot("a", Store(1))
    slot.begin(lambda: work, lambda results: None)
    slot.status("Reading")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "state", "seconds", "said"),
    [
        ("en", "running", None, "Reading"),
        ("en", "running", 0.2, "Reading · about 1 s left"),
        ("en", "running", 43.0, "Reading · about 45 s left"),
        ("ko", "running", 43.0, "Reading · 약 45초 남음"),
        ("en", "running", 89.9, "Reading · about 90 s left"),
        ("en", "running", 400.0, "Reading · about 7 min left"),
        ("en", "waiting", None, "Waiting in the queue: place 1"),
        ("en", "waiting", 100.0, "Waiting in the queue: place 1 · your turn in about 2 min"),
        ("ko", "waiting", 7.0, "차례를 기다리는 중: 대기열 1번째 · 약 7초 뒤 시작"),
    ],
)
def test_how_long_it_takes_is_said_as_far_as_it_is_known(
    language: str, state: str, seconds: float | None, said: str
) -> None:
    at = AppTest.from_function(page, default_timeout=60, args=(language, state, seconds)).run()
    assert not at.exception
    shown = at.caption[0].value if state == "waiting" else at.get("progress")[0].proto.text
    assert shown == said
