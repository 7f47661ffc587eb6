"""Compresses responses; immutable files, Streamlit's frontend and our modules, only once.

Streamlit sends its own files uncompressed, 7 MB until the first chart is drawn, because it would
compress them again for each visitor. Here each is compressed on its first request, and cached.
"""

from __future__ import annotations

import asyncio
import gzip
import re
from collections import OrderedDict
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST: Final = 1_000  # minimum bytes worth compressing
MOST: Final = 16_000_000  # maximum compressed bytes in the cache
#: Prefixes of text content types. Pictures and fonts are compressed already.
TEXT: Final = ("text/", "application/json", "application/javascript", "image/svg+xml")

RawHeaders = list[tuple[bytes, bytes]]


class Compressed:
    """Middleware that sends text as gzip to clients that accept it.

    A response marked `immutable` is cached for as long as the server runs: only the first requests
    for its path reach the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: OrderedDict[str, tuple[RawHeaders, bytes]] = OrderedDict()
        self._under_way: dict[str, asyncio.Future[bytes]] = {}  # so that each is compressed once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _reads_gzip(scope):
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path in self._kept:
            self._kept.move_to_end(path)
            await _answer(*self._kept[path], send)
            return
        answer = _Answer(send)
        await self._app(_uncompressed(scope), receive, answer.send)
        if answer.held is None:
            return
        headers, body = answer.held, b"".join(answer.parts)
        if len(body) != int(headers["content-length"]):
            return  # the client has left, and the application stopped in the middle
        lasts = "immutable" in headers.get("cache-control", "")
        body = await (self._once(path, body) if lasts else asyncio.to_thread(_gzip, body))
        headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(body))
        headers.add_vary_header("Accept-Encoding")
        if "etag" in headers:  # no longer byte for byte the same: RFC 9110, 8.8.3
            headers["etag"] = f"W/{headers['etag'].removeprefix('W/')}"
        if lasts:
            self._keep(path, headers.raw, body)
        await _answer(headers.raw, body, send)

    async def _once(self, path: str, body: bytes) -> bytes:
        """Compress the body of a path once, however many request it meanwhile."""
        if path not in self._under_way:
            self._under_way[path] = asyncio.ensure_future(asyncio.to_thread(_gzip, body))
            self._under_way[path].add_done_callback(lambda _: self._under_way.pop(path))
        return await asyncio.shield(self._under_way[path])

    def _keep(self, path: str, headers: RawHeaders, body: bytes) -> None:
        self._kept[path] = headers, body
        while sum(len(one) for _, one in self._kept.values()) > MOST:
            self._kept.popitem(last=False)


class _Answer:
    """A response in progress: held back if it is worth compressing, else passed on."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.held: MutableHeaders | None = None
        self.parts: list[bytes] = []

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            headers = MutableHeaders(raw=list(message["headers"]))
            if _worth_it(headers):
                self.held = headers
                return
        if self.held is None:
            await self._send(message)
        else:
            self.parts.append(message.get("body", b""))


def _worth_it(headers: Headers) -> bool:
    return (
        headers.get("content-type", "").startswith(TEXT)
        and "content-encoding" not in headers
        and int(headers.get("content-length", 0)) >= LEAST
    )


def _reads_gzip(scope: Scope) -> bool:
    """Whether a request is for a whole resource, from a client that accepts gzip."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    headers = Headers(scope=scope)
    return "range" not in headers and accepts_gzip(headers.get("accept-encoding", ""))


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header accepts gzip, by name or by `*`: RFC 9110, 12.5.3."""
    said = {}
    for one in header.lower().split(","):
        name, _, weight = one.partition(";")
        said[name.strip()] = re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight) is None
    return said.get("gzip", said.get("*", False))


def _uncompressed(scope: Scope) -> Scope:
    """The request without Accept-Encoding, so that the application does not compress."""
    headers = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
    return {**scope, "headers": headers}


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


async def _answer(headers: RawHeaders, body: bytes, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
