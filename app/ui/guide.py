"""What accompanies every page: definitions of marked terms, hints for a first visit, kiosk mode."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from app.ui.components import component

KIOSK = "kiosk"  # URL key, and session key once it was in the URL
SCREENS = "screens"  # URL key of a speaker's list, which an idle kiosk plays again
#: Hints, and the element on the page that each is about.
HINTS = {
    "run": "",
    "ask": ".st-key-s_run",
    "pages": '[data-testid="stSidebarNav"]',
    "terms": 'a[href^="#term-"]',
    "story": '[data-testid="stSidebarNav"] a[href*="story"]',
}
_terms = component("terms")
_tour = component("tour")
_kiosk = component("kiosk")


def on_kiosk() -> bool:
    """Whether the app runs as a kiosk: `?kiosk=1` switches it on for the rest of the session."""
    if st.query_params.get(KIOSK) == "1":
        st.session_state[KIOSK] = True
    return KIOSK in st.session_state


def accompany(*, first: bool) -> None:
    """Draw what belongs to every page, at its end; most of it is hidden at first.

    `first` says that this is the page that visitors see first, where hints are offered.
    """
    _terms({}, key="terms")
    if on_kiosk():
        st.query_params[KIOSK] = "1"  # it is lost when another page is opened
        listed = st.session_state.setdefault("kiosk_screens", st.query_params.get(SCREENS, ""))
        home = {"present": "1", KIOSK: "1", "lang": st.session_state.lang_at_first}
        if listed:
            st.query_params[SCREENS] = home[SCREENS] = listed
        _kiosk({"home": f"?{urlencode(home)}"}, key="kiosk_idle")
    elif first:
        hints = [{"key": key, "about": about or "main"} for key, about in HINTS.items()]
        with st.sidebar:
            _tour({"hints": hints}, key="tour")
