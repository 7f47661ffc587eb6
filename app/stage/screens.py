"""The screens of a talk: the story, or a list of views that the speaker has saved.

A list is text, so that it fits into a link: chapters and figures by name, and views of the app by
their links, separated by `|`: "moe|kv-bytes-v3|experts?room=balance".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from app.core.assets.files import DamagedFileError
from app.core.pages import FIRST, PAGES
from app.core.texts import TERM, language, t, texts
from app.export import figures
from app.story.chapters import BY_NAME, CHAPTERS, SEPARATOR
from app.ui.chart import ON_STAGE

MOST = 40  # maximum screens of a talk
LONGEST = 600  # maximum characters of a view's link
#: Figures that replace a chapter's own on the stage, where one idea has to fill a screen.
FOR_A_TALK = {"o1": "thinking", "zero": "r1-zero-accuracy", "pipeline": "stages"}
OPENING = "opening"
#: A marked term in a text, as a link with its definition, which may contain brackets.
LINK = re.compile(r'\[([^\]]+)\]\(#term-[^\s)]+(?: "[^"]*")?\)')
PICTURE = re.compile("[1-9]")  # the number of a room's picture, in a link's fragment
#: URL parameters that are about the app around a view, and are not passed to its frame.
NOT_OF_A_VIEW = ("embed", "lang", "present", "screen", "screens", "kiosk", "speaker", ON_STAGE)


@dataclass(frozen=True)
class Screen:
    """One idea: a title, a sentence, and a figure or a view of the app. Links use its `id`."""

    id: str
    title: str
    idea: str = ""
    notes: str = ""
    figure: str | None = None  # one of `app.export.figures.NAMES`
    view: str | None = None  # "experts?room=balance"


def plain(text: str) -> str:
    """A text without its markup for terms and emphasis."""
    return re.sub(r"[*`]", "", TERM.sub(r"\2", text))


def story() -> list[Screen]:
    """The opening, and a screen for each chapter."""
    opening = Screen(OPENING, t("stage.title"), t("stage.lead"), t("stage.keys"))
    return [opening, *(of_chapter(chapter.name) for chapter in CHAPTERS)]


def of_chapter(name: str) -> Screen:
    chapter = BY_NAME[name]
    shown = FOR_A_TALK.get(name, chapter.figure)
    try:
        said = LINK.sub(r"\1", chapter.text())
        if shown != chapter.figure:  # the paragraph is about the chapter's own figure
            said = f"{figures.figure(shown, language()).takeaway} {said}"
    except DamagedFileError:  # in the run that it quotes; the screen is shown without the text
        said = ""
    notes = plain(f"{said} ({chapter.sources})")
    return Screen(name, chapter.title, chapter.idea, notes, shown)


def of_view(link: str, number: int) -> Screen | None:
    """A view of this app as a screen; None if the link is not to a page of it, or too long.

    Only the page's name and its query are used, so that the view is always this app's, whatever
    host the link names.
    """
    if len(link) > LONGEST:
        return None
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return None
    page = parts.path.strip("/").split("/")[-1] or FIRST
    if page not in PAGES:
        return None
    kept = [(key, value) for key, value in parse_qsl(parts.query) if key not in NOT_OF_A_VIEW]
    query = urlencode([*kept, ("embed", "true"), (ON_STAGE, "1"), ("lang", language())])
    path = "" if page == FIRST else page
    picture = f"#{parts.fragment}" if PICTURE.fullmatch(parts.fragment) else ""
    title = _of_room(page, dict(kept).get("room", ""))
    return Screen(str(number), title, notes=link.strip(), view=f"{path}?{query}{picture}")


def _of_room(page: str, room: str) -> str:
    """The title of a view: its page, and its room if the link has one."""
    name = t(f"nav.{page}")
    labels = (f"{page}.{word}_{room}" for word in ("room", "part", "short"))
    known = texts(language())
    return next((f"{name} · {t(label)}" for label in labels if label in known), name)


def listed(text: str) -> tuple[list[Screen], list[str]]:
    """The screens of a list, or the story if it has none; and its invalid or surplus items."""
    found: dict[str, Screen] = {}
    wrong = []
    for number, item in enumerate(map(str.strip, text.split(SEPARATOR)), 1):
        screen = _named(item, number) if number <= MOST else None
        if screen is None:
            wrong += [item] if item else []
            continue
        if screen.id in found:  # listed a second time
            screen = replace(screen, id=str(number))
        found[screen.id] = screen
    return [*found.values()] or story(), wrong


def _named(name: str, number: int) -> Screen | None:
    """The screen for an item of a list; None if it is invalid."""
    if name in BY_NAME:
        return of_chapter(name)
    if name in figures.offered():
        shown = figures.figure(name, language())
        return Screen(name, shown.title, notes=f"{shown.takeaway} ({shown.source})", figure=name)
    return of_view(name, number) if name else None
