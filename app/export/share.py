"""Share: link, embed code and citation of what is on screen, at the same place on every page."""

from __future__ import annotations

import datetime

import streamlit as st

from app.core.texts import language
from app.export import cite, figures, serving, standalone, themes
from app.ui.components import component

_component = component("share_view")


@st.cache_data(max_entries=16, show_spinner=False)
def _listed(language: str) -> list[dict[str, object]]:
    """All figures by name and title, with the heights that their frames need."""
    listed = []
    for name in figures.NAMES:
        exhibit = figures.figure(name, language)
        listed.append(
            {
                "name": name,
                "title": exhibit.title,
                "page": exhibit.page,
                "height": standalone.height(exhibit, themes.theme("light")),
                "paper": exhibit.paper,
            }
        )
    return listed


def share(page: str) -> None:
    """The menu of a page; in a frame of somebody's blog it is left out."""
    data = {
        "page": page,
        "shown": not st.context.is_embedded,
        "figures": _listed(language()),
        "folder": serving.FOLDER,
        "formats": list(serving.FORMATS),
        "shells": list(standalone.SHELLS),
        "papers": cite.papers(),
        "paper": cite.of_page(page),
        "rooms": cite.ROOMS,
        "app": cite.APP,
        "date": datetime.date.today().isoformat(),
    }
    with st.container(key="share"):
        _component(data, key="share_view")
