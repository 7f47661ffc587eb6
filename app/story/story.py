"""The Story page: nine chapters, each with its text next to an interactive figure."""

from __future__ import annotations

import streamlit as st

from app.core.errors import in_words
from app.core.texts import language, t
from app.export import figures
from app.story import shown_exhibit
from app.story.chapters import BY_NAME, CHAPTERS, SEPARATOR, Chapter
from app.ui import rooms
from app.ui.components import keys

MOST_TYPED = 4000  # maximum characters of a list of screens


def go(to: str) -> None:
    """Open a chapter by setting its name in the URL."""
    st.query_params[rooms.URL_KEY] = to


def press() -> None:
    """Open the chapter that the pressed key stands for, if any."""
    if (asked := keys.pressed("story_keys")) in BY_NAME:
        go(asked)


def turning(chapter: Chapter) -> None:
    """Draw Previous and Next buttons, which also react to arrow keys."""
    place = CHAPTERS.index(chapter)
    before = CHAPTERS[place - 1] if place else None
    after = CHAPTERS[place + 1] if place + 1 < len(CHAPTERS) else None
    with st.container(horizontal=True, vertical_alignment="center"):
        for label, key, there in (
            (t("story.previous"), "story_previous", before),
            (t("story.next"), "story_next", after),
        ):
            st.button(
                label,
                key=key,
                type="primary" if there is after else "secondary",
                disabled=there is None,
                on_click=go,
                args=(there.name if there else chapter.name,),
            )
        st.caption(t("story.of_chapters", number=place + 1, chapters=len(CHAPTERS)))
    arrows = {"ArrowLeft": before, "ArrowRight": after}
    keys.listen(
        {arrow: there.name for arrow, there in arrows.items() if there},
        key="story_keys",
        on_press=press,
    )


def words(chapter: Chapter) -> None:
    """Draw the chapter's paragraph, what to try, and its sources."""
    st.header(chapter.title, anchor=False)
    st.markdown(f"**{chapter.idea}**")
    st.markdown(chapter.text())
    st.page_link(
        f"pages/{chapter.page}/{chapter.page}.py",
        label=f"{t('story.try')}: {chapter.to_try}",
        icon=":material/arrow_forward:",
        query_params=dict(chapter.query),
    )
    st.caption(f"{t('story.sources')}: {chapter.sources}")


def present() -> None:
    """Turn the page into the stage by setting the URL that a speaker could also save."""
    lines = str(st.session_state.story_screens or "")[:MOST_TYPED].splitlines()
    listed = SEPARATOR.join(line.strip() for line in lines if line.strip())
    st.query_params.from_dict(
        {"present": "1", "lang": language()} | ({"screens": listed} if listed else {})
    )


def to_the_stage() -> None:
    """Draw the controls that start the stage, with the story or the speaker's own list."""
    with st.expander(t("story.present")):
        names = ", ".join(f"`{name}`" for name in BY_NAME)
        drawn = ", ".join(f"`{name}`" for name in figures.offered() if name not in BY_NAME)
        st.markdown(t("story.present_how", chapters=names, figures=drawn))
        st.text_area(t("story.present_list"), key="story_screens", max_chars=MOST_TYPED)
        st.button(t("story.present_start"), icon=":material/slideshow:", on_click=present)


def page() -> None:
    st.title(t("story.title"), anchor=False)
    st.caption(t("story.intro"))
    labels = {one.name: f"{i} {one.short}" for i, one in enumerate(CHAPTERS, 1)}
    chapter = BY_NAME[rooms.choose(labels, "story_chapter")]
    turning(chapter)
    with st.container(key="story_spread"):
        left, right = st.columns([5, 6], gap="medium")
    with left, in_words():
        words(chapter)
    with right, in_words():
        for place, name in enumerate((chapter.figure, *chapter.then)):
            shown_exhibit.draw(
                figures.figure(name, language()), key=f"story_{chapter.name}_{place}"
            )
    to_the_stage()


page()
