"""The Experts page's run: from the inputs in the session to the trace on screen.

Session: the slot `RUN`, and a slot of each room's own.
URL: the inputs of a run (`RUN_KEYS`), "e_layer", "room", and "pin", the number of a token.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.core import examples, links, models, numbers, prompts, store
from app.core.errors import InputError
from app.core.prompt_runs import PromptRun, PromptSlot
from app.core.texts import t
from app.ui import sampling
from model.record.trace import Trace

RUN = PromptSlot("experts")
LISTED = ("base", "r1-zero", "r1", "twin", "history")  # families of about.json, in this order
MAX_TOKENS = 256
#: URL keys that make a run: a link that has one is run as soon as it is opened.
RUN_KEYS = ("e_prompt", "e_model", "e_temperature", "e_seed", "e_tokens")


def names() -> list[str]:
    """The models one can choose: base, what reinforcement made of it, its twins, checkpoints."""
    about = models.shipped()
    known = [name for name in about if about[name]["family"] in LISTED]
    return sorted(known, key=lambda n: (LISTED.index(about[n]["family"]), about[n]["tokens"], n))


def recorded() -> Trace:
    """The run that the page opens with."""
    return store.sample("experts")


def request() -> PromptRun:
    """The inputs as they stand, checked again: widgets' limits are the browser's.

    Raises:
        InputError: for a prompt that cannot be used.
    """
    state = st.session_state
    if state.e_model not in names():
        raise InputError(t("experts.unknown_model"))
    temperature, seed = sampling.chosen(("e_temperature", "e_seed"))
    return PromptRun(
        model=state.e_model,
        prompt=prompts.fitting(state.e_prompt, state.e_model),
        max_new_tokens=numbers.whole(state.e_tokens, 1, MAX_TOKENS, recorded().info.max_new_tokens),
        temperature=temperature,
        seed=seed,
    )


def run() -> None:
    """Run the inputs as they stand; what is on screen stays until there is something new."""
    try:
        RUN.run([request()])
    except InputError as error:
        RUN.refuse(error)


def start() -> None:
    """Run the inputs, and let go of the pinned token: it was another run's."""
    links.set_pin(None)
    run()


def start_example() -> None:
    """Put the example chosen in "e_example" into the text field and run it."""
    state = st.session_state
    state.e_prompt = examples.prompts()[state.e_example]
    start()


def run_link() -> None:
    """Run the inputs of the link that the page was opened by, once, if it has any."""
    if "e_opened" not in st.session_state:
        st.session_state.e_opened = True
        if any(key in st.query_params for key in RUN_KEYS):
            run()


def on_screen() -> tuple[Trace, str]:
    """The trace to draw now, and what it is: "recorded" or "live"."""
    live = RUN.traces()
    return (live[0], "live") if live else (recorded(), "recorded")


def layer(trace: Trace) -> int:
    """The layer in the URL, by the model's own number; else the first that has experts."""
    number = links.number_in_url("e_layer")
    layers = trace.moe_layers
    return number if number in layers else layers[0]


def set_layer(number: int) -> None:
    """Put a layer into the URL."""
    st.query_params["e_layer"] = str(number)


def pre_training(model: str) -> tuple[str, int | None]:
    """The pre-training that a model comes from, and its step there; None is the end.

    Reinforcement begins with base as it is at its end, and does not move the biases.
    """
    families = {name: about["family"] for name, about in models.shipped().items()}
    before = model.rsplit("-", 1)[0]  # of a checkpoint on the way
    if families[model] == "history" and families.get(before) in ("base", "twin"):
        return before, int(models.shipped()[model]["steps"])
    return (model if families[model] in ("base", "twin") else "base"), None


def choose_layer(layers: Sequence[int], key: str) -> tuple[int, int]:
    """A room's own choice among the layers with experts, kept in the URL: its number and place."""
    numbers = [int(layer) for layer in layers]
    layer = st.segmented_control(
        t("experts.layer"), numbers, default=numbers[0], required=True, key=key, bind="query-params"
    )
    return layer, numbers.index(layer)
