"""Page configuration and navigation, nothing else. Run: `python -m streamlit run app/main.py`."""

from pathlib import Path

import streamlit as st

from app import i18n
from app.i18n import t
from app.services import models
from app.views import pictures

ICON = Path(__file__).parent / "static" / "icon.svg"  # a material icon here would be downloaded

st.set_page_config(page_title="Inside R1", page_icon=ICON, layout="wide")
st.html(Path(__file__).parent / "page.css")
i18n.choose_language()
pictures.choose_format()
page = st.navigation(
    [
        st.Page(
            "views/start.py", title=t("nav.start"), icon=":material/play_circle:", default=True
        ),
        st.Page("views/experts.py", title=t("nav.experts"), icon=":material/hub:"),
        st.Page("views/cache.py", title=t("nav.cache"), icon=":material/memory:"),
        st.Page("views/reasoning.py", title=t("nav.reasoning"), icon=":material/psychology:"),
        st.Page("views/training.py", title=t("nav.training"), icon=":material/trending_up:"),
    ]
)
page.run()
models.warm_up()
