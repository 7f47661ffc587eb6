"""The rooms of a page: which is open after a link, a click, Back, and a forged link."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from app.ui import rooms

    labels = {"run": "Run", "balance": "Balance", "one": "One"}
    room = rooms.choose(
        labels, "x_room", once={"evenness": "balance"}, by_key={"x_layer": "one", "x_n": "run"}
    )
    st.text(room)


def opened(**query: str) -> AppTest:
    at = AppTest.from_function(page, default_timeout=60)
    at.session_state["lang"] = "en"
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    return at


@pytest.mark.parametrize(
    ("query", "room", "url"),
    [
        ({}, "run", None),
        ({"room": "balance"}, "balance", "balance"),
        ({"room": "evenness"}, "balance", "balance"),
        ({"room": "<b>"}, "run", "run"),
        ({"room": ""}, "run", "run"),
        ({"x_layer": "2"}, "one", "one"),
        ({"x_n": "3", "x_layer": "2"}, "one", "one"),
        ({"x_layer": "2", "room": "balance"}, "balance", "balance"),
    ],
)
def test_a_link_opens_its_room(query: dict[str, str], room: str, url: str | None) -> None:
    at = opened(**query)
    assert at.text[0].value == room
    assert at.query_params.get("room") == url


def test_a_click_opens_a_room_and_is_in_the_url() -> None:
    at = opened(room="balance")
    at.segmented_control("x_room").set_value("one").run()
    assert at.text[0].value == "one"
    assert at.query_params["room"] == "one"
    at.segmented_control("x_room").set_value("run").run()
    assert at.text[0].value == "run"
    assert at.query_params["room"] == "run"


def test_the_browsers_back_opens_the_room_before() -> None:
    at = opened(room="balance")
    at.segmented_control("x_room").set_value("one").run()
    at.query_params["room"] = "balance"
    at.run()
    assert at.text[0].value == "balance"
    assert at.segmented_control("x_room").value == "balance"


def test_a_room_that_does_not_exist_is_not_taken_from_a_browser() -> None:
    at = opened()
    at.segmented_control("x_room").set_value("cellar").run()
    assert at.text[0].value == "run"
