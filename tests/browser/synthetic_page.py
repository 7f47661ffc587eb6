"""The Experts page's picture of the made-up run, drawn on a click: see `synthetic_app.py`."""

from __future__ import annotations

import streamlit as st

from app.core import texts as texts_module
from app.ui.components.trace_view import Part, trace_view
from tests import synthetic

st.set_page_config(layout="wide")
texts_module.choose_language()
st.title("Synthetic")
trace = st.cache_resource(synthetic.trace)()
if st.toggle("Draw", key="draw"):
    parts: tuple[Part, ...] = ("strip", "heatmap", "multiples")
    pin = trace_view(trace, parts=parts, key="view", pinned=st.session_state.get("pin")).pinned
    st.session_state.pin = pin
