"""What a session looks at inside the latent: the run that was read, and the pair of runs.

Session: "c_pair_shown", the id of the pair of runs on screen; "c_followed", that the slider has
just begun a pair; jobs under `cache_work`'s names.
"""

from __future__ import annotations

import streamlit as st

from app.core import jobs, links, models, store
from app.pages.cache import measurements
from app.pages.cache import state as session
from app.pages.cache.latent import study as study_module
from model.record.trace import Trace

READING, STUDY, PAIR = "reading", "study", "pair"


def trace() -> Trace:
    """The MLA model's run: the one on screen, or the recorded one while a run is under way."""
    runs, state = session.shown()
    if state == "running":
        return store.sample(f"cache-{study_module.MODEL}")
    return next(run for run in runs if run.card.attention == models.attention(study_module.MODEL))


def pin(trace: Trace) -> int:
    """The pinned token, or the last that was fed: the last of all is never read."""
    chosen = links.pinned(trace)
    return trace.fed - 1 if chosen is None else min(chosen, trace.fed - 1)


def want_reading() -> None:
    """Have the run on screen read, if nobody has yet; what failed is not tried again."""
    run = trace()
    for job in (measurements.begun(READING), measurements.failed(READING)):
        if isinstance(job, study_module.ReadingJob) and job.id == run.id:
            return
    if study_module.readings().get(run.id) is None:
        measurements.begin(READING, study_module.ReadingJob(run))


def start_pair(study: study_module.Study, codec: str) -> None:
    """Write the run on screen once more, with a codec and without: same prompt and settings."""
    info = trace().info
    request = jobs.Request(
        study_module.MODEL, info.prompt, info.max_new_tokens, info.temperature, info.seed
    )
    measurements.begin(PAIR, study_module.PairJob(request, study, codec))


def follow_rank(study: study_module.Study) -> None:
    """The slider moved: a pair that is on screen, or on its way, is written anew."""
    if pair() is not None or measurements.under_way(PAIR) is not None:
        start_pair(study, str(st.session_state.c_rank))
        st.session_state.c_followed = True


def stop_pair() -> None:
    """End the pair; what it has written stays."""
    _keep_pair()
    measurements.stop(PAIR)


def watch_pair() -> None:
    """Keep a pair that has ended, before its job is forgotten."""
    if measurements.under_way(PAIR) is None:
        _keep_pair()


def _keep_pair() -> None:
    job = st.session_state.get("c_work", {}).get(PAIR)
    if isinstance(job, study_module.PairJob) and (found := job.pair()) is not None:
        st.session_state.c_pair_shown = study_module.pairs().put(found)


def pair() -> study_module.Pair | None:
    """The pair as it grows, or the last one."""
    job = measurements.under_way(PAIR)
    if isinstance(job, study_module.PairJob) and (growing := job.pair()) is not None:
        return growing
    return study_module.pairs().get(st.session_state.get("c_pair_shown"))
