"""The Reasoning page's many replies: samples, budgets of thinking, and endings from a step.

Session: the slots `SAMPLES`, `BUDGET` and `ENDINGS`; "r_pick", the step chosen (a trace's id, the
number of a mark); "r_again", the step that the last endings are from, and the number that was
written in place of its result, or None.
"""

from __future__ import annotations

import itertools

import streamlit as st

from app.core.asking import contestants, judged
from app.core.asking.questions import MAX_TOKENS
from app.core.assets import models
from app.core.errors import InputError
from app.core.running import replies
from app.core.texts import t
from app.pages.reasoning import state as session
from app.ui import sampling
from app.ui.number_field import NumberField
from model.nn.tokenizer import encode
from model.record.trace import Trace
from model.tasks import TASKS, problems
from model.tasks.problem import Problem
from model.tasks.reading import ascii_of

SAMPLES, BUDGET = replies.ReplySlot("r_samples"), replies.ReplySlot("r_budget")
ENDINGS = replies.ReplySlot("r_endings")

COUNTS = (8, 16, 32, 64)
BUDGETS = (32, 64, 128, 256, 512)
PROBLEMS = 8  # held-out ones, where several are asked
BUDGET_SAMPLES = 4  # of each of them, at each budget
ENDING_COUNTS = (8, 16, 32)
NUMBER = NumberField("reasoning.number", 0, 99_999)  # that is written in a step's place


def held_out(problem: Problem) -> list[Problem]:
    """Problems of the same task and level that no model was trained on.

    Raises:
        InputError: if there is no such level.
    """
    levels = TASKS[problem.task].LEVELS
    if problem.level not in levels:
        raise InputError(t("reasoning.no_level", least=levels[0], most=levels[-1]))
    drawn = problems(problem.task, problem.level, 0, "heldout", problem.language)
    return list(itertools.islice(drawn, PROBLEMS))


def offered(chosen: object, counts: tuple[int, ...]) -> int:
    """A count that the page offers, whatever the browser sent."""
    return next((n for n in counts if n == chosen), counts[1])


def _judgeable() -> tuple[Problem, float, int]:
    """The question in the fields, temperature and seed.

    Raises:
        InputError: if the answer cannot be judged, or every sample would be the same.
    """
    problem = session.question()
    temperature, seed = sampling.chosen(("r_t", "r_seed"))
    if not problem.level:
        raise InputError(t("reasoning.not_judgeable"))
    if temperature == 0:
        raise InputError(t("reasoning.needs_temperature"))
    return problem, temperature, seed


def start_samples() -> None:
    """Draw replies of every chosen contestant to one question, or to several held-out ones."""
    state = st.session_state
    try:
        problem, temperature, seed = _judgeable()
        posed = [problem] if state.r_over == "one" else held_out(problem)
        asks = []
        for each in posed:
            for one in session.chosen():
                session.prompt_for(one, each)  # raises if it does not fit
                n = offered(state.r_k, COUNTS)
                asks.append(replies.fresh(one, each, n, temperature, seed, MAX_TOKENS))
    except InputError as error:
        SAMPLES.refuse(error)
        return
    SAMPLES.draw(asks)


def start_budget() -> None:
    """Draw replies under budgets of thinking tokens, to several held-out problems."""
    try:
        problem, temperature, seed = _judgeable()
        able = [one for one in session.chosen() if one.way != "direct"]
        if not able:
            raise InputError(t("reasoning.nobody_thinks"))
        asks = [
            replies.fresh(one, each, BUDGET_SAMPLES, temperature, seed, MAX_TOKENS, budget)
            for each in held_out(problem)
            for budget in BUDGETS
            for one in able
        ]
    except InputError as error:
        BUDGET.refuse(error)
        return
    BUDGET.draw(asks)


# --- Continuing from a step ----------------------------------------------------------------------


def number_key() -> str:
    """The key of the field for another number: each step has its own, with what stands there."""
    return "r_number-{}-{}".format(*st.session_state.r_pick)


def picked() -> tuple[Trace, judged.JudgedReply, judged.Mark] | None:
    """The chosen step, if its trace is on screen."""
    if (pick := st.session_state.get("r_pick")) is None:
        return None
    on_screen, _ = session.on_screen()
    trace = next((trace for trace in on_screen if trace.id == pick[0]), None)
    if trace is None or trace.card.name not in models.shipped():
        return None
    reading = judged.read(trace)
    if not 0 <= pick[1] < len(reading.marks) or not reading.marks[pick[1]].is_step:
        return None
    return trace, reading, reading.marks[pick[1]]


def prefix(trace: Trace, reading: judged.JudgedReply, mark: judged.Mark, edited: bool) -> int:
    """Tokens of the trace that stay: up to the step, or up to the step's result."""
    first, last = reading.start + mark.first, reading.start + mark.last
    if not edited:
        return first
    return 1 + max(i for i in range(first, last) if "=" in ascii_of(trace.texts[i]))


def start_again(edited: bool) -> None:
    """Other endings from before the chosen step, or from a number written in its place."""
    state = st.session_state
    found = picked()
    if found is None:
        return
    trace, reading, mark = found
    keep = prefix(trace, reading, mark, edited)
    ids = [int(i) for i in trace.token_ids[:keep]]
    head = "".join(trace.texts[reading.start : keep])
    number: int | None = None
    try:
        _, seed = sampling.chosen(("r_t", "r_seed"))
        if edited:
            number = NUMBER.checked(number_key())
            ids += encode(models.tokenizer(trace.card.name), str(number))
            head += str(number)
        if not reading.problem.level:
            raise InputError(t("reasoning.not_judgeable"))
        if len(ids) >= int(models.config(trace.card.name)["max_position_embeddings"]):
            raise InputError(t("reasoning.no_room"))
    except InputError as error:
        ENDINGS.refuse(error)
        return
    ask = replies.Ask(
        contestants.of(trace, reading.asked.begin).id,
        trace.card.name,
        reading.problem,
        tuple(ids),
        head,
        offered(state.r_endings_n, ENDING_COUNTS),
        trace.info.temperature or 1.0,
        seed,
        MAX_TOKENS,
    )
    state.r_again = {"number": number, "pick": state.r_pick}
    ENDINGS.draw([ask])
