"""A browser tab without the browser: it uses the server's WebSocket as the frontend does.

It keeps the elements on the page, the widgets' values and the URL's query; it reruns fragments at
the interval that they request, answered or not. It draws nothing, so that one process can be sixty
viewers on the machine of the server that it measures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.load import widgets

Found = TypeVar("Found")
PATIENCE = 120.0  # seconds after which nobody waits any longer
_WHOLE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


class LostError(Exception):
    """The server closed the connection, or never accepted one."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element on the page."""

    kind: str  # its name in the protocol
    proto: Any
    fragment: str  # id of the fragment that it stands in; "" if in none
    script: str  # hash of the script that drew it: the page's, or the one that all pages share
    run: str  # id of the script run that sent it
    at: float  # time.monotonic() when it came

    @property
    def id(self) -> str:
        return getattr(self.proto, "id", "")

    @property
    def key(self) -> str:
        """Its key in the script: ids are `$$ID-hash-key`; "None" without a key."""
        return self.id.split("-", 2)[-1]


class Tab:
    """A tab at `url`, e.g. "http://127.0.0.1:8501"; `page` and `query` as in its address bar."""

    def __init__(self, url: str, page: str = "", query: str = "", cookie: str = "") -> None:
        self.url, self.page = url, page
        self.cookie = cookie  # as "name=value"
        self.query = dict(parse_qsl(query))
        self.session = ""  # as the server calls it
        self.received = 0  # bytes of messages
        self.messages = 0  # and their number
        self.faults: list[str] = []  # exceptions that the page showed, and breaches of protocol
        self._elements: dict[tuple[int, ...], Element] = {}
        self._values: dict[str, WidgetState] = {}
        self._timers: dict[str, tuple[float, asyncio.Task[None]]] = {}
        self._pages: dict[str, str] = {}  # hash by name in the address
        self._hash = ""  # of the page on screen
        self._main = ""  # hash of the script that all pages share
        self._run = ""  # id of the script run under way, or of the last
        self._begun = 0  # script runs so far
        self._drawn = (0, "", [""])  # number, page and fragments of the last that came to its end
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._lost: str | None = None
        self._news = asyncio.Event()

    # --- What a viewer does --------------------------------------------------------------------

    async def open(self) -> None:
        """Load or reload the page; returns when its script has run to the end.

        Raises:
            LostError: if the server cannot be reached.
            TimeoutError: if it has not answered after `PATIENCE`.
        """
        parts = urlsplit(self.url)
        self._lost = None
        try:
            self._socket = await connect(
                f"ws://{parts.netloc}/_stcore/stream",
                subprotocols=["streamlit", "PLACEHOLDER_AUTH_TOKEN", *filter(None, [self.session])],  # type: ignore[list-item]
                origin=self.url,  # type: ignore[arg-type]
                additional_headers={"Cookie": self.cookie} if self.cookie else {},
                max_size=None,
                open_timeout=PATIENCE,
                ping_interval=None,
                proxy=None,
            )
        except (OSError, WebSocketException) as error:
            raise LostError(str(error)) from error
        self._reader = asyncio.create_task(self._read(self._socket))
        await self._redraw()

    async def close(self) -> None:
        """Close the tab."""
        self._stop_timers()
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader

    async def visit(self, page: str) -> None:
        """Go to another page by the navigation; returns when it is loaded. Raises: see `open`."""
        self.page = page
        self.query.clear()
        shared = {one.id for one in self._elements.values() if one.script == self._main}
        self._values = {id: value for id, value in self._values.items() if id in shared}
        self._stop_timers()
        await self._redraw(page=self._pages[page])

    async def redraw(self) -> None:
        """Rerun the whole page unchanged; returns when it is done. Raises: see `open`."""
        await self._redraw()

    async def put(self, key: str, value: widgets.Value) -> None:
        """Set a widget's value; returns when the page has processed it. Raises: see `open`."""
        element = self.need(key)
        self._values[element.id] = widgets.state(element.kind, element.proto, value)
        if name := getattr(element.proto, "query_param_key", ""):
            self.query[name] = str(value)
        await self._redraw(element.fragment)

    async def choose(self, key: str, place: int) -> None:
        """Choose the option at an index of a selectbox, -1 for the last; otherwise like `put`."""
        await self.put(key, widgets.options(self.need(key).proto)[place])

    async def click(self, key: str) -> float:
        """Press a button; returns the time when it was pressed."""
        element = self.need(key)
        pressed = time.monotonic()
        await self._rerun(element.fragment, click=widgets.click(element.proto))
        return pressed

    @property
    def address_query(self) -> str:
        """The query string in the address bar."""
        return urlencode(self.query)

    # --- What a viewer sees --------------------------------------------------------------------

    def find(self, key: str) -> Element | None:
        """The element with a key, if it is on the page."""
        return next((one for one in self._elements.values() if one.key == key), None)

    def need(self, key: str) -> Element:
        """The element with a key.

        Raises:
            LookupError: if it is not on the page.
        """
        if (found := self.find(key)) is None:
            raise LookupError(f"no {key} on {self.page or 'the first page'}")
        return found

    def all(self, kind: str) -> list[Element]:
        """All elements of one kind."""
        return [one for one in self._elements.values() if one.kind == kind]

    def errors(self, since: float = 0.0) -> list[str]:
        """The error messages that appeared on the page after a time."""
        shown = [one for one in self.all("alert") if one.proto.format == one.proto.ERROR]
        return [one.proto.body for one in shown if one.at > since]

    async def until(self, check: Callable[[], Found | None], seconds: float = PATIENCE) -> Found:
        """Wait until `check`, called whenever a script run has ended, finds something; returns it.

        Raises:
            LostError: if the connection was closed before.
            TimeoutError: if nothing was found in time.
        """
        async with asyncio.timeout(seconds):
            while (found := check()) is None:
                if self._lost is not None:
                    raise LostError(self._lost)
                await self._news.wait()
        return found

    # --- The protocol --------------------------------------------------------------------------

    async def _redraw(self, fragment: str = "", page: str = "") -> None:
        """Rerun a page or fragment, and wait until it is done."""
        before, wanted = self._begun, page or self._hash
        await self._rerun(fragment, page=page)

        def drawn() -> bool | None:
            number, shown, fragments = self._drawn
            mine = not fragments or fragment in fragments
            return (number > before and mine and wanted in ("", shown)) or None

        await self.until(drawn)

    async def _rerun(
        self,
        fragment: str = "",
        *,
        page: str = "",
        auto: bool = False,
        click: WidgetState | None = None,
    ) -> None:
        message = BackMsg()
        run = message.rerun_script
        run.query_string = self.address_query
        run.widget_states.widgets.extend(self._values.values())
        if click is not None:
            run.widget_states.widgets.append(click)
        run.page_script_hash = page or self._hash
        if not run.page_script_hash:
            run.page_name = self.page  # the pages' hashes are not known yet
        run.fragment_id = fragment
        run.is_auto_rerun = auto
        run.context_info.locale = "en-US"
        run.context_info.timezone = "UTC"
        run.context_info.url = f"{self.url}/{self.page}"
        assert self._socket is not None
        try:
            await self._socket.send(message.SerializeToString())
        except WebSocketException as error:
            raise LostError(str(error)) from error

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                self.received += len(data)
                self.messages += 1
                message = ForwardMsg()
                message.ParseFromString(data)
                self._handle(message)
            self._lost = "the server closed the connection"
        except WebSocketException as error:
            self._lost = str(error)
        self._stop_timers()
        self._tell()

    def _handle(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "ref_hash" or message.metadata.cacheable:
            self.faults.append(
                "a message stands for an earlier one, which browsers may have dropped"
            )
        elif kind == "delta":
            self._draw(message)
        elif kind == "new_session":
            self.session = message.new_session.initialize.session_id
            self._main = message.new_session.main_script_hash
            self._run, self._begun = message.metadata.run.script_run_id, self._begun + 1
            if not message.metadata.run.fragment_ids:
                self._stop_timers()
        elif kind == "auto_rerun":
            self._poll(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self._stop_timer(fragment)
        elif kind == "navigation":
            self._hash = message.navigation.page_script_hash
            self._pages = {
                "" if page.is_default else page.url_pathname: page.page_script_hash
                for page in message.navigation.app_pages
            }
        elif kind == "page_info_changed":
            self.query = dict(parse_qsl(message.page_info_changed.query_string))
        elif kind == "script_finished":
            self._end(message)

    def _draw(self, message: ForwardMsg) -> None:
        delta = message.delta
        # of blocks only what can be folded has a state; what stands in one comes by itself
        sent = delta.new_element if delta.HasField("new_element") else delta.add_block
        kind = sent.WhichOneof("type") or ""
        proto: Any = getattr(sent, kind) if kind else None
        if sent is not delta.new_element and kind != "expandable":
            return
        script = message.metadata.active_script_hash
        element = Element(kind, proto, delta.fragment_id, script, self._run, time.monotonic())
        self._elements[tuple(message.metadata.delta_path)] = element
        if kind == "exception":
            self.faults.append(f"{proto.type}: {proto.message}")
        given = getattr(proto, "set_value", False)
        if element.id and (given or element.id not in self._values):
            value = widgets.at_first(kind, proto)
            if value is not None:
                self._values[element.id] = value

    def _end(self, message: ForwardMsg) -> None:
        """End a script run by removing the elements that it did not draw again."""
        if message.script_finished in _WHOLE:
            run = message.metadata.run
            own = set(run.fragment_ids)
            self._elements = {
                path: one
                for path, one in self._elements.items()
                if one.run == run.script_run_id or (own and one.fragment not in own)
            }
            there = {one.id for one in self._elements.values()}
            self._values = {id: value for id, value in self._values.items() if id in there}
            self._drawn = (self._begun, self._hash, list(run.fragment_ids))
        elif message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self.faults.append("the page's script does not compile")
        self._tell()

    def _tell(self) -> None:
        """Wake the callers that wait in `until`."""
        self._news.set()
        self._news = asyncio.Event()

    def _poll(self, fragment: str, interval: float) -> None:
        """Rerun a fragment periodically, as the frontend does, with one timer each."""
        if fragment in self._timers and self._timers[fragment][0] == interval:
            return
        self._stop_timer(fragment)

        async def rerun_for_ever() -> None:
            while self._lost is None:
                await asyncio.sleep(interval)
                try:
                    await self._rerun(fragment, auto=True)
                except LostError:
                    return

        self._timers[fragment] = (interval, asyncio.create_task(rerun_for_ever()))

    def _stop_timer(self, fragment: str) -> None:
        if fragment in self._timers:
            self._timers.pop(fragment)[1].cancel()

    def _stop_timers(self) -> None:
        for fragment in list(self._timers):
            self._stop_timer(fragment)
