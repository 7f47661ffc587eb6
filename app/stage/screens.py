"""What a talk shows, screen by screen: the story, or a list of views that the speaker has saved.

A list is text, so that a link can hold it: chapters and figures by name, and views of the app by
their links, separated by `|`: "moe|kv-bytes-v3|experts?room=balance".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from app.core.assets.files import DamagedFileError
from app.core.texts import TERM, language, t, texts
from app.export import figures
from app.story.chapters import BY_NAME, CHAPTERS, SEPARATOR
from app.ui.chart import ON_STAGE

MOST = 40  # screens of a talk
LONGEST = 600  # characters of a view's link
PAGES = ("start", "experts", "cache", "reasoning", "training", "story", "glossary")
#: What a chapter shows where one idea has to fill a screen, if not its own figure.
FOR_A_TALK = {"o1": "thinking", "zero": "r1-zero-accuracy", "pipeline": "stages"}
OPENING = "opening"
#: A marked term in a text, as a link with its meaning, which may hold brackets of its own.
LINK = re.compile(r'\[([^\]]+)\]\(#term-[^\s)]+(?: "[^"]*")?\)')
PICTURE = re.compile("[1-9]")  # which of a room's pictures, after a link's #
#: What a link may say that is not for the view in the frame: how the app around it is shown.
NOT_OF_A_VIEW = ("embed", "lang", "present", "screen", "screens", "kiosk", "speaker", ON_STAGE)


@dataclass(frozen=True)
class Screen:
    """One idea: a title, a sentence, and a figure or a view of the app. `id` is its link's."""

    id: str
    title: str
    idea: str = ""
    notes: str = ""
    figure: str | None = None  # one of `app.export.figures.NAMES`
    view: str | None = None  # "experts?room=balance"


def plain(text: str) -> str:
    """A text without its marks: no terms, no emphasis."""
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
        if shown != chapter.figure:  # the paragraph is about the page's
            said = f"{figures.figure(shown, language()).takeaway} {said}"
    except DamagedFileError:  # of the run that it tells of; its screen stays
        said = ""
    notes = plain(f"{said} ({chapter.sources})")
    return Screen(name, chapter.title, chapter.idea, notes, shown)


def of_view(link: str, number: int) -> Screen | None:
    """A view of this app as a screen; None if the link is of no page here, or too long.

    Only the page's name and its query are taken: whatever host the link names, it is this app's
    view that is shown.
    """
    if len(link) > LONGEST:
        return None
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return None
    page = parts.path.strip("/").split("/")[-1] or PAGES[0]
    if page not in PAGES:
        return None
    kept = [(key, value) for key, value in parse_qsl(parts.query) if key not in NOT_OF_A_VIEW]
    query = urlencode([*kept, ("embed", "true"), (ON_STAGE, "1"), ("lang", language())])
    path = "" if page == PAGES[0] else page
    picture = f"#{parts.fragment}" if PICTURE.fullmatch(parts.fragment) else ""
    title = _of_room(page, dict(kept).get("room", ""))
    return Screen(str(number), title, notes=link.strip(), view=f"{path}?{query}{picture}")


def _of_room(page: str, room: str) -> str:
    """What a view is called: its page, and its room if the link says which."""
    name = t(f"nav.{page}")
    labels = (f"{page}.{word}_{room}" for word in ("room", "part", "short"))
    known = texts(language())
    return next((f"{name} · {t(label)}" for label in labels if label in known), name)


def listed(text: str) -> tuple[list[Screen], list[str]]:
    """The screens of a list, the story if it has none; and what it names wrongly, or too much."""
    found: dict[str, Screen] = {}
    wrong = []
    for number, item in enumerate(map(str.strip, text.split(SEPARATOR)), 1):
        screen = _named(item, number) if number <= MOST else None
        if screen is None:
            wrong += [item] if item else []
            continue
        if screen.id in found:  # shown a second time
            screen = replace(screen, id=str(number))
        found[screen.id] = screen
    return [*found.values()] or story(), wrong


def _named(name: str, number: int) -> Screen | None:
    """What one item of a list stands for; None if for nothing."""
    if name in BY_NAME:
        return of_chapter(name)
    if name in figures.offered():
        shown = figures.figure(name, language())
        return Screen(name, shown.title, notes=f"{shown.takeaway} ({shown.source})", figure=name)
    return of_view(name, number) if name else None
