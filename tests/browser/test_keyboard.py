"""What opens does so by Enter, by Space and, if it is a list, by an arrow; Escape closes it, and
the focus is where it was. The walk by Tab is in `test_axe.py`."""

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


#: What opens something: lists and panels, which Escape closes, and what folds.
OPENERS = ":is([role=combobox], [aria-haspopup], .open, summary):not([tabindex='-1'])"
FOLDS = "(node) => node.matches('summary')"
#: Whether it comes to be open (or closed) within three seconds, and has stopped to move: what folds
#: is open to the end.
COMES_TO_BE = """async (node, wanted) => {
    const moves = () => node.parentElement.getAnimations({subtree: true}).length > 0;
    const now = () => moves() ? null : node.matches("summary") ? node.parentElement.open
        : node.getAttribute("aria-expanded") === "true";
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
        folds = opener.evaluate(FOLDS)
        is_list = opener.get_attribute("role") == "combobox"
        was_open = folds and opener.evaluate("node => node.parentElement.open")
        for key in ("ArrowDown",) if is_list else ("Enter", "Space"):
            opener.focus()
            page.keyboard.press(key)
            if not opener.evaluate(COMES_TO_BE, not was_open):
                wrong.append(f"{name}: {key} does nothing")
            page.keyboard.press(key if folds else "Escape")
            if not opener.evaluate(COMES_TO_BE, was_open):
                wrong.append(f"{name}: cannot be undone after {key}")
            if not opener.evaluate(COMES_TO_FOCUS):
                wrong.append(f"{name}: the focus is lost after {key}")
    assert wrong == []
    settle(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
