"""The server: serves the app's pages, its JavaScript and its figures.

Run: `python -m streamlit run app/main.py`.
"""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager

from app.core.server import finished_runs
from app.core.server.compression import Compressed
from app.core.server.entrance import Entrance
from app.core.server.icons import OwnIcons
from app.core.server.own_script import OwnScript
from app.export import serving
from app.ui.components import modules

# Until `st.navigation` has run once, Streamlit takes the folder `pages` for its old-style pages,
# and tells the first visitor of any but the default page that it does not exist.
PagesManager.uses_pages_directory = False
finished_runs.install()

base = "/".join(["", *filter(None, str(st.get_option("server.baseUrlPath")).split("/"))])
app = st.App(
    Path(__file__).with_name("navigation.py"),
    routes=[modules.route(base), *serving.routes(base)],
    middleware=[
        Middleware(Entrance),
        Middleware(OwnIcons),
        Middleware(Compressed),
        Middleware(OwnScript, path=f"{modules.ROOT}/page/page.js"),
        Middleware(serving.Frames, base=base),
    ],
)
