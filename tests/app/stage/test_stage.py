"""The stage: screens by link, lists that speakers save, and what a link must not do."""

from __future__ import annotations

import re

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app.core.pages import PAGES
from app.core.texts import APP, LANGUAGES, speaking, texts
from app.export import figures
from app.stage import figures as stage_figures
from app.stage import screens
from app.story.chapters import BY_NAME, CHAPTERS
from app.ui.legible import legible

SCRIPT = str(APP / "navigation.py")


def opened(**query: str) -> AppTest:
    at = AppTest.from_file(SCRIPT, default_timeout=60)
    for key, value in ({"present": "1", "lang": "en"} | query).items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    assert not at.error
    return at


def test_it_walks_the_story() -> None:
    with speaking("en"):
        found = screens.story()
    assert [one.id for one in found] == [screens.OPENING, *BY_NAME]
    for screen in found[1:]:
        assert screen.figure in figures.NAMES
        assert screen.notes
        assert "[" not in screen.notes.replace("[±", "")


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [screens.OPENING, *BY_NAME])
def test_each_screen_is_a_link(name: str, language: str) -> None:
    at = opened(screen=name, lang=language)
    title = "stage.title" if name == screens.OPENING else f"story.title_{name}"
    assert at.title[0].value == texts(language)[title]


@pytest.mark.parametrize("name", ["", "nowhere", "<b>", "-1", "999"])
def test_a_link_to_no_screen_opens_the_first(name: str) -> None:
    assert opened(screen=name).title[0].value == texts("en")["stage.title"]


def test_a_saved_list_is_walked_in_its_order() -> None:
    listed = "cache|kv-bytes-v3|http://elsewhere.example/experts?room=balance&present=1&pin=3#2|moe|cache"
    with speaking("ko"):
        found, wrong = screens.listed(listed)
    assert not wrong
    assert [one.id for one in found] == ["cache", "kv-bytes-v3", "3", "moe", "5"]
    assert found[2].view == "experts?room=balance&pin=3&embed=true&stage=1&lang=ko#2"
    room, page = texts("ko")["experts.room_balance"], texts("ko")["nav.experts"]
    assert found[2].title == f"{page} · {room}"
    at = opened(screens=listed, screen="kv-bytes-v3")
    assert at.title[0].value == figures.figure("kv-bytes-v3", "en").title


@pytest.mark.parametrize("text", ["", "|||", "nothing", "/etc/passwd", "javascript:alert(1)"])
def test_a_list_of_nothing_is_the_story(text: str) -> None:
    with speaking("en"):
        assert screens.listed(text)[0] == screens.story()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_list_names_wrongly_is_told(language: str) -> None:
    many = "|".join(["moe"] * screens.MOST)
    for listed, left_out in (("moe|`nonsense`||cache", "nonsense"), (f"{many}|zero", "zero")):
        at = opened(screens=listed, lang=language)
        assert len(at.toast) == 1
        assert f"`{left_out}`" in at.toast[0].value
    assert not opened(screens="moe|cache", lang=language).toast


@pytest.mark.parametrize("language", LANGUAGES)
def test_notes_tell_of_the_figure_that_is_shown(language: str) -> None:
    with speaking(language):
        for name, shown in screens.FOR_A_TALK.items():
            assert figures.figure(shown, language).takeaway in screens.of_chapter(name).notes


@given(st.text(max_size=300) | st.from_regex(r"[a-z:/.?=&%|@#\\]{0,80}", fullmatch=True))
def test_whatever_a_list_says_only_views_of_this_app_are_framed(text: str) -> None:
    with speaking("en"):
        found, _ = screens.listed(text)
    assert 1 <= len(found) <= screens.MOST
    for screen in found:
        if screen.view is not None:
            page, _, query = screen.view.partition("?")
            assert page in ("", *PAGES)
            assert re.search(r"embed=true&stage=1&lang=en(#[1-9])?$", query)


def test_a_forged_turn_is_ignored() -> None:
    at = opened()
    at.session_state["stage_keys"] = {"turn": {"id": "moe"}}
    at.run()
    assert at.title[0].value == texts("en")["stage.title"]


@pytest.mark.slow
def test_large_type_reaches_every_word_of_a_figure() -> None:
    for name in figures.NAMES:
        content = figures.figure(name, "en").content
        if isinstance(content, go.Figure):
            drawn = legible(content, 530, 24).to_plotly_json()["layout"]
            sizes = [one["font"]["size"] for one in drawn.get("annotations", ()) if "text" in one]
            axes = [drawn[key] for key in drawn if key.startswith(("xaxis", "yaxis"))]
            sizes += [axis["tickfont"]["size"] for axis in axes]
            assert min([*sizes, drawn["font"]["size"]]) >= 24, name
            assert drawn["height"] == 530


def test_each_column_of_a_run_is_a_whole_token() -> None:
    ids = np.array([[1, 3], [0, 1]])
    drawn = stage_figures.took(
        ids,
        np.array([[3.0, 1.0], [1.0, 1.0]]),
        ["a", "<b/b>"],
        4,
        {"expert": "e", "token": "t", "share": "s"},
    )
    z = np.nan_to_num(np.array(drawn.data[0].z, dtype=float))
    assert z.tolist() == [[0, 0.5], [0.75, 0.5], [0, 0], [0.25, 0]]
    assert drawn.layout.xaxis.ticktext == ("a", "…")
    assert drawn.data[0].customdata[0].tolist() == ["a", "&lt;b/b>"]


def test_chapters_have_an_order_that_is_the_stages() -> None:
    assert [chapter.name for chapter in CHAPTERS] == list(BY_NAME)


@pytest.mark.parametrize("language", LANGUAGES)
def test_notes_are_plain_words(language: str) -> None:
    """They contain no remains of the links that mark terms on a page."""
    with speaking(language):
        for screen in screens.story():
            assert not re.search(r"#term|\]\(|\"\)", screen.notes), screen.id
