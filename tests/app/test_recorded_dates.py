"""What was recorded says when, on every page, in text that saved charts take along."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from app.core.texts import APP
from tests.app.rooms import ROOMS

#: Rooms of live measurements, arithmetic and published figures alone; Start needs the navigation.
WITHOUT = {
    "start": ("",),
    "cache": ("kv_size",),
    "training": ("published",),
}
RECORDED = [
    (page, room)
    for page, rooms in ROOMS.items()
    for room in rooms
    if room not in WITHOUT.get(page, ())
]


@pytest.mark.slow
@pytest.mark.parametrize(("page", "room"), RECORDED)
def test_what_was_recorded_says_when(page: str, room: str) -> None:
    at = AppTest.from_file(str(APP / "pages" / page / f"{page}.py"), default_timeout=60)
    at.session_state["lang"] = "en"
    if room:
        at.query_params["room"] = room
    at.run()
    assert not at.exception
    assert any(re.search(r"\b20\d\d-\d\d-\d\d\b", one.value) for one in (*at.caption, *at.text))
