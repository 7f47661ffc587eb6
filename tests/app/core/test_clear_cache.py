"""Any browser can clear Streamlit's caches: workers, results and models must not be in them."""

from __future__ import annotations

import threading

import streamlit as st

from app.core.assets import models, recorded_runs
from app.core.running import generation, lab
from app.core.running.need_slot import RUNS
from app.core.running.prompt_runs import TRACES, Traces
from app.core.running.replies import STORE


def test_clearing_the_caches_reaches_no_worker_and_no_result() -> None:
    kept = TRACES.put(Traces((recorded_runs.trace("experts"),)))
    singletons = (generation.scheduler(), lab.lab(), TRACES, STORE, RUNS)
    loaded = (models.tokenizer("base"), models.config("base"), recorded_runs.trace("experts"))
    threads = threading.active_count()
    for _ in range(10):
        st.cache_resource.clear()
        st.cache_data.clear()
        generation.scheduler(), lab.lab()
    assert (generation.scheduler(), lab.lab()) == singletons[:2]
    assert threading.active_count() == threads
    assert TRACES.get(kept) is not None
    again = (models.tokenizer("base"), models.config("base"), recorded_runs.trace("experts"))
    assert all(one is other for one, other in zip(again, loaded, strict=True))
