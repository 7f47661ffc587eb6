"""Refuses requests before Streamlit sees them: pages of other sites, too many uploads, infinite
numbers in fields, polls that come too early, thousands of upload URLs, and access to metrics.
Limits for single files and messages are Streamlit's own, in `.streamlit/config.toml`.
"""

from __future__ import annotations

import math
import os
import re
from collections import OrderedDict
from urllib.parse import parse_qsl, urlencode, urlsplit

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config, runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.stats import CacheStat

from app.core.numbers import is_finite
from app.core.server.polls import Polls

FILES = 16  # maximum files of a visitor on the server at a time
BYTES = 20_000_000  # maximum bytes of a visitor's files
BYTES_OF_ALL = 400_000_000  # maximum bytes of all visitors' files
NAMES = 100  # maximum files for which one message may request upload URLs
VISITORS = 10_000  # whose uploads are counted; further ones push out the oldest
#: The environment variable that opens the metrics; they are closed unless it is "1".
METRICS = "INSIDE_R1_METRICS"

#: Hosts whose pages Streamlit admits everywhere: those of the viewer's own machine.
LOOPBACK = {"localhost", "127.0.0.1", "0.0.0.0"}

_UPLOAD = re.compile(r".*/_stcore/upload_file/(?P<visitor>[^/]+)/(?P<file>[^/]+)")


class Entrance:
    """Middleware that enforces these limits. A visitor is a Streamlit session, i.e. an open tab.

    A file counts from the start of its upload until Streamlit deletes it. Uploads that Streamlit
    refuses do not count.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._held: OrderedDict[str, dict[str, int]] = OrderedDict()  # visitor → file → bytes
        self._coming: dict[object, tuple[str, str, int]] = {}  # by request: visitor, file, bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and is_foreign(Headers(scope=scope)):
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "websocket":
            polls = Polls()
            await self.app(scope, _mended(receive, polls), polls.watched(send))
        elif scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"].endswith("/_stcore/metrics") and os.environ.get(METRICS) != "1":
            answer = PlainTextResponse("the metrics are closed", status_code=404)
            await answer(scope, receive, send)
        elif (match := _UPLOAD.fullmatch(scope["path"])) and scope["method"] in ("PUT", "DELETE"):
            await self._files(match["visitor"], match["file"], scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _files(
        self, visitor: str, file: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Put or delete a file if the visitor's limits allow it; count it if Streamlit accepts."""
        put, request = scope["method"] == "PUT", object()
        if put:
            length = dict(scope["headers"]).get(b"content-length", b"")
            refusal = None
            if not length.isdigit():
                refusal = PlainTextResponse("how large is the file?", status_code=411)
            elif not self._has_room(visitor, file, int(length)):
                refusal = PlainTextResponse("too many files: remove some first", status_code=429)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
            self._coming[request] = visitor, file, int(length)

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start" and 200 <= message["status"] < 300:
                if put:
                    self._hold(*self._coming[request])
                else:
                    self._held.get(visitor, {}).pop(file, None)
            await send(message)

        try:
            await self.app(scope, receive, counted)
        finally:
            self._coming.pop(request, None)

    def _has_room(self, visitor: str, file: str, length: int) -> bool:
        coming = self._coming.values()
        sizes = [size for name, size in self._held.get(visitor, {}).items() if name != file]
        sizes += [size for whose, _, size in coming if whose == visitor]
        if len(sizes) >= FILES or sum(sizes) + length > BYTES:
            return False
        return _uploaded() + sum(size for *_, size in coming) + length <= BYTES_OF_ALL

    def _hold(self, visitor: str, file: str, length: int) -> None:
        self._held.setdefault(visitor, {})[file] = length
        self._held.move_to_end(visitor)
        while len(self._held) > VISITORS:
            self._held.popitem(last=False)


def is_foreign(headers: Headers) -> bool:
    """Whether a WebSocket is opened by a page of another site.

    Streamlit refuses it, too, but first asks a public service for this machine's address, each
    time, and answers nobody while it waits.
    """
    origin = headers.get("origin")
    if origin is None or not config.get_option("server.enableCORS"):
        return False
    try:
        site = urlsplit(origin)
    except ValueError:
        return True
    own = {*LOOPBACK, config.get_option("browser.serverAddress")}
    own |= {urlsplit(one).hostname for one in config.get_option("server.corsAllowedOrigins")}
    return site.netloc != headers.get("host") and site.hostname not in own


def _uploaded() -> int:
    """The bytes of all files in Streamlit, which alone knows when a visitor is gone."""
    if not runtime.exists():
        return 0
    stats = runtime.get_instance().uploaded_file_mgr.get_stats()
    counted = (one for many in stats.values() for one in many if isinstance(one, CacheStat))
    return sum(one.byte_length for one in counted)


def _mended(receive: Receive, polls: Polls) -> Receive:
    """Receives a client's messages as `finite` mends them, without polls that come too early."""

    async def received() -> Message:
        while True:
            frame = await receive()
            if frame["type"] != "websocket.receive" or not frame.get("bytes"):
                return frame
            message = BackMsg()
            try:
                message.ParseFromString(frame["bytes"])
            except DecodeError:  # Streamlit will refuse it
                return frame
            if polls.admit(message):
                return {**frame, "bytes": finite(message, frame["bytes"])}

    return received


def finite(message: BackMsg, sent: bytes) -> bytes:
    """A client's message without fields that contain infinity or NaN, and with at most `NAMES` file
    names.
    No browser sends these; Streamlit would abort the page's script. A field that is left out falls
    back to the URL or its default, so the URL is cleaned, too.
    """
    if message.WhichOneof("type") == "file_urls_request":
        names = message.file_urls_request.file_names
        if len(names) <= NAMES:
            return sent
        del names[NAMES:]  # making a URL for each would block all other visitors
        return message.SerializeToString()
    run = message.rerun_script
    fields = run.widget_states.widgets
    good = [one for one in fields if all(map(math.isfinite, _numbers(one)))]
    asked = parse_qsl(run.query_string, keep_blank_values=True)
    # For a whole page, `links.mend` does this and tells the viewer; a fragment does not run it.
    left = [one for one in asked if is_finite(one[1])] if run.fragment_id else asked
    if (len(good), len(left)) == (len(fields), len(asked)):
        return sent
    copies = [WidgetState.FromString(one.SerializeToString()) for one in good]
    del fields[:]
    fields.extend(copies)
    run.query_string = urlencode(left)
    return message.SerializeToString()


def _numbers(field: WidgetState) -> list[float]:
    kind = field.WhichOneof("value")
    if kind == "double_value":
        return [field.double_value]
    return list(field.double_array_value.data) if kind == "double_array_value" else []
