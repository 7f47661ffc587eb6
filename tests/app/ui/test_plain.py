"""Verbatim text, and small tables in Markdown."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page() -> None:
    from app.ui.plain import plain
    from app.ui.table import small

    plain("3*4 = _12_\n  <b>", "one")
    small([{"Layer": 1, "MaxVio": "0.25"}, {"Layer": 2, "MaxVio": "1.50"}])


def test_text_stays_as_it_is_and_rows_become_a_table() -> None:
    at = AppTest.from_function(page, default_timeout=60).run()
    assert at.text[0].value == "3*4 = _12_\n  <b>"
    assert at.markdown[0].value == ("| Layer | MaxVio |\n| --- | --: |\n| 1 | 0.25 |\n| 2 | 1.50 |")
