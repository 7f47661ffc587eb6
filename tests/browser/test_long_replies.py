"""Made-up long replies: the view follows a thought while it plays, and then folds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.core.texts import texts
from tests import made_replies
from tests.browser.chromium import played, visit
from tests.browser.conftest import watched_page
from tests.browser.server import Server, serve

pytestmark = pytest.mark.browser

T = texts("en")
ABOVE = "node => node.scrollTop"
LEFT_BELOW = "node => node.scrollHeight - node.scrollTop - node.clientHeight"


@pytest.fixture(scope="module")
def made_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("made"), "--synthetic") as server:
        yield server


@pytest.fixture
def page(browser: Browser, made_server: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A tab in which the replies are playing."""
    for tab in watched_page(browser, made_server, request):
        tab.set_viewport_size({"width": 1280, "height": 720})
        visit(tab)
        tab.locator(".st-key-draw_replies label").click()
        tab.locator(".reply-column").first.wait_for()
        yield tab


def at_the_end(page: Page) -> None:
    """Show the replies at once, and wait until the page is idle."""
    page.get_by_label(T["player.speed"]).select_option("once")
    played(page)


def test_the_newest_line_is_in_sight_until_one_scrolls_away(page: Page) -> None:
    thought = page.locator(".thinking").nth(1)
    expect(thought.locator(".row").nth(9)).to_be_attached()
    assert thought.evaluate(ABOVE) > 0 and thought.evaluate(LEFT_BELOW) < 60
    thought.evaluate("node => { node.scrollTop = 0; }")
    expect(thought.locator(".row").nth(11)).to_be_attached()
    assert thought.evaluate(ABOVE) == 0


def test_lines_without_an_error_are_folded_and_open_on_a_key(page: Page) -> None:
    at_the_end(page)
    thought = page.locator(".thinking").nth(1)
    rows = thought.locator(".row")
    wrong = made_replies.WRONG_TRY - 1
    expect(thought.locator(".fold")).to_have_count(2)
    expect(rows.nth(2)).to_be_hidden()
    expect(rows.nth(wrong)).to_be_visible()
    expect(rows.nth(wrong).locator(".step.wrong")).to_have_count(1)
    expect(rows.last).to_be_visible()
    fold = thought.locator(".fold-button").first
    expect(fold).to_have_attribute("aria-expanded", "false")
    fold.focus()
    page.keyboard.press("Enter")
    expect(rows.nth(2)).to_be_visible()
    expect(fold).to_have_attribute("aria-expanded", "true")
    expect(fold).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows.nth(2)).to_be_hidden()


def test_what_is_long_scrolls_inside_its_column(page: Page) -> None:
    at_the_end(page)
    thought = page.locator(".thinking").nth(1)
    for fold in thought.locator(".fold-button").all():
        fold.click()
    box = thought.bounding_box()
    assert box is not None and box["height"] < 720
    assert thought.evaluate("node => node.scrollHeight > node.clientHeight")
    thought.focus()
    page.keyboard.press("End")
    expect(thought.locator(".row").last).to_be_in_viewport()
