"""What the entrance middleware refuses.

Pages of other sites, too many files, non-finite numbers, and metrics.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit import runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from app.core.server import entrance
from app.core.server.entrance import Entrance


@pytest.fixture
def client() -> TestClient:
    async def answer(request: Request) -> PlainTextResponse:
        size = len(await request.body())
        return PlainTextResponse(str(size), int(request.headers.get("wanted", 200)))

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_bytes(await socket.receive_bytes())

    route = Route("/{path:path}", answer, methods=["GET", "PUT", "DELETE", "OPTIONS"])
    routes = [WebSocketRoute("/stream", echo), route]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Entrance)]))


def put(client: TestClient, visitor: str, file: str, size: int, wanted: int = 200) -> int:
    """The status of an upload, where the application behind answers with a given one."""
    path = f"/base/_stcore/upload_file/{visitor}/{file}"
    return client.put(path, content=b"x" * size, headers={"wanted": str(wanted)}).status_code


def delete(client: TestClient, visitor: str, file: str, wanted: int = 204) -> int:
    path = f"/base/_stcore/upload_file/{visitor}/{file}"
    return client.delete(path, headers={"wanted": str(wanted)}).status_code


def test_one_visitor_has_so_many_files_and_no_more(client: TestClient) -> None:
    for number in range(entrance.FILES):
        assert put(client, "A", f"f{number}", 10) == 200
    assert put(client, "A", "one-more", 10) == 429
    assert put(client, "A", "f0", 20) == 200  # the same once more
    assert put(client, "B", "f0", 10) == 200  # somebody else
    assert delete(client, "A", "f3") == 204
    assert put(client, "A", "one-more", 10) == 200


def test_one_visitor_has_so_many_bytes_and_no_more(client: TestClient) -> None:
    size = entrance.BYTES // 4
    assert [put(client, "A", str(n), size) for n in range(5)] == [200] * 4 + [429]


def test_what_is_refused_behind_is_not_counted(client: TestClient) -> None:
    for number in range(entrance.FILES + 1):
        assert put(client, "A", f"f{number}", 10, wanted=403) == 403
    assert put(client, "A", "f0", entrance.BYTES) == 200
    assert put(client, "A", "f0", 10, wanted=403) == 403  # the file before is there still
    assert put(client, "A", "f1", 1) == 429


def test_what_is_not_deleted_is_not_free(client: TestClient) -> None:
    for number in range(entrance.FILES):
        assert put(client, "A", f"f{number}", 10) == 200
    assert delete(client, "A", "f0", wanted=403) == 403
    assert put(client, "A", "one-more", 10) == 429


def test_only_who_has_files_is_counted(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up session ids do not push out real visitors."""
    monkeypatch.setattr(entrance, "VISITORS", 2)
    monkeypatch.setattr(entrance, "FILES", 1)
    assert put(client, "A", "f", 1) == 200
    for number in range(5):
        assert delete(client, f"nobody{number}", "f") == 204
        assert put(client, f"nobody{number}", "f", 1, wanted=400) == 400
    assert put(client, "A", "g", 1) == 429


def test_files_that_are_on_their_way_count() -> None:
    """Concurrent uploads count from their start, so that no more are admitted than may stay."""
    inside, answers = 0, list[int]()

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal inside
        inside += 1
        while len(answers) < 4:
            await asyncio.sleep(0)
        await PlainTextResponse("")(scope, receive, send)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answers.append(message["status"])

    async def all_at_once() -> None:
        door = Entrance(behind)
        headers = [(b"content-length", b"1")]
        paths = [f"/_stcore/upload_file/A/{n}" for n in range(entrance.FILES + 4)]
        scopes = [{"type": "http", "method": "PUT", "path": p, "headers": headers} for p in paths]
        await asyncio.gather(*(door(one, no_more, send) for one in scopes))

    async def no_more() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    asyncio.run(all_at_once())
    assert inside == entrance.FILES
    assert sorted(answers) == [200] * entrance.FILES + [429] * 4


def test_all_visitors_together_have_so_many_bytes(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = MemoryUploadedFileManager("/_stcore/upload_file")
    server = SimpleNamespace(uploaded_file_mgr=files)
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: server)
    monkeypatch.setattr(entrance, "BYTES_OF_ALL", 30)
    files.add_file("A", UploadedFileRec("f", "a.json", "text/json", b"x" * 25))
    assert (put(client, "B", "f", 6), put(client, "B", "f", 5)) == (429, 200)
    files.remove_session_files("A")
    assert put(client, "B", "g", 6) == 200


def test_a_file_of_unknown_size_is_refused(client: TestClient) -> None:
    path = "/_stcore/upload_file/A/f"
    assert client.put(path, content=iter([b"x"] * 3)).status_code == 411


