"""What accompanies every page: meanings of marked terms, hints for a first visit, the kiosk."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from app.ui.components import component

KIOSK = "kiosk"  # in the URL, and in the session once it was there
SCREENS = "screens"  # in the URL: a speaker's list, which a kiosk plays again when it is left alone
#: Hints, and what on the page each is about.
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
    """Does the app stand in a hall? `?kiosk=1` says so, for the rest of the session."""
    if st.query_params.get(KIOSK) == "1":
        st.session_state[KIOSK] = True
    return KIOSK in st.session_state


def accompany(*, first: bool) -> None:
    """Draw what belongs to every page, at its end: most of it is not to be seen at once.

    `first`: this is the page that a visitor sees first, so hints are offered.
    """
    _terms({}, key="terms")
    if on_kiosk():
        st.query_params[KIOSK] = "1"  # pages that are opened from others have lost it
        listed = st.session_state.setdefault("kiosk_screens", st.query_params.get(SCREENS, ""))
        home = {"present": "1", KIOSK: "1", "lang": st.session_state.lang_at_first}
        if listed:
            st.query_params[SCREENS] = home[SCREENS] = listed
        _kiosk({"home": f"?{urlencode(home)}"}, key="kiosk_idle")
    elif first:
        hints = [{"key": key, "about": about or "main"} for key, about in HINTS.items()]
        with st.sidebar:
            _tour({"hints": hints}, key="tour")
