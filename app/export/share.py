"""The Share menu: link, embed code and citation of the current view, on every page."""

from __future__ import annotations

import datetime

import streamlit as st

from app.core.pages import PAGES
from app.export import cite, figures, serving, standalone
from app.ui.components import component

_component = component("share_view")


def _listed() -> list[dict[str, object]]:
    """The figures by name and title, with the heights of their embeds; none is drawn."""
    return [
        {
            "name": name,
            "title": figures.title(name),
            "pages": [figures.FIGURES[name].page, figures.FIGURES[name].about],
            "heights": figures.FIGURES[name].heights,
            "paper": figures.FIGURES[name].paper,
        }
        for name in figures.offered()
    ]


def share(page: str) -> None:
    """Draw the Share menu of a page; it is hidden in embedded views."""
    data = {
        "page": page,
        "shown": not st.context.is_embedded,
        "figures": _listed(),
        "folder": serving.FOLDER,
        "formats": list(serving.FORMATS),
        "shells": list(standalone.SHELLS),
        "papers": cite.papers(),
        "paper": PAGES[page].paper,
        "rooms": cite.ROOMS,
        "app": cite.APP,
        "date": datetime.date.today().isoformat(),
    }
    with st.container(key="share"):
        _component(data, key="share_view")
