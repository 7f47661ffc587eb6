"""Page configuration and navigation, nothing else; `main.py` serves it."""

from pathlib import Path

import streamlit as st

from app.core import errors, links, texts
from app.core.running import generation
from app.core.texts import t
from app.export.share import share
from app.ui import chart, guide

APP = Path(__file__).parent
ICONS = {"start": "play_circle", "experts": "hub", "cache": "memory"}
ICONS |= {"reasoning": "psychology", "training": "trending_up"}
ICONS |= {"story": "auto_stories", "glossary": "dictionary"}
#: Pages outside of `pages/`, because they use figures of several pages.
ELSEWHERE = {"story": "story/story.py", "glossary": "story/glossary.py"}

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
            ELSEWHERE.get(name, f"pages/{name}/{name}.py"),
            title=t(f"nav.{name}"),
            icon=f":material/{icon}:",
            default=name == "start",
        )
        for name, icon in ICONS.items()
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
        share(page.url_path or "start")
        page.run()
        guide.accompany(first=page.url_path == "")
links.tell()
generation.compile_kernel()
