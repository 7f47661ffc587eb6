"""The story: every chapter in both languages, with its figure, from valid and invalid links."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from app.core.texts import APP, LANGUAGES, texts
from app.export import figures
from app.story.chapters import BY_NAME, CHAPTERS, percent

SCRIPT = str(APP / "navigation.py")
EVERY = [(chapter.name, language) for chapter in CHAPTERS for language in LANGUAGES]


def opened(script: str, language: str = "en", **query: str) -> AppTest:
    """A page of the story, opened by a link."""
    at = AppTest.from_file(SCRIPT, default_timeout=60)
    at.query_params["lang"] = language
    for key, value in query.items():
        at.query_params[key] = value
    at.switch_page(script).run()
    assert not at.exception
    assert not at.error
    return at


def written(at: AppTest) -> str:
    return "\n".join(one.value for one in [*at.header, *at.markdown, *at.caption])


def test_there_are_nine_chapters_and_each_has_a_figure_and_a_way_on() -> None:
    assert len(CHAPTERS) == len(BY_NAME) == 9
    for chapter in CHAPTERS:
        assert chapter.figure in figures.NAMES
        assert (APP / "pages" / chapter.page / f"{chapter.page}.py").exists()


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_a_chapter_says_its_words_and_sources(name: str, language: str) -> None:
    at = opened("story/story.py", language, room=name)
    said = written(at)
    words = texts(language)
    assert str(words[f"story.title_{name}"]) in said
    assert str(words[f"story.idea_{name}"]) in said
    assert str(words[f"story.sources_{name}"]) in said
    assert figures.figure(BY_NAME[name].figure, language).takeaway in said
    assert not re.search(r"[{}]|\[\[", said)


@pytest.mark.parametrize("name", BY_NAME)
def test_every_number_of_ours_is_read_from_a_run(name: str) -> None:
    """Every placeholder is filled, no value is left over, and both languages use the same."""
    values = BY_NAME[name].values()
    for language in LANGUAGES:
        text = str(texts(language)[f"story.text_{name}"])
        assert set(re.findall(r"\{(\w+)", text)) == set(values)
    assert "–" not in values.values(), "a run that the story tells of was not measured"


def test_next_and_previous_turn_the_pages_and_the_link_follows() -> None:
    at = opened("story/story.py")
    assert at.button("story_previous").disabled
    at.button("story_next").click().run()
    assert at.header[0].value == texts("en")["story.title_moe"]
    assert at.query_params["room"] in ("moe", ["moe"])
    at.button("story_previous").click().run()
    assert at.header[0].value == texts("en")["story.title_o1"]
    at = opened("story/story.py", room="results")
    assert at.button("story_next").disabled


@pytest.mark.parametrize("room", ["<b>", "", "nine", "o1 "])
def test_a_link_to_no_chapter_opens_the_first(room: str) -> None:
    assert opened("story/story.py", room=room).header[0].value == texts("en")["story.title_o1"]


def test_percent() -> None:
    assert percent(0.426) == "42.6%"
    assert percent(0.0) == "0.0%"
    assert percent(None) == "–"


def test_the_story_has_no_number_of_a_run_in_its_words() -> None:
    """Percentages in the texts are published ones, named with their benchmark."""
    allowed = {"15.6", "71.0", "77.9", "59.0", "79.8", "72.6", "47.0"}
    allowed |= {"79.2", "97.3", "96.4", "96.3", "96.6", "71.5", "75.7", "30.1"}
    for language in LANGUAGES:
        for key, text in texts(language).items():
            if key.startswith("story.text_"):
                assert set(re.findall(r"([\d.]+)%", str(text))) <= allowed, key
