"""What the checkpoints of R1-Zero's way are called on screen, and how one comes to be."""

from __future__ import annotations

import streamlit as st

from app.core.asking import contestants
from app.core.texts import t
from app.pages.training import training_runs


def checkpoint_name(one: training_runs.Checkpoint) -> str:
    """Base, or R1-Zero after so many steps."""
    return "Base" if one.step == 0 else t("training.at_step", step=one.step)


def missing(name: str) -> None:
    """What is not there yet, and the command that makes it."""
    st.info(t("training.missing", name=contestants.NAMES[name]))
    st.code(training_runs.command(name), language="bash", wrap_lines=True)
