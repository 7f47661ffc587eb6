"""Training: what reinforcement did to a base model, one step by hand, a run of one's own."""

from __future__ import annotations

import streamlit as st

from app.core.texts import t
from app.pages.training import state as session
from app.pages.training.rooms import (
    curves,
    grpo_step,
    pipeline,
    published_tables,
    time_machine,
    train_now,
)

PARTS = {
    "curves": curves.section,
    "step": grpo_step.section,
    "time": time_machine.section,
    "now": train_now.section,
    "pipeline": pipeline.section,
    "tables": published_tables.section,
}

session.open_page(list(PARTS))
st.title(t("training.title"))
st.markdown(t("training.intro"))
st.segmented_control(
    t("training.part"),
    list(PARTS),
    format_func=lambda part: t(f"training.part_{part}"),
    default=st.session_state.t_part_first,
    required=True,
    key="t_part",
    label_visibility="collapsed",
)
part: str = st.session_state.t_part
st.header(t(f"training.title_{part}"))
PARTS[part]()
