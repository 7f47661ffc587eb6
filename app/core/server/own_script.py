"""Inserts our script into Streamlit's page, before Streamlit's own: it handles the Back button."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: The beginning of the script tag of Streamlit's page, which no other page of the server has.
_BEFORE = b'<script type="module" crossorigin src="./static/js/index.'
#: Conditional headers, which compare with Streamlit's page and not with ours.
_CONDITIONS = (b"if-none-match", b"if-modified-since")


class OwnScript:
    """Middleware that inserts a module into Streamlit's page; `path` is relative to the page."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._script = f'<script type="module" src="./{path}"></script>\n    '.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        asked = [pair for pair in scope["headers"] if pair[0] not in _CONDITIONS]
        start: Message | None = None  # held back until the body of the page is complete
        parts: list[bytes] = []

        async def with_script(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                if Headers(raw=message["headers"]).get("content-type", "").startswith("text/html"):
                    start = message
                    return
            elif start is not None:
                parts.append(message.get("body", b""))
                if message.get("more_body"):
                    return
                page = b"".join(parts)
                body = page.replace(_BEFORE, self._script + _BEFORE, 1)
                headers = MutableHeaders(scope=start)
                headers["content-length"] = str(len(body))
                if body != page:  # a browser that caches it would keep an older app's module
                    del headers["etag"], headers["last-modified"]
                await send(start)
                message = {"type": "http.response.body", "body": body}
            await send(message)

        await self._app({**scope, "headers": asked}, receive, with_script)
