"""Every exported figure can be made in every language, from assets alone."""

from __future__ import annotations

import csv
import io
import math
import re
from urllib.parse import parse_qsl

import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from app.core import numbers
from app.core.pages import PAGES
from app.core.texts import APP, LANGUAGES
from app.export import figures, serving
from app.export.exhibit import ShownReplies, ShownRun
from app.export.themes import theme
from app.story.chapters import BY_NAME

EVERY = [(name, language) for name in figures.NAMES for language in LANGUAGES]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "language"), EVERY)
def test_a_figure_says_all_that_is_to_be_said(name: str, language: str) -> None:
    shown = figures.figure(name, language)
    assert shown.name == name
    for text in (shown.title, shown.takeaway, shown.source):
        assert text.strip()
        assert "{" not in text
    assert re.search("[가-힣]", shown.title + shown.takeaway) or language == "en"
    assert re.search(r"arXiv|Nature|OpenAI", shown.source)
    assert shown.link(language).startswith(f"{shown.page}?lang={language}")


@pytest.mark.parametrize("name", figures.NAMES)
def test_its_numbers_are_a_table(name: str) -> None:
    shown = figures.figure(name, "en")
    assert shown.rows
    assert len({tuple(row) for row in shown.rows}) == 1


@pytest.mark.parametrize("name", figures.NAMES)
def test_it_is_drawn(name: str) -> None:
    content = figures.figure(name, "en").content
    if isinstance(content, go.Figure):
        assert content.data
        assert not content.frames, "a picture on paper does not move"
    else:
        assert isinstance(content, ShownRun | ShownReplies)


def test_languages_differ_in_words_only() -> None:
    for name in figures.NAMES:
        en, ko = (figures.figure(name, language) for language in ("en", "ko"))
        if not isinstance(en.content, ShownReplies | ShownRun):  # written in the language
            assert len(en.rows) == len(ko.rows)
        assert (en.page, en.state) == (ko.page, ko.state)


def test_a_figure_is_drawn_once_for_all_viewers() -> None:
    assert figures.figure("routing", "en") is figures.figure("routing", "en")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        figures.figure("no-such-figure", "en")


@pytest.mark.parametrize(
    ("name", "key", "chosen"),
    [
        ("compute", "story_chapter", "o1"),
        ("thinking", "r_models", ["base", "r1-zero"]),
        ("published", "story_chapter", "results"),
        ("r1-zero-accuracy", "t_curve_task", "chain"),
        ("kv-loss", "c_room", "attention_kinds"),
    ],
)
def test_its_full_view_is_of_the_same(name: str, key: str, chosen: object) -> None:
    page, _, query = figures.figure(name, "en").link("en").partition("?")
    at = AppTest.from_file(str(APP / "navigation.py"), default_timeout=60)
    at.query_params.update(dict(parse_qsl(query)))
    there = f"story/{page}.py" if page == "story" else f"pages/{page}/{page}.py"
    at.switch_page(there).run()
    assert not at.exception
    assert at.session_state[key] == chosen


def test_a_view_in_the_story_draws_the_figure() -> None:
    found = [figures.figure(name, "en") for name in figures.NAMES]
    in_story = [one for one in found if one.page == "story"]
    assert in_story
    for one in in_story:
        chapter = BY_NAME[one.state["room"]]
        assert one.name in (chapter.figure, *chapter.then)


@pytest.mark.parametrize("name", figures.NAMES)
def test_its_numbers_have_no_more_digits_than_one_can_mean(name: str) -> None:
    written = serving.as_csv(figures.figure(name, "en"), theme("light"), "en").decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(written)) for cell in row]
    fractions = [cell for cell in cells if re.fullmatch(r"-?\d+\.\d+(e-\d+)?", cell)]
    assert not [cell for cell in fractions if len(cell.strip("-0.").replace(".", "")) > 8]


@pytest.mark.parametrize("name", ["kv-loss", "r1-zero-accuracy", "r1-zero-length", "compute"])
def test_all_that_is_drawn_of_measures_is_in_its_numbers(name: str) -> None:
    """Including single seeds and a paper's curves: there are as many points as numbers."""
    shown = figures.figure(name, "en")
    told = {numbers.short(v) for row in shown.rows for v in row.values() if isinstance(v, float)}
    level = shown.rows[0].get("Held-out loss, nats per token", 0)
    assert isinstance(level, int | float)
    for trace in shown.still.data:
        for y in trace.y:
            near = [value for value in told if abs(level + value - y) < 1e-4 * max(1, abs(y))]
            exact = [row for row in shown.rows if y in row.values()]
            assert near or exact or math.isclose(y, level, abs_tol=1e-4), (trace.name, y)


def test_a_figure_of_the_story_is_listed_on_the_page_that_it_is_about_as_well() -> None:
    entry = figures.FIGURES["kv-bytes"]
    assert (entry.page, entry.about) == ("story", "cache")
    assert {known.about for known in figures.FIGURES.values()} <= {"", *PAGES}
