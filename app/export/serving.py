"""Serves figures over HTTP without Streamlit: an embed in a blog needs no session.

`/?figure=NAME&lang=ko&theme=dark` is a figure by itself, with or without `embed=true`; without a
theme it follows its reader's. `figures/NAME.EXT` is the same as a file: html, svg, csv, json.
Parameters of a URL are looked up, never trusted.
"""

from __future__ import annotations

import functools
import json
import logging
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.assets.files import DamagedFileError
from app.core.errors import message
from app.core.texts import LANGUAGES, speaking, t
from app.export import figures, standalone
from app.export.exhibit import Exhibit
from app.export.svg import drawing
from app.export.themes import Theme, followed
from app.ui.csv_rows import to_csv

FOLDER = "figures"
MOST = 80  # maximum characters shown of an unknown name
_NOSNIFF = {"X-Content-Type-Options": "nosniff"}
_HEADERS = _NOSNIFF | {"Cache-Control": "public, max-age=300"}
_LOG = logging.getLogger(__name__)


def as_svg(exhibit: Exhibit, colours: Theme, language: str) -> str:
    """A figure as an SVG file, with title, takeaway and source."""
    drawn = drawing.draw(exhibit.still, standalone.WIDE, colours)
    words = exhibit.title, exhibit.takeaway, exhibit.source
    return drawing.document(drawn, colours, *words, language)


def as_html(exhibit: Exhibit, colours: Theme, language: str) -> str:
    """A figure as a self-contained HTML file."""
    return standalone.figure_page(exhibit, (colours,), language, None)


def as_csv(exhibit: Exhibit, colours: Theme, language: str) -> bytes:
    """A figure's numbers as CSV."""
    return to_csv(exhibit.rows)


def as_json(exhibit: Exhibit, colours: Theme, language: str) -> str:
    """A figure's numbers and texts as JSON."""
    said = {"figure": exhibit.name, "title": exhibit.title, "takeaway": exhibit.takeaway}
    whole = said | {"source": exhibit.source, "rows": list(exhibit.rows)}
    return json.dumps(whole, ensure_ascii=False, indent=1)


#: Extension → its writer and content type.
FORMATS: Mapping[str, tuple[Callable[[Exhibit, Theme, str], str | bytes], str]] = {
    "html": (as_html, "text/html"),
    "svg": (as_svg, "image/svg+xml"),
    "csv": (as_csv, "text/csv"),
    "json": (as_json, "application/json"),
}


@functools.lru_cache(maxsize=256)
def _file(name: str, extension: str, language: str, colours: Theme) -> str | bytes:
    return FORMATS[extension][0](figures.figure(name, language), colours, language)


@functools.lru_cache(maxsize=64)
def _frame(name: str, language: str, colours: tuple[Theme, ...], root: str) -> str:
    exhibit = figures.figure(name, language)
    full_view = f"{root}/{exhibit.link(language)}"
    return standalone.figure_page(exhibit, colours, language, full_view)


def _asked(request: Request) -> tuple[str, tuple[Theme, ...]]:
    """The requested language, or the first one if unknown, and theme, or all of them."""
    language = request.query_params.get("lang")
    return (
        language if language in LANGUAGES else next(iter(LANGUAGES)),
        followed(request.query_params.get("theme")),
    )


def _unknown(name: str, language: str, colours: tuple[Theme, ...], root: str) -> Response:
    """A 404 page that lists the available figures."""
    with speaking(language):
        asked = f"?lang={language}" + (f"&theme={colours[0].name}" if len(colours) == 1 else "")
        links = {
            known: (figures.title(known), f"{root}/{FOLDER}/{known}{asked}")
            for known in figures.offered()
        }
        said = t("export.unknown", name=name[:MOST])
        page = standalone.list_page(said, t("export.unknown_says"), links, colours, language)
    return HTMLResponse(page, status_code=404, headers=_NOSNIFF)


def _damaged(error: DamagedFileError, language: str) -> Response:
    """A 503 response that names the damaged file."""
    with speaking(language):
        return PlainTextResponse(message(error), status_code=503, headers=_NOSNIFF)


@functools.lru_cache(maxsize=64)
def _shell(name: str, language: str, colours: Theme) -> str:
    return standalone.shell(name, colours, language)


def routes(base: str) -> list[Route]:
    """The server's routes for figures; `base` is the app's path, "" or "/path"."""

    def answer(request: Request) -> Response:
        """A figure as a file, or as a page for embedding if there is no extension."""
        name, _, extension = request.path_params["file"].partition(".")
        language, colours = _asked(request)
        if name not in figures.offered() or extension not in ("", *FORMATS):
            return _unknown(name, language, colours, base)
        try:
            if not extension:
                return HTMLResponse(_frame(name, language, colours, base), headers=_HEADERS)
            content = _file(name, extension, language, colours[0])
        except DamagedFileError as error:
            _LOG.exception("the figure %s cannot be drawn", name)
            return _damaged(error, language)
        file = f'attachment; filename="inside-r1-{name}-{language}.{extension}"'
        return Response(
            content,
            media_type=FORMATS[extension][1],
            headers=_HEADERS | {"Content-Disposition": file},
        )

    def shell(request: Request) -> Response:
        """A page template, which the browser fills in with a run of the viewer's own."""
        name = request.path_params["name"]
        if name not in standalone.SHELLS:
            return Response(status_code=404)
        language, colours = _asked(request)
        return HTMLResponse(_shell(name, language, colours[0]), headers=_HEADERS)

    return [
        Route(f"{base}/{FOLDER}/shell/{{name}}", shell),
        Route(f"{base}/{FOLDER}/{{file}}", answer),
    ]


class Frames:
    """Middleware that serves `?figure=NAME` at the app's own URL like `figures/NAME`."""

    def __init__(self, app: ASGIApp, base: str) -> None:
        self.app = app
        self.base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].rstrip("/") == self.base:
            asked = parse_qs(scope["query_string"].decode("latin-1"))
            if "figure" in asked:
                name = re.sub(r"[/\s]+", " ", asked["figure"][0])[:MOST]
                scope = {**scope, "path": f"{self.base}/{FOLDER}/{name}"}
        await self.app(scope, receive, send)
