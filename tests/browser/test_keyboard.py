"""Panels open by Enter and Space, lists by an arrow; Escape closes them, and the focus is where it
was. The walk by Tab is in `test_axe.py`."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.core.texts import texts
from tests import sweep
from tests.browser import looks
from tests.browser.chromium import settle, visit

pytestmark = pytest.mark.browser
T = texts("en")


def test_a_number_field_keeps_its_number(page: Page) -> None:
    visit(page, "cache", lang="en", c_seed="7")
    field = page.get_by_role("spinbutton", name=str(T["common.seed"]))
    for typed, leave, kept in (
        ("", "Enter", "7"),
        ("abc", "Tab", "7"),
        ("12", "Enter", "12"),
        ("-", "Enter", "12"),
    ):
        field.press("Control+a")
        field.press("Delete")
        page.keyboard.type(typed)
        field.press(leave)
        expect(field).to_have_value(kept)
        expect(page).to_have_url(re.compile(rf"c_seed={kept}\b"))


#: What opens lists and panels.
OPENERS = ":is([role=combobox], [aria-haspopup], .open):not([tabindex='-1'])"
#: Whether it comes to be open (or closed) within three seconds.
COMES_TO_BE = """async (node, wanted) => {
    const now = () => node.getAttribute("aria-expanded") === "true";
    for (let wait = 0; now() !== wanted && wait < 60; wait += 1)
        await new Promise((done) => setTimeout(done, 50));
    return now() === wanted;
}"""
COMES_TO_FOCUS = """async (node) => {
    const now = () => node.getRootNode().activeElement === node;
    for (let wait = 0; !now() && wait < 60; wait += 1)
        await new Promise((done) => setTimeout(done, 50));
    return now();
}"""
ROOMS = [view for view in looks.VIEWS if view[0] != "story" or view[1] == "moe"]


@pytest.mark.parametrize(("path", "room"), sweep.each(ROOMS, ROOMS[::5]))
def test_the_keyboard_opens_and_closes_whatever_opens(page: Page, path: str, room: str) -> None:
    visit(page, path, lang="en", **({"room": room} if room else {}))
    found = [one for one in page.locator(OPENERS).element_handles() if one.is_visible()]
    assert found  # Share at least
    wrong: list[str] = []
    for opener in found:
        name = opener.evaluate("node => node.ariaLabel ?? node.textContent.slice(0, 40)")
        is_list = opener.get_attribute("role") == "combobox"
        for key in ("ArrowDown",) if is_list else ("Enter", "Space"):
            opener.focus()
            page.keyboard.press(key)
            if not opener.evaluate(COMES_TO_BE, True):
                wrong.append(f"{name}: {key} does nothing")
            page.keyboard.press("Escape")
            if not opener.evaluate(COMES_TO_BE, False):
                wrong.append(f"{name}: Escape does nothing after {key}")
            if not opener.evaluate(COMES_TO_FOCUS):
                wrong.append(f"{name}: the focus is lost after {key}")
    assert wrong == []
    settle(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
