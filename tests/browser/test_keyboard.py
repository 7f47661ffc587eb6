"""Who walks by keyboard sees where they are, and comes to the page's end."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import visit

pytestmark = pytest.mark.browser

MOST = 120  # elements with a focus on the page
#: The focused element and whether anything shows it; null beyond the page's last one.
FOCUSED = """() => {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    if (!node || node === document.body) return null;
    const own = getComputedStyle(node);
    const outlined = own.outlineStyle !== "none" && parseFloat(own.outlineWidth) >= 1;
    const field = node.matches("textarea, input:not([type=range], [type=radio])");
    const box = field && node.closest("[data-baseweb], [data-testid$=Input], [data-testid$=Area]");
    const bordered = box && [box, ...box.querySelectorAll("*")].some((part) =>
        getComputedStyle(part).borderTopColor === "rgb(0, 96, 168)");
    const said = `${node.tagName} ${node.ariaLabel ?? node.textContent.slice(0, 40)}`;
    return [said, outlined || Boolean(bordered)];
}"""


def test_focus_is_seen_wherever_it_is(page: Page) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    visit(page, lang="en")
    walked = []
    while len(walked) < MOST:
        page.keyboard.press("Tab")
        if (focused := page.evaluate(FOCUSED)) is None:
            break
        walked.append(focused)
    assert 30 < len(walked) < MOST
    assert [name for name, seen in walked if not seen] == []
