"""Page configuration and navigation, nothing else; `main.py` serves it."""

from pathlib import Path

import streamlit as st

from app.core import errors, links, texts
from app.core.pages import FIRST, PAGES
from app.core.running import generation
from app.core.texts import t
from app.export.share import share
from app.ui import chart, guide

APP = Path(__file__).parent

icon = APP / "static" / "icon.svg"  # a material icon here would be downloaded
st.set_page_config(page_title="Inside R1", page_icon=icon, layout="wide")
st.html(APP / "ui" / "page.css")
links.mend()
texts.choose_language()
chart.choose_format()
presenting = st.query_params.get("present") == "1"
page = st.navigation(
    [
        st.Page(
            one.script,
            title=t(f"nav.{name}"),
            icon=f":material/{one.icon}:",
            default=name == FIRST,
        )
        for name, one in PAGES.items()
    ],
    position="hidden" if presenting or st.context.is_embedded else "sidebar",
)
if page.url_path:
    st.set_page_config(page_title=f"{page.title} · Inside R1")
with errors.in_words():
    if presenting:
        from app.stage import stage  # few need it, and it draws on all pages

        stage.show()
    else:
        share(page.url_path or FIRST)
        page.run()
        guide.accompany(first=page.url_path == "")
links.tell()
generation.compile_kernel()
