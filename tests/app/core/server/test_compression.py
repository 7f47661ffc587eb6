"""Compressed responses, compared with those of the application behind the middleware."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections import Counter
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.core.server import compression
from app.core.server.compression import Compressed

SCRIPT = b"const words = 'the same again and again';\n" * 1000
LASTS = {"cache-control": "public, immutable, max-age=9", "etag": '"1"'}


class Behind:
    """An application that counts its requests, behind the middleware."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        answers = {
            "/lasting.js": lambda: Response(SCRIPT, 200, LASTS, "text/javascript"),
            "/page": lambda: Response(SCRIPT, media_type="text/html"),
            "/small.js": lambda: Response(b"1", 200, LASTS, "text/javascript"),
            "/font": lambda: Response(SCRIPT, 200, LASTS, "font/woff2"),
            "/lost.js": lambda: PlainTextResponse("no such module" * 100, 404, LASTS),
            "/stream": lambda: StreamingResponse(iter([SCRIPT]), media_type="text/event-stream"),
            "/left.js": lambda: self._left("/left.js"),
        }

        def answer(request: Request) -> Response:
            self.asked[request.url.path] += 1
            assert not compression.accepts_gzip(request.headers.get("accept-encoding", ""))
            return answers[request.url.path]()

        routes = [Route(path, answer) for path in answers]
        self._app = Starlette(routes=routes, middleware=[Middleware(Compressed)])

    def _left(self, path: str) -> Response:
        """The response to a client that leaves in the middle, and to a later one that stays."""
        sent = iter([SCRIPT[:9]] if self.asked[path] == 1 else [SCRIPT])
        headers = LASTS | {"content-length": str(len(SCRIPT))}
        return StreamingResponse(sent, 200, headers, "text/javascript")

    async def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        sent: list[Any] = []

        async def receive() -> Any:
            await asyncio.Event().wait()  # nobody says more, or leaves

        async def send(message: Any) -> None:
            sent.append(message)

        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "GET", "path": path, "headers": raw, "query_string": b""}
        await self._app(scope, receive, send)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], found, b"".join(part.get("body", b"") for part in sent[1:])


def test_what_lasts_is_compressed_once_for_all() -> None:
    behind = Behind()

    async def many() -> list[tuple[int, dict[str, str], bytes]]:
        first = await asyncio.gather(
            *(behind.get("/lasting.js", accept_encoding="gzip, br") for _ in range(5))
        )
        asked = behind.asked["/lasting.js"]
        later = await behind.get("/lasting.js", accept_encoding="gzip")
        assert behind.asked["/lasting.js"] == asked
        return [*first, later]

    for status, headers, body in asyncio.run(many()):
        assert status == 200
        assert gzip.decompress(body) == SCRIPT
        assert len(body) == int(headers["content-length"]) < len(SCRIPT) / 10
        assert headers["content-encoding"] == "gzip"
        assert headers["vary"] == "Accept-Encoding"
        assert headers["etag"] == 'W/"1"'
        assert headers["cache-control"] == LASTS["cache-control"]


def test_who_leaves_in_the_middle_spoils_nothing_for_the_next() -> None:
    behind = Behind()

    async def one_after_the_other() -> bytes:
        with contextlib.suppress(IndexError):  # nothing was sent
            await behind.get("/left.js", accept_encoding="gzip")
        return (await behind.get("/left.js", accept_encoding="gzip"))[2]

    assert gzip.decompress(asyncio.run(one_after_the_other())) == SCRIPT
    assert behind.asked["/left.js"] == 2


def test_what_may_change_is_asked_for_again() -> None:
    behind = Behind()
    for _ in range(2):
        _, _, body = asyncio.run(behind.get("/page", accept_encoding="gzip"))
        assert gzip.decompress(body) == SCRIPT
    assert behind.asked["/page"] == 2


@pytest.mark.parametrize("path", ["/small.js", "/font", "/lost.js", "/stream"])
def test_all_else_is_passed_on_as_it_is(path: str) -> None:
    behind = Behind()

    async def both() -> tuple[Any, Any]:
        return await behind.get(path, accept_encoding="gzip"), await behind.get(path)

    offered, plain = asyncio.run(both())
    assert offered == plain
    assert "content-encoding" not in offered[1]


NO_GZIP = ("br", "gzip;q=0", "br, GZIP; Q=0.000", "*;q=0", "gzip;q=0, *", "x-gzipped")


@pytest.mark.parametrize("accepted", ["gzip;q=0.5", "br;q=1.0, GZip ;q=0.001", "*", "*;q=0, gzip"])
def test_who_reads_gzip_by_any_wording_gets_it(accepted: str) -> None:
    _, found, body = asyncio.run(Behind().get("/page", accept_encoding=accepted))
    assert gzip.decompress(body) == SCRIPT and found["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    "headers", [{}, {"range": "bytes=0-9"}, *({"accept_encoding": one} for one in NO_GZIP)]
)
def test_who_reads_no_gzip_gets_none(headers: dict[str, str]) -> None:
    behind = Behind()

    async def after_it_was_kept() -> tuple[int, dict[str, str], bytes]:
        await behind.get("/lasting.js", accept_encoding="gzip")
        return await behind.get("/lasting.js", **headers)

    _, found, body = asyncio.run(after_it_was_kept())
    assert body == SCRIPT and "content-encoding" not in found
