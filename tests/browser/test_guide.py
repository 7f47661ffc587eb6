"""What accompanies every page: definitions of terms, the tour, and the kiosk mode."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.core.texts import texts
from tests import sweep
from tests.browser.chromium import mounted, settle, visit

pytestmark = pytest.mark.browser

T = texts("en")


@pytest.mark.parametrize("language", sweep.each(("en", "ko"), ["en"]))
def test_a_term_says_what_it_means_by_pointer_key_and_tap(page: Page, language: str) -> None:
    says = str(texts(language)["glossary.says_router"])
    visit(page, "story", lang=language, room="moe")
    term = page.locator('a[href="#term-router"]').first
    tip = page.get_by_role("tooltip")
    page.locator(".terms-tip").wait_for(state="attached")
    term.hover()
    expect(tip).to_contain_text(says)
    page.keyboard.press("Escape")
    expect(tip).to_have_count(0)
    term.focus()
    expect(tip).to_contain_text(says)
    assert term.get_attribute("aria-description") == says
    page.mouse.move(5, 5)
    page.locator("h1").click()
    expect(tip).to_have_count(0)
    term.click()
    expect(tip).to_contain_text(says)
    expect(page).to_have_url(re.compile("room=moe"))
    tip.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        str(texts(language)["glossary.title"])
    )
    expect(page.get_by_text(says)).to_be_visible()


def test_the_tour_has_five_hints_and_is_remembered(page: Page) -> None:
    visit(page, lang="en")
    tour = page.get_by_role("region", name=str(T["tour.name"]))
    for hint in ("hint_run", "hint_ask", "hint_pages", "hint_terms", "hint_story"):
        expect(tour.get_by_text(str(T[f"tour.{hint}"]))).to_be_visible()
        name = "done" if hint == "hint_story" else "next"
        tour.get_by_role("button", name=str(T[f"tour.{name}"]), exact=True).click()
    expect(tour).to_have_count(0)
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    expect(tour).to_have_count(0)


def test_the_tour_can_be_skipped(page: Page) -> None:
    visit(page, lang="ko")
    words = texts("ko")
    tour = page.get_by_role("region", name=str(words["tour.name"]))
    tour.get_by_role("button", name=str(words["tour.skip"]), exact=True).click()
    expect(tour).to_have_count(0)


def test_a_kiosk_plays_by_itself_and_forgets_the_last_visitor(page: Page) -> None:
    page.clock.install()
    visit(page, "", lang="en", kiosk="1")
    page.evaluate("localStorage.setItem('left', 'behind')")
    page.locator(".st-key-q input").fill("3 + 4 = ?")
    page.locator(".st-key-s_run button").click()
    expect(page).to_have_url(re.compile("q="))
    expect(page.get_by_text(T["start.badge_live"], exact=True)).to_be_visible()  # at its end
    settle(page)  # the wait begins when the page is drawn
    mounted(page, "kiosk")
    page.clock.fast_forward(91_000)
    expect(page).to_have_url(re.compile("present=1"))
    expect(page.get_by_role("heading", level=1, name=str(T["stage.title"]))).to_be_visible()
    assert "q=" not in page.url
    assert page.evaluate("localStorage.getItem('left')") is None
    settle(page)
    mounted(page, "stage")
    page.clock.fast_forward(12_500)
    expect(page.get_by_role("heading", level=1, name=str(T["story.title_o1"]))).to_be_visible()
    page.mouse.click(640, 400)
    page.wait_for_url("**/?kiosk=1&lang=en")
    expect(page.locator(".st-key-q input")).not_to_have_value("3 + 4 = ?")
