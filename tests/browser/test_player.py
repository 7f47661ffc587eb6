"""Finished records are played: pause, step, scrub, speed, by hand and by keys, or not at all."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.core.texts import texts, translated
from tests import sweep
from tests.browser.chromium import played, visit
from tests.browser.server import Server

pytestmark = pytest.mark.browser

T = texts("en")


def button(page: Page, key: str) -> Locator:
    return page.get_by_role("button", name=T[f"player.{key}"], exact=True)


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name=T["player.place"])


def ended(page: Page) -> None:
    expect(button(page, "replay")).to_be_visible()
    played(page)
    expect(slider(page)).to_have_value(slider(page).get_attribute("max") or "")


def at(page: Page, token: int, total: int) -> None:
    """Wait until the player shows a number of tokens."""
    said = translated("en", "player.progress", token=token, tokens=total)
    expect(page.locator(".progress")).to_have_text(said)
    expect(slider(page)).to_have_value(str(token))


def paused(page: Page) -> tuple[int, int]:
    """Pause the player in the middle; returns the number of tokens shown and of all."""
    button(page, "pause").click()
    expect(button(page, "play")).to_be_visible()
    shown, total = re.findall(r"\d+", page.locator(".progress").inner_text())
    return int(shown), int(total)


@pytest.mark.parametrize("path", sweep.each(["", "reasoning"], [""]))
def test_a_record_is_paused_stepped_and_scrubbed(page: Page, path: str) -> None:
    visit(page, path)
    before, total = paused(page)
    assert before < total
    button(page, "forth").click()
    at(page, before + 1, total)
    button(page, "back").click()
    at(page, before, total)
    slider(page).press("End")
    at(page, total, total)
    expect(button(page, "replay")).to_be_visible()
    expect(button(page, "forth")).to_be_disabled()
    slider(page).press("ArrowLeft")
    at(page, total - 1, total)
    slider(page).press("Home")
    at(page, int(slider(page).get_attribute("min") or -1), total)
    expect(button(page, "back")).to_be_disabled()
    expect(page.get_by_text(T["player.took"].split("{")[0])).to_be_visible()


def test_the_picture_shows_what_the_player_says(page: Page) -> None:
    visit(page, "experts")
    ended(page)
    total = int(slider(page).get_attribute("max") or -1)
    first = int(slider(page).get_attribute("min") or -1)
    for key, token in (("End", total), ("Home", first)):
        slider(page).press(key)
        expect(page.locator(f".token.newest[data-token='{token - 1}']")).to_be_visible()
        expect(page.locator(f".token[data-token='{token}']")).to_have_count(0)
    button(page, "play").click()
    expect(page.locator(f".token[data-token='{first + 2}']")).to_be_visible()


def test_the_chosen_speed_stays_for_the_next_record(page: Page) -> None:
    visit(page)
    page.get_by_label(T["player.speed"]).select_option(label=T["player.speed_once"])
    expect(button(page, "replay")).to_be_visible()
    page.get_by_role("link", name=T["nav.reasoning"]).first.click()
    expect(page.locator(".reasoning-view .reply-column").first).to_be_visible()
    ended(page)
    page.get_by_label(T["player.speed"]).select_option(label=T["player.speed_computed"])
    button(page, "replay").click()
    expect(button(page, "replay")).to_be_visible()
    for key, speed in (("<", "reading"), ("<", "slow"), ("<", "slow"), (">", "reading")):
        page.keyboard.press(key)
        expect(page.get_by_label(T["player.speed"])).to_have_value(speed)


#: The longest transition of any element outside of our components, in s.
LONGEST = """() => Math.max(...[...document.querySelectorAll("body *")].map((node) =>
    parseFloat(getComputedStyle(node).transitionDuration)))"""


@pytest.mark.parametrize("path", sweep.each(["", "reasoning"], [""]))
def test_who_wants_no_motion_sees_the_end_and_may_play(
    browser: Browser, served: Server, path: str
) -> None:
    """In a context of its own, where Streamlit's transitions are not taken out for all tests."""
    context = browser.new_context(base_url=served.url, reduced_motion="reduce")
    page = context.new_page()
    visit(page, path)
    ended(page)
    assert page.evaluate(LONGEST) == 0
    button(page, "replay").click()
    expect(button(page, "pause")).to_be_visible()
    context.close()
