"""What is refused at the door: more files than one visitor may have, and the metrics."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.core import entrance
from app.core.entrance import Entrance


@pytest.fixture
def client() -> TestClient:
    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    route = Route("/{path:path}", answer, methods=["GET", "PUT", "DELETE", "OPTIONS"])
    return TestClient(Starlette(routes=[route], middleware=[Middleware(Entrance)]))


def put(client: TestClient, visitor: str, file: str, size: int) -> int:
    path = f"/base/_stcore/upload_file/{visitor}/{file}"
    return client.put(path, content=b"x" * size).status_code


def test_one_visitor_has_so_many_files_and_no_more(client: TestClient) -> None:
    for number in range(entrance.FILES):
        assert put(client, "A", f"f{number}", 10) == 200
    assert put(client, "A", "one-more", 10) == 429
    assert put(client, "A", "f0", 20) == 200  # the same once more
    assert put(client, "B", "f0", 10) == 200  # somebody else
    assert client.delete("/base/_stcore/upload_file/A/f3").status_code == 200
    assert put(client, "A", "one-more", 10) == 200


def test_one_visitor_has_so_many_bytes_and_no_more(client: TestClient) -> None:
    size = entrance.BYTES // 4
    assert [put(client, "A", str(n), size) for n in range(5)] == [200] * 4 + [429]


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
