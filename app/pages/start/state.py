"""The Start page's run: one question, answered by base and by R1-Zero side by side.

Session: the slot `RUN`.
URL: the inputs, "q" the question, "t" temperature, "seed"; a link with a question is run at once.
"""

from __future__ import annotations

from typing import get_args

import streamlit as st

from app.core import links
from app.core.asking import judged_reply, prompts
from app.core.asking.questions import MAX_TOKENS, ParsedPrompt, worded
from app.core.assets.files import reporting_damage
from app.core.errors import Faults, InputError
from app.core.running.prompt_runs import PromptRun, PromptSlot
from app.core.texts import question_language
from app.ui import sampling
from model import ASSETS
from model.record.trace import Trace
from model.tasks import TASKS, problems
from model.tasks.problem import Language

RUN = PromptSlot("start")
MODELS = ("base", "r1-zero")
LEVEL = 3  # of the questions that are drawn
ONCE = ("free", "begin")  # in links from when a text could be asked as it is, and a reply begun


def recorded() -> tuple[Trace, ...]:
    """The runs that the page opens with, in the order of `MODELS`, asked in the page's language."""
    return of_language(question_language())


def of_language(asked_in: Language) -> tuple[Trace, ...]:
    """The recorded runs of a language."""
    found = {trace.card.name: trace for trace in reversed(judged_reply.recorded(asked_in))}
    with reporting_damage(ASSETS / "samples" / f"reasoning-{asked_in}.json"):
        return tuple(found[name] for name in MODELS)


def question() -> str:
    """The question of the recorded runs."""
    return judged_reply.read(recorded()[0]).asked.text


def open_page() -> None:
    """Put an unchanged question into the page's current language; say which parameters of an old
    link cannot be followed."""
    state = st.session_state
    links.note_inputs("start", ("q",))
    for key in ONCE:
        if st.query_params.pop(key, "") not in ("", "false"):
            links.refuse(key)
    others = {judged_reply.read(of_language(each)[0]).asked.text for each in get_args(Language)}
    if state.get("q") in others:
        state.q = question()


def requests() -> list[PromptRun]:
    """The current inputs.

    Raises:
        InputError: for a question that cannot be asked, or a number beyond its limits, or several.
    """
    faults = Faults()
    with faults:
        text = worded(prompts.checked(st.session_state.q or ""), question_language())
        prompt = ParsedPrompt(text, "", free=False).prompt
        for model in MODELS:
            prompts.fitting(prompt, model)
    with faults:
        temperature, seed = sampling.chosen(("t", "seed"))
    faults.tell()
    return [
        PromptRun(
            model=model,
            prompt=prompt,
            max_new_tokens=MAX_TOKENS,
            temperature=temperature,
            seed=seed,
        )
        for model in MODELS
    ]


def start() -> None:
    """Run the current inputs; the last result is shown until there is a new one."""
    try:
        RUN.run(requests())
    except InputError as error:
        RUN.refuse(error)


def start_another(task: str) -> None:
    """Draw a held-out problem of a task and a seed at random, put both into the inputs, and run."""
    if task in TASKS:
        state = st.session_state
        state.seed = sampling.drawn_seed()
        state.q = next(problems(task, LEVEL, state.seed, "heldout", question_language())).question
        start()


def on_screen() -> tuple[tuple[Trace, ...], str]:
    """The traces to draw, and whether they are "recorded" or "live"."""
    live = RUN.traces()
    return (live, "live") if live else (recorded(), "recorded")
