"""The Latent cache page's run: requested, running or on screen, in the slot `RUN`."""

from __future__ import annotations

import functools
from typing import Any

import streamlit as st

from app.core.asking import examples, prompts
from app.core.assets import models, recorded_runs
from app.core.assets.files import DamagedFileError, reference, reporting_damage
from app.core.errors import Faults, InputError
from app.core.running.prompt_runs import PromptRun, PromptSlot
from app.ui import sampling
from app.ui.number_field import NumberField
from model import ASSETS
from model.analysis.kv_size import CacheSpec, cache_spec, families
from model.record.trace import Trace

RUN = PromptSlot("cache")
#: URL keys of a run's inputs: a link with any of them is run when it is opened.
RUN_KEYS = ("c_prompt", "c_tokens", "c_temperature", "c_seed")


@functools.cache
def spec(name: str) -> CacheSpec:
    """The `CacheSpec` of a shipped model."""
    reference(families.REFERENCE)
    with reporting_damage(ASSETS / "checkpoints" / name / "config.json"):
        return cache_spec(models.config(name))


def named(kind: str) -> str:
    """The twin with a kind of attention, as named by `models.twins`."""
    return next(name for name, told in models.twins().items() if told == kind)


def measured() -> dict[str, dict[int, dict[str, Any]]]:
    """The twins' results by the name of their attention and by seed.

    Raises:
        DamagedFileError: if there are none for MHA or MLA, the two that all are compared with.
    """
    found = {kind: models.seeds(name) for name, kind in models.twins().items()}
    for kind in ("MHA", "MLA"):
        if not found[kind]:
            raise DamagedFileError(ASSETS / "runs" / named(kind) / "heldout.json")
    return {kind: seeds for kind, seeds in found.items() if seeds}


def tokens() -> NumberField[int]:
    """The field for the number of new tokens, up to the twins' context length."""
    return NumberField("cache.new_tokens", 1, models.twins_context())


def start() -> None:
    """Run the current inputs; the last result is shown until there is a new one."""
    faults = Faults()
    with faults:
        prompt = prompts.fitting(st.session_state.c_prompt or "", named("MLA"))
    with faults:
        new_tokens = tokens().checked("c_tokens")
    with faults:
        temperature, seed = sampling.chosen(("c_temperature", "c_seed"))
    try:
        faults.tell()
    except InputError as error:
        RUN.refuse(error)
        return
    RUN.run(
        [
            PromptRun(
                model=name,
                prompt=prompt,
                max_new_tokens=new_tokens,
                temperature=temperature,
                seed=seed,
            )
            for name in models.twins()
        ]
    )


def recorded(name: str) -> Trace:
    """The recorded run of a twin that the page opens with, in the viewer's language."""
    return recorded_runs.spoken(f"cache-{name}")


def shown() -> tuple[list[Trace], str]:
    """The twins' traces to draw, and whether they are "live" or "recorded"."""
    live = RUN.traces()
    if live:
        return list(live), "live"
    return [recorded(name) for name in models.twins()], "recorded"


def take_example() -> None:
    """Put the chosen example into the text field."""
    chosen = st.session_state.c_example
    if chosen in examples.prompts():
        st.session_state.c_prompt = examples.prompts()[chosen]
