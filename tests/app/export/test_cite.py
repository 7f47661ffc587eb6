"""Citations: every view has a paper, a chapter one of its sources, and BibTeX keeps capitals."""

from __future__ import annotations

import re

import pytest

from app.core.pages import PAGES
from app.core.texts import speaking
from app.export import cite, figures
from app.story.chapters import CHAPTERS, Chapter

ENTRIES = {"app": cite.APP, **cite.papers()}
#: What sources say of a paper: where it is published.
PUBLISHED = re.compile(r"arXiv:(\d{4}\.\d{5})|author = \{\{(OpenAI)\}\}|journal = \{(Nature)\}")


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_keeps_capitals_and_has_a_year(name: str) -> None:
    title = re.search(r"^ *title *= \{(.*)\},$", ENTRIES[name], re.MULTILINE)
    assert title is not None
    bare = re.sub(r"\{[^{}]*\}", "", title[1])
    assert not [word for word in bare.split() if re.search("[A-Z]", word[1:].split("-")[0])]
    assert re.search(r"^ *year *= \{(\d{4}|%year%)\}", ENTRIES[name], re.MULTILINE)


def test_every_view_and_figure_has_a_paper() -> None:
    keys = {*(page.paper for page in PAGES.values()), *cite.ROOMS.values()}
    assert keys | {one.paper for one in figures.FIGURES.values()} == {*cite.papers()}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[one.name for one in CHAPTERS])
def test_a_chapter_cites_one_of_its_sources(chapter: Chapter) -> None:
    entry = re.sub(" +", " ", cite.papers()[cite.ROOMS[chapter.name]])
    published = PUBLISHED.search(entry)
    assert published is not None
    with speaking("en"):
        assert next(filter(None, published.groups())) in chapter.sources
    assert chapter is not CHAPTERS[0] or cite.ROOMS[chapter.name] == PAGES["story"].paper
