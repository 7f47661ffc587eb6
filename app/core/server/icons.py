"""The icon font, without the thousands of icons that are not used here.

Streamlit's has 4,000 icons in 375 kB, a quarter of the size of the first page. `python -m
tests.browser.icons` makes a subset of 17 kB with the icons of Streamlit's own controls and the app.
"""

from __future__ import annotations

import re
from pathlib import Path

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

FONT = Path(__file__).parents[2] / "static" / "fonts" / "icons.woff2"
_ORIGINAL = re.compile(r"/static/media/MaterialSymbols-Rounded\.[\w-]+\.woff2$")


class OwnIcons:
    """Middleware that serves our icon font when Streamlit's is requested."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._font = FONT.read_bytes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _ORIGINAL.search(scope["path"]):
            await self._app(scope, receive, send)
            return
        # a day and not for ever, as the name is Streamlit's and does not change when our font does
        headers = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
        await Response(self._font, 200, headers, "font/woff2")(scope, receive, send)
