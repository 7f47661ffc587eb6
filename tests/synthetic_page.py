"""The Experts page's picture of the made-up run, drawn on a click: `tests.serve --synthetic`."""

from __future__ import annotations

from unittest.mock import patch

import streamlit as st

from app.core import models
from app.core import texts as texts_module
from app.ui.components.trace_view import Part, trace_view
from tests import synthetic

CONFIG = {
    "n_group": synthetic.GROUPS,
    "n_shared_experts": 1,
    "max_position_embeddings": 163_840,
}

st.set_page_config(layout="wide")
texts_module.choose_language()
st.title("Synthetic")
trace = st.cache_resource(synthetic.trace)()
if st.toggle("Draw", key="draw"):
    with patch.object(models, "config", lambda name: CONFIG):
        parts: tuple[Part, ...] = ("strip", "heatmap", "multiples")
        pin = trace_view(trace, parts=parts, key="view", pinned=st.session_state.get("pin")).pinned
    st.session_state.pin = pin
