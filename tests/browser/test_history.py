"""Moving between pages: one Back leaves a corrected link, and no sidebar stays over a page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.core.texts import texts
from tests import sweep
from tests.browser.chromium import settle, visit

pytestmark = pytest.mark.browser
TITLES = texts("en")


def sidebar(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_text(str(TITLES[f"nav.{name}"]), exact=True).click()
    expect(page.locator("h1")).to_have_text(str(TITLES[f"{name}.title"]))
    settle(page)


def at(page: Page, address: str) -> None:
    expect(page).to_have_url(re.compile(address))
    settle(page)


def test_a_link_that_was_mended_is_left_by_one_back(page: Page) -> None:
    visit(page, "glossary")
    for link in ("experts?room=what_if", "training?t_part=now", "experts?room=cellar&e_hand=9_1"):
        page.goto(f"/{link}")
        settle(page)
        expect(page).not_to_have_url(re.compile("what_if|t_part|cellar"))
        page.go_back()
        at(page, "/glossary")


@pytest.mark.parametrize("width", sweep.each([390, 768], [390]))
def test_a_page_chosen_in_a_sidebar_that_covers_it_is_seen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    visit(page, "", lang="en")
    bar = page.get_by_test_id("stSidebar")
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(bar).to_have_attribute("data-collapsed", "false")
    sidebar(page, "cache")
    expect(bar).to_have_attribute("data-collapsed", "true")
    expect(page.locator("h1")).to_be_in_viewport()
