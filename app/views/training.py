"""Training: what reinforcement did to a base model, one step by hand, a run of one's own."""

from __future__ import annotations

import streamlit as st

from app.i18n import t
from app.services import training_session as session
from app.views import (
    training_curves,
    training_now,
    training_pipeline,
    training_step,
    training_tables,
    training_time,
)

PARTS = {
    "curves": training_curves.section,
    "step": training_step.section,
    "time": training_time.section,
    "now": training_now.section,
    "pipeline": training_pipeline.section,
    "tables": training_tables.section,
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
st.header(t(f"training.{part}_title"))
PARTS[part]()
