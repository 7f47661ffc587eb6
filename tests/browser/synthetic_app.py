"""The server for pictures of the made-up run: `tests.serve --synthetic`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.ui.components import modules

app = st.App(Path(__file__).with_name("synthetic_page.py"), routes=[modules.route("")])
