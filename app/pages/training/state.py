"""The Training page's state: which part is on screen, its question, the jobs and what they left.

Session: "t_part_first", "t_task_first" and "t_curve_task_first" what the URL asked for, "t_jobs"
part → its job under way, "t_done" part → the id of what its last job left (of the time machine: its
traces' ids), "t_errors" part → what to tell.
URL: t_part, t_task and t_curve_task where they differ from the first; level, number and seed are
bound.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import streamlit as st

from app.core import contestants, jobs, sampling, store
from app.core.texts import language, t
from app.pages.training import live, runs
from model.record.trace import Trace
from model.tasks import TASKS, chain, pick, problems
from model.tasks.problem import Language, Problem

LEVELS = sorted({level for family in TASKS.values() for level in family.LEVELS})
TASK_NAMES = (chain.NAME, pick.NAME)
CURVE_TASKS = (*TASK_NAMES, "all")  # whose curves can be shown
MAX_NUMBER = 200  # of held-out questions of a level that can be chosen
MAX_SEED = 2**31 - 1
MAX_TOKENS = 300  # of a reply in the time machine
COUNTED = 16  # replies of each checkpoint that are counted


def open_page(parts: Sequence[str]) -> None:
    """What a new session needs; `parts` are in the order of the page."""
    state, asked = st.session_state, st.query_params
    fields = {"t_part": parts, "t_task": TASK_NAMES, "t_curve_task": CURVE_TASKS}
    if "t_jobs" not in state:
        for key, choices in fields.items():
            state[f"{key}_first"] = asked[key] if asked.get(key) in choices else choices[0]
        state.t_jobs, state.t_done, state.t_errors = {}, {}, {}
    for key, choices in fields.items():
        if state.get(key) not in choices:
            state[key] = state[f"{key}_first"]
        state[f"{key}_first"] = state[key]  # kept while not shown
        if state[key] != choices[0]:
            asked[key] = state[key]
        elif key in asked:
            del asked[key]


def problem() -> Problem:
    """The held-out question of the fields, in the viewer's language."""
    state = st.session_state
    number = min(max(int(state.get("t_number") or 1), 1), MAX_NUMBER)
    level = state.t_level if state.get("t_level") in LEVELS else LEVELS[0]
    asked: Language = "ko" if language() == "ko" else "en"
    drawn = problems(state.t_task, level, 0, "heldout", asked)
    return next(itertools.islice(drawn, number - 1, None))


def seed() -> int:
    return min(max(int(st.session_state.get("t_seed") or 0), 0), MAX_SEED)


def job(part: str) -> jobs.Job | None:
    """The part's job under way."""
    found: jobs.Job | None = st.session_state.t_jobs.get(part)
    return found


def error(part: str) -> str | None:
    found: str | None = st.session_state.t_errors.get(part)
    return found


def stop(part: str) -> None:
    """Ask the part's job to end; what it computed stays."""
    found = job(part)
    if found is None:
        return
    if found.state == "waiting":  # nothing is there yet to wait for
        del st.session_state.t_jobs[part]
    found.stop()


def finished(part: str) -> bool:
    """Look at the part's job; True, once, when it has ended, and what it left is kept."""
    found = job(part)
    if found is None:
        return False
    found.look()
    if found.active:
        return False
    state = st.session_state
    del state.t_jobs[part]
    if found.error is not None:
        state.t_errors[part] = found.error
    if isinstance(found, live.StepJob) and found.replies:
        state.t_done[part] = live.steps().put(found)
    elif isinstance(found, live.TrainJob) and found.entries:
        state.t_done[part] = live.trained().put(found)
    elif isinstance(found, sampling.Batch) and found.samples:
        state.t_done[part] = sampling.store().put(found)
    elif found.runs:
        left = [trace for trace in found.traces() if trace is not None]
        if len(left) == len(found.runs):
            state.t_done[part] = [store.store().put(trace) for trace in left]
    return True


# --- One step by hand --------------------------------------------------------------------------


def start_step() -> None:
    """Take a step from the chosen checkpoint on the question in the fields."""
    state = st.session_state
    state.t_errors.pop("step", None)
    worker = jobs.worker()  # first: it imports torch, and a job that nobody sees is dropped
    names = [one.name for one in runs.kept()]
    chosen = state.get("t_from")
    wanted = live.StepJob(chosen if chosen in names else names[0], problem(), seed())
    worker.enqueue(wanted)
    state.t_jobs["step"] = wanted


def step_done() -> live.StepJob | None:
    return live.steps().get(st.session_state.t_done.get("step"))


# --- The time machine --------------------------------------------------------------------------


def start_time() -> None:
    """Ask every kept checkpoint the question in the fields."""
    state = st.session_state
    state.t_errors.pop("time", None)
    prompt = problem().prompt
    state.t_jobs["time"] = jobs.worker().submit(
        [jobs.Request(one.name, prompt, MAX_TOKENS, 1.0, seed()) for one in runs.kept()]
    )


def replies() -> tuple[dict[str, Trace], bool]:
    """Model → its reply, as far as it is, and whether it is still being written."""
    state = st.session_state
    under_way = job("time")
    if under_way is not None:
        growing = [trace for trace in under_way.traces() if trace is not None]
        if len(growing) == len(under_way.runs):
            return {trace.card.name: trace for trace in growing}, True
    kept = [store.store().get(one) for one in state.t_done.get("time", [])]
    found = {trace.card.name: trace for trace in kept if trace is not None}
    return (found if len(found) == len(kept) else {}), False


def start_counts() -> None:
    """Draw many replies of every kept checkpoint to the question in the fields."""
    state = st.session_state
    state.t_errors.pop("counts", None)
    worker = jobs.worker()  # first: it imports torch, and a job that nobody sees is dropped
    asked = problem()
    batch = sampling.Batch(
        "counts",
        [
            sampling.fresh(
                contestants.Contestant(one.name), asked, COUNTED, 1.0, seed(), MAX_TOKENS
            )
            for one in runs.kept()
        ],
    )
    worker.enqueue(batch)
    state.t_jobs["counts"] = batch


def counts() -> sampling.Batch | None:
    """The replies that are counted: being drawn, or the last ones that were."""
    under_way = job("counts")
    if isinstance(under_way, sampling.Batch):
        return under_way
    return sampling.store().get(st.session_state.t_done.get("counts"))


# --- A run of one's own ------------------------------------------------------------------------


def start_now() -> None:
    """Queue a run on questions like the one in the fields."""
    state = st.session_state
    state.t_errors.pop("now", None)
    trainer = live.trainer()  # first: it imports torch
    wanted = live.TrainJob(problem(), seed())
    if trainer.submit(wanted):
        state.t_jobs["now"] = wanted
    else:
        state.t_errors["now"] = t("training.now_full", n=live.MAX_WAITING)


def run_shown() -> tuple[live.TrainJob | None, str]:
    """The run to draw and whose it is: "mine", "other" (to watch), or "done" (mine, ended)."""
    own = job("now")
    if isinstance(own, live.TrainJob) and own.state == "running":
        return own, "mine"
    running = live.trainer().running()
    if running is not None:
        return running, "other"
    return live.trained().get(st.session_state.t_done.get("now")), "done"
