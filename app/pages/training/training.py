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
)
from app.pages.training.url_choice import url_choice

PARTS = {
    "curves": curves.section,
    "step": grpo_step.section,
    "time": time_machine.section,
    "now": train_now.section,
    "pipeline": pipeline.section,
    "tables": published_tables.section,
}

st.title(t("training.title"))
st.markdown(t("training.intro"))
part = url_choice(
    t("training.part"),
    list(PARTS),
    "t_part",
    lambda name: t(f"training.part_{name}"),
    label_visibility="collapsed",
)
st.header(t(f"training.title_{part}"))
PARTS[part]()
