"""Components load on every way to a page: below a base path, embedded, directly and later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.ui.components import modules
from tests.browser.chromium import visit
from tests.browser.conftest import watched_page
from tests.browser.server import Server, serve

pytestmark = pytest.mark.browser

REPLIES = ".reasoning-view .reply-column"
TOKENS = ".trace-view .token"


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("below"), base="/below/here") as server:
        yield server


def test_components_are_drawn_below_a_base_path(
    browser: Browser, below: Server, request: pytest.FixtureRequest
) -> None:
    for page in watched_page(browser, below, request):
        for path, drawn in (
            ("", REPLIES),
            ("experts", TOKENS),
            ("experts?embed=true", TOKENS),
        ):
            page.goto(f"{below.url}/{path}")
            expect(page.locator(drawn).first).to_be_visible()


def test_a_browser_asks_for_each_module_once(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit(page)
    expect(page.locator(REPLIES).first).to_be_visible()
    mine = [url for url in asked if modules.ROOT in url]
    assert mine
    assert len(mine) == len(set(mine))
    page.get_by_role("link", name="Experts").first.click()
    expect(page.locator(".trace-view .part.heatmap .scroll canvas")).to_be_visible()
    again = [url for url in asked if modules.ROOT in url]
    assert len(again) == len(set(again))


def test_an_embedded_page_draws_its_components(page: Page) -> None:
    visit(page, "reasoning", embed="true")
    expect(page.locator(REPLIES).first).to_be_visible()
    page.get_by_role("heading").first.wait_for()


def test_a_linked_line_stands_where_plotly_has_the_token(page: Page) -> None:
    """This fails if plotly no longer has the private fields that shared/plotly.js reads."""
    visit(page, "cache", room="latent")
    picture = page.locator(".st-key-c_all_tokens .js-plotly-plot")
    expect(picture).to_be_visible()
    tokens = page.locator(".st-key-c_strip .token")
    last = int(tokens.last.get_attribute("data-token") or 0)
    drag = picture.locator(".nsewdrag").first
    drag.hover()  # in the middle
    expect(
        page.locator(f".st-key-c_strip .token.current:not([data-token='{last}'])")
    ).to_be_visible()
    frame, line = drag.bounding_box(), picture.locator(".linked-token").first.bounding_box()
    assert frame and line
    assert line["x"] == pytest.approx(frame["x"] + frame["width"] / 2, abs=frame["width"] / last)
    assert line["y"] == pytest.approx(frame["y"], abs=2)
    assert line["height"] >= frame["height"] - 2  # through all rows of the chart
