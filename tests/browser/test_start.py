"""Start: plays by itself within five seconds, before torch is there, and runs a question live."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.core.texts import texts
from tests.browser.chromium import visit
from tests.browser.conftest import watched_page
from tests.browser.server import serve

pytestmark = pytest.mark.browser

T = texts("en")


@pytest.fixture
def page_before_torch(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A tab at a server that has just started and waits for torch forever."""
    with serve(tmp_path_factory.mktemp("before-torch"), "--endless-torch") as server:
        yield from watched_page(browser, server, request)


def answer(page: Page) -> Locator:
    """The tokens that the model wrote, so far as they are shown."""
    return page.get_by_role("listbox", name=T["trace_view.strip_answer"]).get_by_role("option")


def progress(page: Page) -> tuple[int, int]:
    """Tokens shown and tokens in all, as the player says."""
    shown, total = re.findall(r"\d+", page.locator(".progress").inner_text())
    return int(shown), int(total)


def played(page: Page) -> None:
    """Wait until the player is at the end."""
    expect(page.get_by_role("button", name=T["player.replay"])).to_be_visible()


def test_plays_by_itself_before_torch(page_before_torch: Page) -> None:
    """Importing torch never ends on that server: neither the picture nor its end waits for it."""
    page = page_before_torch
    page.goto("/")
    answer(page).nth(2).wait_for()
    shown, total = progress(page)
    assert shown < total
    answer(page).nth(5).wait_for()
    expect(page.get_by_text(T["common.run_recorded"].split("{")[0])).to_be_visible()


def test_pause_play_and_replay(page: Page) -> None:
    visit(page)
    answer(page).nth(2).wait_for()
    page.get_by_role("button", name=T["player.pause"]).click()
    paused = progress(page)
    page.get_by_role("button", name=T["player.play"]).click()
    answer(page).nth(paused[0] - answer(page).count() + 3).wait_for()
    played(page)
    assert progress(page)[0] == progress(page)[1]


def test_a_question_runs_live_and_the_link_repeats_it(page: Page) -> None:
    visit(page)
    page.locator(".st-key-q textarea").fill("3 + 4 = ?")
    page.locator(".st-key-s_run button").click()
    expect(page.get_by_text(T["common.run_live"].split("{")[0])).to_be_visible()
    played(page)
    written = answer(page).all_inner_texts()
    assert written
    page.reload()
    expect(page.get_by_text(T["common.run_live"].split("{")[0])).to_be_visible()
    expect(answer(page)).to_have_text(written)
    expect(page.get_by_role("radio", name="English")).to_be_checked()


def test_stop_keeps_what_was_written(slow_page: Page) -> None:
    page = slow_page
    visit(page, free="true", q="In the beginning")
    page.locator(".st-key-start_stop button").click()
    expect(page.get_by_text(T["common.run_live"].split("{")[0])).to_be_visible()
    expect(page.locator(".st-key-s_run button")).to_be_visible()
    expect(answer(page)).not_to_have_count(0)


def test_links_lead_to_the_pages(page: Page) -> None:
    for path in ("experts", "cache", "reasoning"):
        visit(page, lang="ko")
        page.get_by_test_id("stMain").get_by_role("link", name=texts("ko")[f"nav.{path}"]).click()
        page.wait_for_url(f"**/{path}*")
        title = page.get_by_role("heading", level=1, name=texts("ko")[f"{path}.title"])
        expect(title).to_be_visible()


@pytest.mark.parametrize("question", ["  ", "x" * 10_000], ids=["empty", "10,000 characters"])
def test_a_bad_question_is_told_and_the_picture_stays(page: Page, question: str) -> None:
    visit(page)
    page.locator(".st-key-q textarea").fill(question)
    page.locator(".st-key-s_run button").click()
    expect(page.get_by_test_id("stAlertContentError")).to_be_visible()
    expect(page.get_by_text(T["common.run_recorded"].split("{")[0])).to_be_visible()
    expect(answer(page).first).to_be_visible()
