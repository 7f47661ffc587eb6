"""The JavaScript of the components, served as the modules that it is written in.

The hash of all modules is part of their path. A query would not do: it does not carry over to what
a module imports, and Streamlit's own static files may be kept by browsers for as long as they like.
With the hash in the path, what a module imports is as old as itself, a browser need never ask for a
module twice, and a page that stays open while the app is updated gets all of the new ones or none.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

STATIC = Path(__file__).parents[2] / "static"

_MODULES = {
    path.relative_to(STATIC).as_posix(): path.read_bytes() for path in sorted(STATIC.rglob("*.js"))
}
PATHS = tuple(_MODULES)  # within STATIC
VERSION = hashlib.sha256(repr(_MODULES).encode()).hexdigest()[:16]
ROOT = f"modules/{VERSION}"  # where they are, beside the app's pages

_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}


def _answer(request: Request) -> Response:
    module = _MODULES.get(request.path_params["path"])
    if module is None or request.path_params["version"] != VERSION:
        return PlainTextResponse("no such module", status_code=404)
    return Response(module, media_type="text/javascript", headers=_HEADERS)


def route(base: str) -> Route:
    """The modules' place on the server, under `base`, the path of the app: "" or "/path"."""
    return Route(f"{base}/modules/{{version}}/{{path:path}}", _answer)
