"""Names of R1-Zero's checkpoints on screen, and how to make a missing one."""

from __future__ import annotations

import streamlit as st

from app.core.asking import contestants
from app.core.texts import t
from app.pages.training import training_runs


def checkpoint_name(one: training_runs.Checkpoint) -> str:
    """The name on screen: base, or R1-Zero after a number of steps."""
    return "Base" if one.step == 0 else t("training.at_step", step=one.step)


def missing(name: str) -> None:
    """Say which checkpoint is missing, and the command that makes it."""
    st.info(t("training.missing", name=contestants.NAMES[name]))
    st.code(training_runs.command(name), language="bash", wrap_lines=True)
