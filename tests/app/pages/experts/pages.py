"""A room of the Experts page, opened by a link."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

MAIN = Path(__file__).parents[4] / "app" / "navigation.py"


def opened(room: str, language: str = "en", **query: str) -> AppTest:
    at = AppTest.from_file(str(MAIN), default_timeout=60)
    at.query_params.update({"lang": language, "room": room, **query})
    at.switch_page("pages/experts/experts.py").run()
    assert not at.exception
    return at
