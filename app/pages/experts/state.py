"""The Experts page's run: from the inputs in the session to the trace on screen.

Session: the slot `RUN`, and one slot per room.
URL: the inputs of a run (`RUN_KEYS`), "e_layer", "room", and "pin", the index of a token.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.core import links
from app.core.asking import examples, prompts
from app.core.asking.questions import MAX_TOKENS
from app.core.assets import models, recorded_runs
from app.core.errors import Faults, InputError
from app.core.running.prompt_runs import PromptRun, PromptSlot
from app.core.texts import t
from app.ui import sampling
from app.ui.number_field import NumberField
from model.nn.shipped import without_seed
from model.record.trace import Trace

RUN = PromptSlot("experts")
TOKENS = NumberField("experts.tokens", 1, MAX_TOKENS)
LISTED = ("base", "r1-zero", "r1", "twin", "history")  # families of about.json, in this order
#: URL keys of a run's inputs: a link with any of them is run when it is opened.
RUN_KEYS = ("e_prompt", "e_model", "e_temperature", "e_seed", "e_tokens")


def names() -> list[str]:
    """The selectable models: base, those trained from it by RL, the twins, checkpoints."""
    about = models.shipped()
    known = [
        name for name in about if about[name]["family"] in LISTED and without_seed(name)[1] == 0
    ]
    return sorted(known, key=lambda n: (LISTED.index(about[n]["family"]), about[n]["tokens"], n))


def recorded() -> Trace:
    """The recorded run that the page opens with, in the viewer's language."""
    return recorded_runs.spoken("experts")


def request() -> PromptRun:
    """The current inputs.

    Raises:
        InputError: for an unusable prompt or number, or several.
    """
    state = st.session_state
    if state.e_model not in names():
        raise InputError(t("experts.unknown_model"))
    faults = Faults()
    with faults:
        prompt = prompts.fitting(state.e_prompt, state.e_model)
    with faults:
        temperature, seed = sampling.chosen(("e_temperature", "e_seed"))
    with faults:
        tokens = TOKENS.checked("e_tokens")
    faults.tell()
    return PromptRun(
        model=state.e_model,
        prompt=prompt,
        max_new_tokens=tokens,
        temperature=temperature,
        seed=seed,
    )


def run() -> None:
    """Run the current inputs; the last result is shown until there is a new one."""
    try:
        RUN.run([request()])
    except InputError as error:
        RUN.refuse(error)


def start() -> None:
    """Run the inputs, and unpin the token: it belonged to another run."""
    links.set_pin(None)
    run()


def start_example() -> None:
    """Put the example chosen in "e_example" into the text field and run it."""
    state = st.session_state
    state.e_prompt = examples.prompts()[state.e_example]
    start()


def on_screen() -> tuple[Trace, str]:
    """The trace to draw, and whether it is "recorded" or "live"."""
    live = RUN.traces()
    return (live[0], "live") if live else (recorded(), "recorded")


def ships(trace: Trace) -> bool:
    """Whether the trace is of a model that ships with the app, so that it can be run again."""
    name = trace.card.name
    return name in models.shipped() and models.card(name) == trace.card


def layer(trace: Trace) -> int | None:
    """The layer in the URL (counting all layers), else the first recorded one, if any."""
    number = links.number_in_url("e_layer")
    layers = trace.moe_layers
    return number if number in layers else next(iter(layers), None)


def set_layer(number: int) -> None:
    """Put a layer into the URL."""
    st.query_params["e_layer"] = str(number)


def pre_training(model: str) -> tuple[str, int | None]:
    """The pre-training run that a model comes from, and its step there; None is the end.

    RL starts from the final base model, and does not change the biases.
    """
    families = {name: about["family"] for name, about in models.shipped().items()}
    before = model.rsplit("-", 1)[0]  # for an intermediate checkpoint
    if families[model] == "history" and families.get(before) in ("base", "twin"):
        return before, int(models.shipped()[model]["steps"])
    return (model if families[model] in ("base", "twin") else "base"), None


def choose_layer(layers: Sequence[int], key: str) -> tuple[int, int]:
    """Draw a room's choice of a layer with experts, bound to the URL; return number and index."""
    numbers = [int(layer) for layer in layers]
    layer = st.segmented_control(
        t("experts.layer"), numbers, default=numbers[0], required=True, key=key, bind="query-params"
    )
    return layer, numbers.index(layer)
