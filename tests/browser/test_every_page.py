"""Each page opens in both languages, fits every screen, follows the system's colours, and is shared
from one place."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from app.core.texts import texts
from tests import sweep
from tests.browser.chromium import PAGES, visit

pytestmark = pytest.mark.browser

SCREENS = ((1440, 900), (720, 450), (390, 900))  # the second is the first, zoomed to 200 %
TOO_WIDE = """() => [document.documentElement, document.querySelector("[data-testid=stMain]")]
    .filter((box) => box.scrollWidth > box.clientWidth)
    .map((box) => `${box.tagName} ${box.scrollWidth} > ${box.clientWidth}`)"""


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ko", "dark")])
@pytest.mark.parametrize("path", PAGES)
def test_opens_fits_and_is_shared(
    page: Page, path: str, language: str, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    visit(page, path, lang=language)
    colour = page.get_by_test_id("stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    lightness = sum(int(part) for part in colour.strip("rgba()").split(",")[:3]) / 3
    assert (lightness > 128) is (scheme == "light")
    is_shared_from_one_place(page, language)
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


def is_shared_from_one_place(page: Page, language: str) -> None:
    """Share's link is that of the view, and can be copied without clipboard permission."""
    words = texts(language)
    button = page.get_by_role("button", name=words["share_view.open"], exact=True)
    spot = button.bounding_box()
    assert spot is not None
    assert spot["y"] < 40
    assert 1440 - spot["x"] - spot["width"] < 120
    button.click()
    link = page.get_by_label(words["share_view.link"]).first
    expect(link).to_have_value(page.url)
    copy = words["share_view.copy_what"].format(what=words["share_view.link"])
    copied = words["share_view.copied"].format(what=words["share_view.link"])
    page.get_by_role("button", name=copy).click()
    expect(page.get_by_role("status").filter(has_text=copied)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name=words["share_view.open"])).to_be_hidden()


@pytest.mark.parametrize("language", sweep.each(("en", "ko"), ["en"]))
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
