"""The icon font, without the thousands of icons that nobody sees here.

Streamlit's has 4,000 icons in 375 kB, a quarter of what the first page weighs. `python -m
tests.browser.icons` makes ours of it, in 17 kB: what Streamlit's own controls show, and the app.
"""

from __future__ import annotations

import re
from pathlib import Path

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

FONT = Path(__file__).parents[2] / "static" / "fonts" / "icons.woff2"
_ORIGINAL = re.compile(r"/static/media/MaterialSymbols-Rounded\.[\w-]+\.woff2$")


class OwnIcons:
    """Middleware: answers with our icon font where Streamlit's is asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._font = FONT.read_bytes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _ORIGINAL.search(scope["path"]):
            await self._app(scope, receive, send)
            return
        # For a day and not for ever: the name is Streamlit's, and does not change when ours does.
        headers = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
        await Response(self._font, 200, headers, "font/woff2")(scope, receive, send)
