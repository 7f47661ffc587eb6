"""The Latent cache page's run: asked for, under way, or on screen.

Session state: "c_job" the run under way, "c_shown" ids of the four traces on screen (none: the
recorded ones), "c_error" what to tell about the last request.
"""

from __future__ import annotations

import functools

import streamlit as st

from app.core import examples, jobs, models, prompts, store
from app.core.errors import InputError
from app.core.texts import t
from model.analysis.kv_size import CacheSpec, cache_spec
from model.record.trace import Trace

MAX_SEED = 2**31 - 1
MAX_TEMPERATURE = 2.0


@functools.cache
def spec(name: str) -> CacheSpec:
    """What kv_math says about a shipped model."""
    return cache_spec(models.config(name))


def context() -> int:
    """Tokens that every twin sees at once."""
    return min(int(models.config(name)["max_position_embeddings"]) for name in models.TWINS)


def start() -> None:
    """Run the inputs as they stand; what is on screen stays until there is something new."""
    state = st.session_state
    state.c_error = None  # what the last request was told stays until the next
    try:
        prompt = prompts.fitting(state.c_prompt or "", "base")
    except InputError as error:
        state.c_error = str(error)
        return
    if (job := state.get("c_job")) is not None:
        job.stop()
    with st.spinner(t("cache.loading")):
        state.c_job = jobs.worker().submit(
            [
                jobs.Request(
                    model=name,
                    prompt=prompt,
                    max_new_tokens=min(max(int(state.c_tokens), 1), context()),
                    temperature=min(max(float(state.c_temperature), 0.0), MAX_TEMPERATURE),
                    seed=min(max(int(state.c_seed), 0), MAX_SEED),
                )
                for name in models.TWINS
            ]
        )


def finish(job: jobs.Job) -> None:
    """Keep what a job wrote, if every twin wrote something, and forget the job."""
    state = st.session_state
    if job.error is not None:
        state.c_error = job.error
    written = [trace for trace in job.traces() if trace is not None]
    if len(written) == len(models.TWINS):
        state.c_shown = [store.store().put(trace) for trace in written]
    state.c_job = None


def stop(job: jobs.Job) -> None:
    job.stop()
    finish(job)


def shown() -> tuple[list[Trace], str]:
    """The four traces to draw now, and whether they are "running", "live" or "recorded"."""
    job = st.session_state.get("c_job")
    if job is not None:
        growing = [trace for trace in job.traces() if trace is not None]
        if len(growing) == len(models.TWINS):
            return growing, "running"
    kept = [store.store().get(trace_id) for trace_id in st.session_state.get("c_shown", ())]
    found = [trace for trace in kept if trace is not None]
    if len(found) == len(models.TWINS):
        return found, "live"
    return [store.sample(f"cache-{name}") for name in models.TWINS], "recorded"


def take_example() -> None:
    """Put the chosen example into the text field."""
    chosen = st.session_state.c_example
    if chosen in examples.prompts():
        st.session_state.c_prompt = examples.prompts()[chosen]


def watch() -> None:
    """End a fragment's polling once its job has ended."""
    job = st.session_state.get("c_job")
    if job is not None:
        job.look()
        if not job.active:
            finish(job)
            st.rerun()
