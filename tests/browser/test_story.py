"""The story in a browser: turning pages, interactive pictures, and explained terms."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.core.texts import texts
from tests import sweep
from tests.browser.chromium import play_at_once, visit

pytestmark = pytest.mark.browser

T = texts("en")


def chapter(page: Page, name: str) -> None:
    """Check that the chapter is open, and its link in the address bar."""
    title = page.get_by_role("heading", level=2, name=str(T[f"story.title_{name}"]), exact=True)
    expect(title).to_be_visible()
    if name != "o1":
        expect(page).to_have_url(re.compile(rf"room={name}"))


def test_buttons_and_arrow_keys_turn_the_pages(page: Page) -> None:
    visit(page, "story", lang="en")
    chapter(page, "o1")
    page.locator(".st-key-story_next button").click()
    chapter(page, "moe")
    expect(page.locator(".view .part").first).to_be_visible()  # what hears the keys is there, too
    page.keyboard.press("ArrowRight")
    chapter(page, "balance")
    page.keyboard.press("ArrowLeft")
    chapter(page, "moe")
    page.go_back()
    chapter(page, "balance")


def test_scrolling_on_at_the_end_turns_the_page_unless_motion_is_unwanted(page: Page) -> None:
    def at_the_end() -> None:
        page.get_by_test_id("stMain").evaluate("box => box.scrollTo(0, box.scrollHeight)")
        page.wait_for_timeout(300)  # the next turn of the wheel is a gesture of its own
        page.mouse.wheel(0, 400)

    visit(page, "story", lang="en")
    page.locator(".st-key-story_next button").click()
    chapter(page, "moe")
    expect(page.locator(".view .part").first).to_be_visible()  # what hears the wheel is there, too
    page.mouse.move(500, 500)
    at_the_end()
    chapter(page, "balance")
    page.emulate_media(reduced_motion="reduce")
    at_the_end()
    page.keyboard.press("ArrowRight")
    chapter(page, "cache")  # and no further


def test_on_a_phone_pulling_on_at_the_end_turns_the_page(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    finger = page.context.new_cdp_session(page)
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 1})

    def pull() -> None:
        for y in range(760, 360, -40):
            kind = "touchStart" if y == 760 else "touchMove"
            event = {"type": kind, "touchPoints": [{"x": 195, "y": y}]}
            finger.send("Input.dispatchTouchEvent", event)
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    visit(page, "story", lang="en", room="moe")
    play_at_once(page)  # from now on the page has its height
    pull()  # through the chapter
    chapter(page, "moe")
    page.get_by_test_id("stMain").evaluate("box => box.scrollTo(0, box.scrollHeight)")
    pull()
    chapter(page, "balance")


def test_a_picture_is_touched_and_keeps_its_arrow_keys(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    visit(page, "story", lang="en", room="moe")
    strip = page.get_by_role("listbox", name=str(T["trace_view.strip_answer"]))
    strip.get_by_role("option").nth(3).click()
    page.keyboard.press("ArrowRight")
    expect(strip.get_by_role("option").nth(4)).to_have_attribute("aria-selected", "true")
    chapter(page, "moe")


@pytest.mark.parametrize("language", sweep.each(("en", "ko"), ["en"]))
def test_what_to_try_opens_the_view(page: Page, language: str) -> None:
    words = texts(language)
    visit(page, "story", lang=language, room="balance")
    page.get_by_test_id("stPageLink").get_by_text(str(words["story.try_balance"])).click()
    page.wait_for_url("**/experts?*room=balance*")
    expect(page.get_by_role("heading", name=str(words["balance.title"]))).to_be_visible()
