"""The Start page's run: from the inputs in the session to the trace on screen.

Session: "s_job" is the run under way, "s_shown" the id of the trace on screen (none: the recorded
one), "s_error" what to tell about the last request. Inputs, bound to the URL: "q" the question or
text, "free" whether it is free text, "begin" how the reply begins, "t" temperature, "seed".
"""

from __future__ import annotations

import streamlit as st

from app.core import examples, jobs, prompts, store
from app.core.questions import Asked, taken_apart
from app.core.texts import t
from model.record.trace import Trace
from model.tasks.problem import WORDS

MODEL = "base"
MAX_SEED = 2**31 - 1
MAX_TEMPERATURE = 2.0
EXAMPLES = {
    "chain_en": WORDS["en"]["first"],
    "chain_ko": WORDS["ko"]["first"],
    "pick_en": WORDS["en"]["try"],
    "pick_ko": WORDS["ko"]["try"],
    "prose": "",
    "code": "",
    "korean": "",
}
"""Names in `examples.prompts()` and the word that the model's thought begins with."""


def recorded() -> Trace:
    """The run that the page opens with."""
    return store.sample("start")


def open_page() -> None:
    """What a new session needs; a link with a question runs it."""
    state = st.session_state
    if "s_job" not in state:
        state.s_job, state.s_shown, state.s_error = None, None, None
        state.s_linked = "q" in st.query_params


def linked() -> bool:
    """True once, if the page was opened by a link with a question in it."""
    state = st.session_state
    was, state.s_linked = state.s_linked, False
    return bool(was)


def request() -> jobs.Request:
    """The inputs as they stand, checked again: widgets' limits are the browser's.

    Raises:
        InputError: for a prompt that cannot be used.
    """
    state = st.session_state
    if state.t is None or state.seed is None:
        raise prompts.InputError(t("start.number_missing"))
    text = prompts.checked(state.q)
    asked = Asked(text if state.free else text.strip(), state.begin, state.free)
    return jobs.Request(
        model=MODEL,
        prompt=prompts.fitting(asked.prompt, MODEL),
        max_new_tokens=recorded().info.max_new_tokens,
        temperature=min(max(float(state.t), 0.0), MAX_TEMPERATURE),
        seed=min(max(int(state.seed), 0), MAX_SEED),
    )


def start() -> None:
    """Run the inputs as they stand; what is on screen stays until there is something new."""
    state = st.session_state
    state.s_error = None
    try:
        wanted = request()
    except prompts.InputError as error:
        state.s_error = str(error)
        return
    if state.s_job is not None:
        state.s_job.stop()
    state.s_job = jobs.worker().submit([wanted])


def start_example() -> None:
    """Put the example chosen in "s_example" into the inputs and run it."""
    state = st.session_state
    name = state.s_example
    asked = taken_apart(examples.prompts()[name])
    state.q, state.free = asked.text, asked.free
    state.begin = "" if asked.free else "<think>" + EXAMPLES[name]
    start()


def stop(job: jobs.Job) -> None:
    """End a run at once; what it wrote stays on screen."""
    job.stop()
    finish(job)


def finish(job: jobs.Job) -> None:
    """Keep what a job wrote, and forget the job."""
    state = st.session_state
    if job.error is not None:
        state.s_error = job.error
    if (trace := job.traces()[0]) is not None:
        state.s_shown = store.store().put(trace)
    state.s_job = None


def show_recorded() -> None:
    """Go back to the recorded run."""
    st.session_state.s_shown = None


def on_screen() -> tuple[Trace, str]:
    """The trace to draw now, and what it is: "recorded", "live" or "writing"."""
    state = st.session_state
    if state.s_job is not None and (growing := state.s_job.traces()[0]) is not None:
        return growing, "writing"
    kept = store.store().get(state.s_shown)
    return (kept, "live") if kept is not None else (recorded(), "recorded")
