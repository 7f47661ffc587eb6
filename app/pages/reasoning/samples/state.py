"""The Reasoning page's samples: asked for, being drawn, or on screen, one batch at a time.

Session: "r_batch" the batch under way, "r_batches" the ids of the last ones by view,
"r_batch_error" what to tell about the last request, "r_pick" the step chosen (a trace's id, the
number of a mark), "r_again" the step that the last endings are from, and whether it was edited.
Views: "samples", "budget", and "again" for endings from a step.
"""

from __future__ import annotations

import itertools

import streamlit as st

from app.core import contestants, jobs, judged, models, sampling, store
from app.core.errors import InputError
from app.core.texts import t
from app.pages.reasoning import state as session
from model.nn.tokenizer import encode
from model.record.trace import Trace
from model.tasks import TASKS, problems
from model.tasks.problem import Problem

COUNTS = (8, 16, 32, 64)
BUDGETS = (32, 64, 128, 192, 224)
PROBLEMS = 8  # held-out ones, where several are asked
BUDGET_SAMPLES = 4  # of each of them, at each budget
ENDINGS = (8, 16, 32)
MAX_NUMBER = 99_999


def open_page() -> None:
    """What a new session needs."""
    state = st.session_state
    if "r_batches" not in state:
        state.r_batch, state.r_batches, state.r_batch_error, state.r_pick = None, {}, None, None


def shown(view: str) -> sampling.Batch | None:
    """The batch of a view: the one under way, or the last one that ended."""
    state = st.session_state
    if state.r_batch is not None and state.r_batch.view == view:
        return state.r_batch
    return sampling.store().get(state.r_batches.get(view))


def _begin(view: str, asks: list[sampling.Ask], after: Trace | None = None) -> None:
    """Queue a batch; its asks may go on from a trace, whose own cache is then used if there."""
    if st.session_state.r_batch is not None:
        stop()
    worker = jobs.worker()  # first: it imports torch, and a batch that nobody sees is dropped
    memory = store.memories().get(after.id) if after else None
    batch = sampling.Batch(view, asks, memory.prefix if memory else None)
    worker.enqueue(batch)
    st.session_state.r_batch = batch


def stop() -> None:
    """End the batch under way; what was drawn stays."""
    st.session_state.r_batch.stop()
    finish()


def finish() -> None:
    """Keep what the batch drew."""
    state = st.session_state
    batch: sampling.Batch = state.r_batch
    if batch.error is not None:
        state.r_batch_error = (batch.view, batch.error)
    if batch.samples:
        state.r_batches = {**state.r_batches, batch.view: sampling.store().put(batch)}
    state.r_batch = None


def held_out(problem: Problem) -> list[Problem]:
    """Problems of the same task and level that no model was trained on.

    Raises:
        InputError: if there is no such level.
    """
    if problem.level not in TASKS[problem.task].LEVELS:
        raise InputError(t("reasoning.no_level"))
    drawn = problems(problem.task, problem.level, 0, "heldout", problem.language)
    return list(itertools.islice(drawn, PROBLEMS))


def _judgeable() -> tuple[Problem, float, int]:
    """The question in the fields, temperature and seed.

    Raises:
        InputError: if the answer cannot be judged, or every sample would be the same.
    """
    problem = session.question()
    temperature, seed = session.sampling()
    if not problem.level:
        raise InputError(t("reasoning.not_judgeable"))
    if temperature == 0:
        raise InputError(t("reasoning.needs_temperature"))
    return problem, temperature, seed


def start_samples() -> None:
    """Draw replies of every chosen contestant to one question, or to several held-out ones."""
    state = st.session_state
    state.r_batch_error = None
    try:
        problem, temperature, seed = _judgeable()
        posed = [problem] if state.r_over == "one" else held_out(problem)
        asks = []
        for each in posed:
            for one in session.chosen():
                session.prompt_for(one, each)  # raises if it does not fit
                n = int(state.r_k)
                asks.append(sampling.fresh(one, each, n, temperature, seed, session.MAX_TOKENS))
    except InputError as error:
        state.r_batch_error = ("samples", str(error))
        return
    _begin("samples", asks)


def start_budget() -> None:
    """Draw replies under budgets of thinking tokens, to several held-out problems."""
    state = st.session_state
    state.r_batch_error = None
    try:
        problem, temperature, seed = _judgeable()
        able = [one for one in session.chosen() if one.way != "direct"]
        if not able:
            raise InputError(t("reasoning.nobody_thinks"))
        asks = [
            sampling.fresh(one, each, BUDGET_SAMPLES, temperature, seed, session.MAX_TOKENS, budget)
            for each in held_out(problem)
            for budget in BUDGETS
            for one in able
        ]
    except InputError as error:
        state.r_batch_error = ("budget", str(error))
        return
    _begin("budget", asks)


# --- Going on from a step ----------------------------------------------------------------------


def number_key() -> str:
    """The key of the field for another number: each step has its own, with what stands there."""
    return "r_number-{}-{}".format(*st.session_state.r_pick)


def picked() -> tuple[Trace, judged.Reading, judged.Mark] | None:
    """The chosen step, if its trace is on screen."""
    if (pick := st.session_state.r_pick) is None:
        return None
    on_screen, _ = session.on_screen()
    trace = next((trace for trace in on_screen if trace.id == pick[0]), None)
    if trace is None or trace.card.name not in models.shipped():
        return None
    reading = judged.read(trace)
    if not 0 <= pick[1] < len(reading.marks) or not reading.marks[pick[1]].is_step:
        return None
    return trace, reading, reading.marks[pick[1]]


def prefix(trace: Trace, reading: judged.Reading, mark: judged.Mark, edited: bool) -> int:
    """Tokens of the trace that stay: up to the step, or up to the step's result."""
    first, last = reading.start + mark.first, reading.start + mark.last
    if not edited:
        return first
    return 1 + max(i for i in range(first, last) if "=" in trace.texts[i])


def start_again(edited: bool) -> None:
    """Other endings from before the chosen step, or from a number written in its place."""
    state = st.session_state
    state.r_batch_error = None
    found = picked()
    if found is None:
        return
    trace, reading, mark = found
    keep = prefix(trace, reading, mark, edited)
    ids = [int(i) for i in trace.token_ids[:keep]]
    head = "".join(trace.texts[reading.start : keep])
    try:
        _, seed = session.sampling()
        if edited:
            if (typed := state.get(number_key())) is None:
                raise InputError(t("reasoning.number_missing"))
            number = str(min(max(int(typed), 0), MAX_NUMBER))
            ids += encode(models.tokenizer(trace.card.name), number)
            head += number
        if not reading.problem.level:
            raise InputError(t("reasoning.not_judgeable"))
        if len(ids) >= int(models.config(trace.card.name)["max_position_embeddings"]):
            raise InputError(t("reasoning.no_room"))
    except InputError as error:
        state.r_batch_error = ("again", str(error))
        return
    ask = sampling.Ask(
        contestants.of(trace, reading.asked.begin).id,
        trace.card.name,
        reading.problem,
        tuple(ids),
        head,
        int(state.r_endings),
        trace.info.temperature or 1.0,
        seed,
        session.MAX_TOKENS,
    )
    state.r_again = {"edited": edited, "pick": state.r_pick}
    _begin("again", [ask], after=trace)
