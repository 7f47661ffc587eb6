"""What the server refuses before Streamlit sees it: too many uploads, and its metrics.

Limits of single requests are Streamlit's own, in `.streamlit/config.toml`: a file, a message.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

FILES = 16  # that one visitor may have on the server at a time
BYTES = 20_000_000  # of all of them together
VISITORS = 10_000  # whose uploads are counted; who comes after them pushes the oldest out
#: The environment variable that opens the metrics; they are closed unless it is "1".
METRICS = "INSIDE_R1_METRICS"

_UPLOAD = re.compile(r".*/_stcore/upload_file/(?P<visitor>[^/]+)/(?P<file>[^/]+)")


class Entrance:
    """Middleware. A visitor is a session of Streamlit, one open tab, as in its upload's address."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._held: OrderedDict[str, dict[str, int]] = OrderedDict()  # visitor → file → bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        path, method = scope["path"], scope["method"]
        if path.endswith("/_stcore/metrics") and os.environ.get(METRICS) != "1":
            return PlainTextResponse("the metrics are closed", status_code=404)
        if not (match := _UPLOAD.fullmatch(path)):
            return None
        files = self._held.setdefault(match["visitor"], {})
        self._held.move_to_end(match["visitor"])
        while len(self._held) > VISITORS:
            self._held.popitem(last=False)
        if method == "DELETE":
            files.pop(match["file"], None)
        elif method == "PUT":
            length = dict(scope["headers"]).get(b"content-length", b"")
            if not length.isdigit():
                return PlainTextResponse("how large is the file?", status_code=411)
            others = {name: size for name, size in files.items() if name != match["file"]}
            if len(others) >= FILES or sum(others.values()) + int(length) > BYTES:
                return PlainTextResponse("too many files: remove some first", status_code=429)
            files[match["file"]] = int(length)
        return None
