"""The Start page's run: one question, answered by base and by R1-Zero side by side.

Session: the slot `RUN`; "s_opened", that a link's run was looked after.
URL: the inputs, "q" the question, "t" temperature, "seed"; a link with a question is run at once.
"""

from __future__ import annotations

import random

import streamlit as st

from app.core import judged, prompts
from app.core.errors import InputError
from app.core.prompt_runs import PromptRun, PromptSlot
from app.core.questions import Asked
from app.core.texts import LANGUAGES, language
from app.ui import sampling
from model.record.trace import Trace
from model.tasks import TASKS, problems
from model.tasks.problem import Language

RUN = PromptSlot("start")
MODELS = ("base", "r1-zero")
LEVEL = 3  # of the questions that are drawn
DRAWN_SEEDS = 1_000_000  # below which a seed is drawn: short enough to be read out


def page_language() -> Language:
    """The language that questions are asked in at first: the viewer's."""
    return "ko" if language() == "ko" else "en"


def recorded() -> tuple[Trace, ...]:
    """The runs that the page opens with, in the order of `MODELS`, asked in the page's language."""
    return of_language(page_language())


def of_language(asked_in: Language) -> tuple[Trace, ...]:
    """The recorded runs of a language."""
    found = {trace.card.name: trace for trace in reversed(judged.recorded(asked_in))}
    return tuple(found[name] for name in MODELS)


def question() -> str:
    """The recorded runs' own question."""
    return judged.read(recorded()[0]).asked.text


def open_page() -> None:
    """Ask the question that nobody has changed in the language that the page is now in."""
    state = st.session_state
    others = {judged.read(of_language(each)[0]).asked.text for each in _languages()}
    if state.get("q") in others:
        state.q = question()


def _languages() -> list[Language]:
    return ["ko" if name == "ko" else "en" for name in LANGUAGES]


def run_link() -> None:
    """Run the question of the link that the page was opened by, once, if it has one."""
    if "s_opened" not in st.session_state:
        st.session_state.s_opened = True
        if "q" in st.query_params:
            start()


def requests() -> list[PromptRun]:
    """The inputs as they stand, checked again: widgets' limits are the browser's.

    Raises:
        InputError: for a question that cannot be asked.
    """
    temperature, seed = sampling.chosen(("t", "seed"))
    prompt = Asked(prompts.checked(st.session_state.q or "").strip(), "", free=False).prompt
    return [
        PromptRun(
            model=model,
            prompt=prompts.fitting(prompt, model),
            max_new_tokens=recorded()[0].info.max_new_tokens,
            temperature=temperature,
            seed=seed,
        )
        for model in MODELS
    ]


def start() -> None:
    """Run the inputs as they stand; what is on screen stays until there is something new."""
    try:
        RUN.run(requests())
    except InputError as error:
        RUN.refuse(error)


def start_another(task: str) -> None:
    """Put a held-out problem of a task and a seed into the inputs, both drawn, and run it."""
    if task in TASKS:
        state = st.session_state
        state.seed = random.randrange(DRAWN_SEEDS)
        state.q = next(problems(task, LEVEL, state.seed, "heldout", page_language())).question
        start()


def on_screen() -> tuple[tuple[Trace, ...], str]:
    """The traces to draw now, and what they are: "recorded" or "live"."""
    live = RUN.traces()
    return (live, "live") if live else (recorded(), "recorded")