def test_visitors_who_are_gone_are_forgotten(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "VISITORS", 2)
    monkeypatch.setattr(entrance, "FILES", 1)
    assert put(client, "A", "f", 1) == 200 and put(client, "A", "g", 1) == 429
    for other in "BC":
        assert put(client, other, "f", 1) == 200
    assert put(client, "A", "g", 1) == 200


@pytest.mark.parametrize(("asked", "status"), [(None, 404), ("", 404), ("0", 404), ("1", 200)])
def test_the_metrics_are_closed_unless_asked_for(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, asked: str | None, status: int
) -> None:
    monkeypatch.delenv(entrance.METRICS, raising=False)
    if asked is not None:
        monkeypatch.setenv(entrance.METRICS, asked)
    for base in ("", "/base"):
        assert client.get(f"{base}/_stcore/metrics").status_code == status
        assert client.get(f"{base}/_stcore/health").status_code == 200


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        (None, True), ("http://testserver", True), ("https://testserver", True),
        ("http://localhost:3000", True), ("http://127.0.0.1", True), ("https://r1.example", True),
        ("https://blog.example", True),
        ("http://evil.example", False), ("http://testserver.evil.example", False),
        ("http://testserver:81", False), ("null", False), ("", False), ("http://[", False),
        ("http://localhost.evil.example", False), ("http://r1.example@evil.example", False),
    ],
)  # fmt: skip
def test_a_page_of_another_site_opens_no_websocket(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, origin: str | None, welcome: bool
) -> None:
    options = {
        "browser.serverAddress": "r1.example",
        "server.corsAllowedOrigins": ["https://blog.example"],
        "server.enableCORS": True,
    }
    monkeypatch.setattr(entrance.config, "get_option", options.__getitem__)
    headers = {} if origin is None else {"Origin": origin}
    with ExitStack() as opened:
        if not welcome:
            opened.enter_context(pytest.raises(WebSocketDisconnect))
        socket = opened.enter_context(client.websocket_connect("/stream", headers=headers))
        socket.send_bytes(b"x")
        assert socket.receive_bytes() == b"x"


def test_fields_with_numbers_that_are_none_are_left_out(client: TestClient) -> None:
    sent = BackMsg()
    sent.rerun_script.query_string = "seed=1"
    for name, value in (("a", 7.0), ("b", math.inf), ("c", -math.inf), ("d", math.nan), ("e", 0)):
        sent.rerun_script.widget_states.widgets.add(id=name, double_value=value)
    for name, values in (("f", [1.0, math.inf]), ("g", [1.0, 2.0])):
        field = sent.rerun_script.widget_states.widgets.add(id=name)
        field.double_array_value.data.extend(values)
    sent.rerun_script.widget_states.widgets.add(id="h", string_value="inf")
    with client.websocket_connect("/stream") as socket:
        socket.send_bytes(sent.SerializeToString())
        got = BackMsg.FromString(socket.receive_bytes())
    assert [one.id for one in got.rerun_script.widget_states.widgets] == ["a", "e", "g", "h"]
    assert got.rerun_script.query_string == "seed=1"


@pytest.mark.parametrize("asked", [1, entrance.NAMES, 200_000])
def test_a_message_asks_for_so_many_addresses_of_files(client: TestClient, asked: int) -> None:
    sent = BackMsg()
    sent.file_urls_request.session_id = "A"
    sent.file_urls_request.file_names.extend(["x"] * asked)
    with client.websocket_connect("/stream") as socket:
        socket.send_bytes(sent.SerializeToString())
        got = BackMsg.FromString(socket.receive_bytes())
    assert got.file_urls_request.session_id == "A"
    assert len(got.file_urls_request.file_names) == min(asked, entrance.NAMES)


@pytest.mark.parametrize(("fragment", "kept"), [("f", "e_seed=7&q="), ("", "e_seed=7&t=inf&q=")])
def test_the_address_that_a_fragment_sends_has_none_either(
    client: TestClient, fragment: str, kept: str
) -> None:
    sent = BackMsg()
    sent.rerun_script.fragment_id = fragment
    sent.rerun_script.query_string = "e_seed=7&t=inf&q="
    with client.websocket_connect("/stream") as socket:
        socket.send_bytes(sent.SerializeToString())
        got = BackMsg.FromString(socket.receive_bytes())
    assert got.rerun_script.query_string == kept


@pytest.mark.parametrize(
    "sent", [b"\xff\xfe no message", BackMsg(stop_script=True).SerializeToString()]
)
def test_other_messages_go_through_as_they_are(client: TestClient, sent: bytes) -> None:
    with client.websocket_connect("/stream") as socket:
        socket.send_bytes(sent)
        assert socket.receive_bytes() == sent
