"""Our script is in Streamlit's page, before Streamlit's own, and in no other page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from app.core.server.own_script import OwnScript

PAGE = Path(streamlit.__file__).parent / "static" / "index.html"
READER = {"accept": "text/html,*/*"}
SCRIPT = re.compile(r'<script type="module"[^>]* src="([^"]+)"')


def in_parts(request: Request) -> Response:
    text = PAGE.read_bytes()
    parts = (text[i : i + 100] for i in range(0, len(text), 100))
    return StreamingResponse(parts, media_type="text/html")


def other(request: Request) -> Response:
    return HTMLResponse("<p>a figure</p>", headers={"etag": '"1"'})


@pytest.fixture
def client() -> TestClient:
    streamlits = Mount("/", StaticFiles(directory=PAGE.parent, html=True))
    routes = [Route("/parts", in_parts), Route("/other", other), streamlits]
    return TestClient(OwnScript(Starlette(routes=routes), path="modules/1/page.js"))


@pytest.mark.parametrize("path", ["/", "/parts"])
def test_it_is_the_first_module_of_the_page(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=READER)
    first, second = SCRIPT.findall(answer.text)
    assert first == "./modules/1/page.js"
    assert second.startswith("./static/js/index.")
    assert len(answer.content) == int(answer.headers["content-length"])
    rest = re.sub(r'<script type="module" src="./modules[^\n]*\n\s*', "", answer.text)
    assert rest == PAGE.read_text(encoding="utf-8")


def test_a_browser_does_not_take_the_page_that_it_has_for_ours(client: TestClient) -> None:
    plain = client.get("/")  # as it is without us
    kept = {"if-none-match": plain.headers["etag"]}
    kept["if-modified-since"] = plain.headers["last-modified"]
    assert client.get("/", headers=kept).status_code == 304
    answer = client.get("/", headers=READER | kept)
    assert answer.status_code == 200
    assert "modules/1/page.js" in answer.text
    assert not {"etag", "last-modified"} & set(answer.headers)


def test_other_pages_stay_as_they_are(client: TestClient) -> None:
    answer = client.get("/other", headers=READER)
    assert answer.text == "<p>a figure</p>"
    assert answer.headers["etag"] == '"1"'
