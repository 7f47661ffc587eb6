"""Pictures of made-up runs, drawn on a click: see `synthetic_app.py`."""

from __future__ import annotations

import streamlit as st

from app.core import texts as texts_module
from app.ui.components.reasoning_view import reasoning_view
from app.ui.components.trace_view import PicturePart, trace_view
from tests import made_replies, synthetic

st.set_page_config(layout="wide")
texts_module.choose_language()
st.title("Synthetic")
if st.toggle("Draw replies", key="draw_replies"):
    reasoning_view(made_replies.replies(), key="replies", playing=True, clickable=True)
trace = st.cache_resource(synthetic.trace)()
if st.toggle("Draw", key="draw"):
    parts: tuple[PicturePart, ...] = ("strip", "heatmap", "multiples")
    pin = trace_view(trace, parts=parts, key="view", pinned=st.session_state.get("pin")).pinned
    st.session_state.pin = pin
