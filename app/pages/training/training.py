"""Training: what reinforcement did to a base model, one step by hand, a run of one's own."""

from __future__ import annotations

import streamlit as st

from app.core.texts import t
from app.pages.training.rooms import (
    curves,
    grpo_step,
    pipeline,
    published_tables,
    time_machine,
    train_now,
    verdicts,
)
from app.ui import rooms

PARTS = {
    "curves": curves.section,
    "step": grpo_step.section,
    "time": time_machine.section,
    "now": train_now.section,
    "verdicts": verdicts.section,
    "pipeline": pipeline.section,
    "tables": published_tables.section,
}


def follow_older_links() -> None:
    """Links from before rooms had one key for all pages."""
    if (room := st.query_params.get("t_part")) is not None:
        del st.query_params["t_part"]
        st.query_params.setdefault("room", room)


st.title(t("training.title"))
follow_older_links()
room = rooms.choose({name: t(f"training.part_{name}") for name in PARTS}, "t_room")
st.header(t(f"training.title_{room}"))
PARTS[room]()
