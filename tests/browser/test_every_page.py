"""Each page opens in both languages, fits every screen, and has a light and a dark theme."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.core.texts import texts
from tests.browser.chromium import PAGES, visit

pytestmark = pytest.mark.browser

SCREENS = ((1440, 900), (720, 450), (390, 900))  # the second is the first, zoomed to 200 %
TOO_WIDE = """() => [document.documentElement, document.querySelector("[data-testid=stMain]")]
    .filter((box) => box.scrollWidth > box.clientWidth)
    .map((box) => `${box.tagName} ${box.scrollWidth} > ${box.clientWidth}`)"""


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("path", PAGES)
def test_opens_and_fits(page: Page, path: str, language: str) -> None:
    visit(page, path, lang=language)
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator("html")).to_have_attribute("lang", language)
        name = f"{texts(language)[f'nav.{path}']} · Inside R1" if path else "Inside R1"
        expect(page).to_have_title(name)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
        assert page.evaluate(TOO_WIDE) == [], f"{width} px"
        text = page.get_by_test_id("stSidebarNav").text_content() or ""
        assert bool(re.search("[가-힣]", text)) is (language == "ko"), text


@pytest.mark.parametrize("path", PAGES)
def test_follows_the_system_into_the_dark(page: Page, path: str) -> None:
    def background() -> list[int]:
        colour = page.get_by_test_id("stApp").evaluate("e => getComputedStyle(e).backgroundColor")
        return [int(part) for part in colour.strip("rgba()").split(",")[:3]]

    for scheme, is_light in (("light", True), ("dark", False)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        visit(page, path)
        assert (sum(background()) > 3 * 128) is is_light, scheme


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_chart_is_saved_in_the_chosen_format(page: Page, language: str) -> None:
    visit(page, "experts", lang=language)
    chart = page.locator(".st-key-e_load .js-plotly-plot")
    for choice, beginning in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        page.locator(".st-key-picture_format").get_by_text(choice, exact=True).click()
        name = texts(language)["common.save_chart"].format(format=choice)
        save = chart.get_by_role("button", name=name, exact=True)
        expect(save).to_be_attached()
        expect(chart.locator(".modebar-btn")).to_have_count(1)  # the other one has gone
        save.focus()
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        assert download.value.suggested_filename == f"inside-r1-e_load.{choice.lower()}"
        assert download.value.path().read_bytes().startswith(beginning)
