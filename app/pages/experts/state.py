"""The Experts page's run: from the inputs in the session to the trace on screen.

Session: "e_job" is the run under way, "e_shown" the id of the trace on screen (none: the recorded
one), "e_error" what to tell about the last request, "e_opened" whether the page was opened before,
"e_compare" the comparison under way, "e_asked" the surveys under way by place, "e_hand" the steps
of the bias rule by hand.
URL: the inputs of a run (`RUN_KEYS`), "e_layer", "room", and "pin", the number of a token.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.core import examples, jobs, links, models, prompts, store
from app.core.errors import InputError
from app.core.texts import t
from model.record.trace import Trace

FAMILIES = ("base", "twin", "history")
MAX_TOKENS = 256
MAX_SEED = 2**31 - 1
MAX_TEMPERATURE = 2.0
ROOMS = ("run", "what_if", "statistics", "after_rl", "expert", "balance")
#: URL keys that make a run: a link that has one is run as soon as it is opened.
RUN_KEYS = ("e_prompt", "e_model", "e_temperature", "e_seed", "e_tokens")


def names() -> list[str]:
    """The models one can choose: base, its twins, then what base was on the way."""
    about = models.shipped()
    known = [name for name in about if about[name]["family"] in FAMILIES]
    return sorted(known, key=lambda n: (FAMILIES.index(about[n]["family"]), about[n]["tokens"], n))


def request() -> jobs.Request:
    """The inputs as they stand, checked again: widgets' limits are the browser's.

    Raises:
        InputError: for a prompt that cannot be used.
    """
    state = st.session_state
    if state.e_model not in names():
        raise InputError(t("experts.unknown_model"))
    tokens, temperature, seed = state.e_tokens, state.e_temperature, state.e_seed
    if tokens is None or temperature is None or seed is None:
        raise InputError(t("experts.number_missing"))
    return jobs.Request(
        model=state.e_model,
        prompt=prompts.fitting(state.e_prompt, state.e_model),
        max_new_tokens=min(max(int(tokens), 1), MAX_TOKENS),
        temperature=min(max(float(temperature), 0.0), MAX_TEMPERATURE),
        seed=min(max(int(seed), 0), MAX_SEED),
    )


def start(pin: int | None = None) -> None:
    """Run the inputs as they stand; what is on screen stays until there is something new."""
    state = st.session_state
    try:
        wanted = request()
    except InputError as error:
        state.e_error = str(error)
        return
    if state.e_job is not None:
        state.e_job.stop()
    state.e_job = jobs.worker().submit([wanted])
    links.set_pin(pin)


def start_example(name: str) -> None:
    """Put an example into the text field and run it."""
    st.session_state.e_prompt = examples.prompts()[name]
    start()


def finish(job: jobs.Job) -> None:
    """Keep what a job wrote, and forget the job."""
    state = st.session_state
    if job.error is not None:
        state.e_error = job.error
    if (trace := job.traces()[0]) is not None:
        state.e_shown = store.store().put(trace)
    state.e_job = None


def stop(job: jobs.Job) -> None:
    """End a job at once, be it running or waiting; what it wrote stays."""
    job.stop()
    finish(job)


def on_screen() -> tuple[Trace, bool]:
    """The trace to draw now, and whether it is being written at this moment."""
    state = st.session_state
    job = state.e_job
    if job is not None and (growing := job.traces()[0]) is not None:
        return growing, True
    kept = store.store().get(state.e_shown)
    return kept or store.sample("experts"), False


def is_live() -> bool:
    """Whether the run on screen was made in this session."""
    return store.store().get(st.session_state.e_shown) is not None


def layer(trace: Trace) -> int:
    """The layer in the URL, by the model's own number; else the first that has experts."""
    number = links.number_in_url("e_layer")
    layers = trace.moe_layers
    return number if number in layers else layers[0]


def set_layer(number: int) -> None:
    """Put a layer into the URL."""
    st.query_params["e_layer"] = str(number)


def run_of(model: str) -> tuple[str, int | None]:
    """The training run that a model comes from, and its step there; None is the end."""
    about = models.shipped()[model]
    if about["family"] == "history":
        return model.rsplit("-", 1)[0], int(about["steps"])
    return model, None


def choose_room() -> str:
    """Which of the page's rooms is open; in the URL by its name, not by its translated label."""
    asked = st.query_params.get("room")
    at_first = st.session_state.setdefault("e_room_at_first", asked if asked in ROOMS else ROOMS[0])
    st.segmented_control(
        t("experts.rooms"),
        ROOMS,
        format_func=lambda room: t(f"experts.room_{room}"),
        default=at_first,
        required=True,
        key="e_room",
        label_visibility="collapsed",
    )
    room = st.session_state.e_room
    if room != (asked or ROOMS[0]):
        st.query_params["room"] = room
    return room


def choose_layer(layers: Sequence[int], key: str) -> tuple[int, int]:
    """A room's own choice among the layers with experts, kept in the URL: its number and place."""
    numbers = [int(layer) for layer in layers]
    layer = st.segmented_control(
        t("experts.layer"), numbers, default=numbers[0], required=True, key=key, bind="query-params"
    )
    return layer, numbers.index(layer)
