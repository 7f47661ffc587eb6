"""Serves the JavaScript of the components as unbundled modules.

The hash of all modules is part of their path. A query would not work, as it does not carry over to
a module's imports, and browsers may cache Streamlit's own static files for as long as they like.
With the hash in the path, a module and its imports are of the same version, a browser never needs
to fetch a module twice, and a page that is open during an update gets all new modules or none.
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
PATHS = tuple(_MODULES)  # relative to STATIC
VERSION = hashlib.sha256(repr(_MODULES).encode()).hexdigest()[:16]
ROOT = f"modules/{VERSION}"  # their URL, relative to the app's pages

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
    """The server's route for the modules; `base` is the app's path, "" or "/path"."""
    return Route(f"{base}/modules/{{version}}/{{path:path}}", _answer)
