"""Figures as pages and files: their content, their size, and the parameters of their URLs."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from app import __main__ as command_line
from app.core.assets import models
from app.core.texts import LANGUAGES
from app.export import figures, serving, standalone
from app.export.themes import NAMES as THEMES
from app.export.themes import theme

MOST_BYTES = 1_500_000
MOST_OF_A_CHART = 2_100_000  # plotly, packed, is nearly all of it
LIGHT = theme("light")


def client(base: str = "") -> TestClient:
    app = Starlette(routes=serving.routes(base), middleware=[Middleware(serving.Frames, base=base)])
    return TestClient(app)


class Addresses(HTMLParser):
    """Collects the URLs that a page would request: src and href of anything but links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            self.found += [value or "" for key, value in attrs if key in ("src", "href")]


@pytest.mark.slow
@pytest.mark.parametrize("name", figures.NAMES)
def test_a_page_needs_nobody(name: str) -> None:
    page = standalone.figure_page(figures.figure(name, "en"), (LIGHT,), "en", None)
    assert len(page.encode()) < MOST_BYTES
    assert all(address.startswith("data:") for address in Addresses(page).found)
    assert "default-src 'none'" in page
    assert not re.search(r'from\s+"\.', page)


@pytest.mark.parametrize("name", standalone.SHELLS)
def test_a_page_for_a_run_that_the_browser_has(name: str) -> None:
    page = client().get(f"/figures/shell/{name}?lang=ko&theme=dark").text
    assert all(page.count(f"%%{part}%%") >= 1 for part in ("title", "says", "source", "data"))
    assert len(page.encode()) < (MOST_OF_A_CHART if name == standalone.CHART else MOST_BYTES)
    assert all(address.startswith("data:") for address in Addresses(page).found)
    assert client().get("/figures/shell/share_view").status_code == 404


@pytest.mark.slow
def test_the_command_writes_all_of_them(tmp_path: Path) -> None:
    command_line.main(
        ["figures", "--out", str(tmp_path / "new"), "--lang", "ko", "--theme", "dark"]
    )
    written = {path.name for path in (tmp_path / "new").iterdir()}
    assert written == {
        f"{name}-ko{ending}"
        for name in figures.NAMES
        for ending in ("-dark.html", "-dark.svg", ".csv", ".json")
    }
    whole = json.loads((tmp_path / "new" / "kv-bytes-ko.json").read_text(encoding="utf-8"))
    assert whole["title"] == figures.figure("kv-bytes", "ko").title
    assert len(whole["rows"]) == len(models.twins())


@pytest.mark.parametrize("base", ["", "/below/here"])
def test_an_embedded_figure(base: str) -> None:
    asked = client(base)
    page = asked.get(f"{base}/?embed=true&figure=kv-bytes&lang=ko&theme=dark")
    assert page.status_code == 200
    assert figures.figure("kv-bytes", "ko").title in page.text
    assert theme("dark").back in page.text
    assert f'href="{base}/story?lang=ko' in page.text
    assert asked.get(f"{base}/?figure=kv-bytes&lang=ko&theme=dark").text == page.text
    follows = asked.get(f"{base}/?figure=kv-bytes&lang=ko").text
    assert all(theme(name).back in follows for name in THEMES)
    assert theme("light").back not in page.text
    assert asked.get(f"{base}/?embed=true").status_code == 404  # the app's own page, then


@pytest.mark.parametrize("extension", serving.FORMATS)
def test_a_figure_as_a_file(extension: str) -> None:
    answer = client().get(f"/figures/balance.{extension}?lang=ko&theme=dark")
    assert answer.status_code == 200
    assert f"inside-r1-balance-ko.{extension}" in answer.headers["content-disposition"]
    assert figures.figure("balance", "ko").title in answer.text or extension == "csv"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_figure_gets_a_clear_word_and_the_list(language: str) -> None:
    for path in ("/?embed=true&figure=<b>/..%00&lang=", "/figures/no-such.svg?lang="):
        page = client().get(path + language)
        assert page.status_code == 404
        assert "<b>" not in page.text
        for name in figures.NAMES:
            assert f"/figures/{name}?lang={language}" in page.text


@given(
    st.text(min_size=1, max_size=30),
    st.text(max_size=10),
    st.sampled_from(THEMES) | st.text(max_size=10),
)
def test_no_address_breaks_it(name: str, language: str, colours: str) -> None:
    asked = {"embed": "true", "figure": name, "lang": language, "theme": colours}
    answer = client().get("/", params=asked)
    assert answer.status_code in (200, 404)
    assert "Inside R1" in answer.text
