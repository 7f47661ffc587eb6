"""What the Latent cache page measures on request: jobs of the session, by name.

Session: "c_work", the jobs under way; "c_failed", the last job of a name if it failed.
"""

from __future__ import annotations

import streamlit as st

from app.core import jobs


def begin(name: str, job: jobs.Job) -> None:
    """Queue a job; one of the same name that is under way ends."""
    work: dict[str, jobs.Job] = st.session_state.setdefault("c_work", {})
    if name in work:
        work[name].stop()
    work[name] = job
    st.session_state.setdefault("c_failed", {}).pop(name, None)
    jobs.worker().enqueue(job)


def begun(name: str) -> jobs.Job | None:
    """The job of a name, until `watch` has seen its end."""
    work: dict[str, jobs.Job] = st.session_state.get("c_work", {})
    return work.get(name)


def under_way(name: str) -> jobs.Job | None:
    """The job of a name, if it has not ended."""
    job = begun(name)
    return job if job is not None and job.active else None


def failed(name: str) -> jobs.Job | None:
    """The last job of a name if it failed; its `error` is for the viewer."""
    return st.session_state.get("c_failed", {}).get(name)


def watch(*names: str) -> None:
    """Show that somebody is looking; once a job has ended, draw the page anew without polling."""
    work: dict[str, jobs.Job] = st.session_state.get("c_work", {})
    ended = False
    for name in names:
        if (job := work.get(name)) is None:
            continue
        job.look()
        if not job.active:
            del work[name]
            ended = True
            if job.state == "failed":
                st.session_state.c_failed[name] = job
    if ended:
        st.rerun()


def stop(name: str) -> None:
    """End a job; what it has measured stays."""
    if (job := st.session_state.get("c_work", {}).pop(name, None)) is not None:
        job.stop()
