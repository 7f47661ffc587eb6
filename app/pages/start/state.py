"""The Start page's run: from the inputs in the session to the trace on screen.

Session: the slot `RUN`. Inputs, bound to the URL: "q" the question or text, "free" whether it is
free text, "begin" how the reply begins, "t" temperature, "seed".
"""

from __future__ import annotations

import streamlit as st

from app.core import examples, prompts, store
from app.core.errors import InputError
from app.core.prompt_runs import PromptRun, PromptSlot
from app.core.questions import Asked, taken_apart
from app.core.texts import t
from model.record.trace import Trace
from model.tasks.problem import WORDS

RUN = PromptSlot("start")
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


def run_link() -> None:
    """Run the question of the link that the page was opened by, once, if it has one."""
    if "s_opened" not in st.session_state:
        st.session_state.s_opened = True
        if "q" in st.query_params:
            start()


def request() -> PromptRun:
    """The inputs as they stand, checked again: widgets' limits are the browser's.

    Raises:
        InputError: for a prompt that cannot be used.
    """
    state = st.session_state
    if state.t is None or state.seed is None:
        raise InputError(t("start.number_missing"))
    text = prompts.checked(state.q)
    asked = Asked(text if state.free else text.strip(), state.begin, state.free)
    return PromptRun(
        model=MODEL,
        prompt=prompts.fitting(asked.prompt, MODEL),
        max_new_tokens=recorded().info.max_new_tokens,
        temperature=min(max(float(state.t), 0.0), MAX_TEMPERATURE),
        seed=min(max(int(state.seed), 0), MAX_SEED),
    )


def start() -> None:
    """Run the inputs as they stand; what is on screen stays until there is something new."""
    try:
        RUN.run([request()])
    except InputError as error:
        RUN.refuse(error)


def start_example() -> None:
    """Put the example chosen in "s_example" into the inputs and run it."""
    state = st.session_state
    name = state.s_example
    asked = taken_apart(examples.prompts()[name])
    state.q, state.free = asked.text, asked.free
    state.begin = "" if asked.free else "<think>" + EXAMPLES[name]
    start()


def on_screen() -> tuple[Trace, str]:
    """The trace to draw now, and what it is: "recorded" or "live"."""
    live = RUN.traces()
    return (live[0], "live") if live else (recorded(), "recorded")
