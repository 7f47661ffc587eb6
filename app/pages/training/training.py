"""Training: what reinforcement learning did to a base model, one step by hand, a short run."""

from __future__ import annotations

import streamlit as st

from app.core.texts import t
from app.pages.training.curves import room as curves_room
from app.pages.training.grpo_step import room as grpo_step_room
from app.pages.training.pipeline import room as pipeline_room
from app.pages.training.published import room as published_room
from app.pages.training.short_run import room as short_run_room
from app.pages.training.time_machine import room as time_machine_room
from app.pages.training.verdicts import room as verdicts_room
from app.ui import rooms

ROOMS = {
    "curves": curves_room.room,
    "grpo_step": grpo_step_room.room,
    "time_machine": time_machine_room.room,
    "short_run": short_run_room.room,
    "verdicts": verdicts_room.room,
    "pipeline": pipeline_room.room,
    "published": published_room.room,
}
#: Former names of rooms, still used in old links.
ROOMS_ONCE = {
    "step": "grpo_step",
    "time": "time_machine",
    "now": "short_run",
    "tables": "published",
}

st.title(t("training.title"))
labels = {name: t(f"training.room_{name}") for name in ROOMS}
ROOMS[rooms.choose(labels, "t_room", once=ROOMS_ONCE)]()
