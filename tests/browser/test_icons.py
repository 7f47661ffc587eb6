"""The icon font has every icon that is shown, so that none appears as letters."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from app.core.pages import PAGES
from tests.browser.chromium import visit
from tests.browser.icons import USED, names

pytestmark = pytest.mark.browser

APP = Path(__file__).parents[2] / "app"
UNKNOWN = {"icon_name", "business", "new_releases", "star_filled"}  # to Streamlit's own font too
#: Widths of words set in the icon font, in ems: an icon is one em wide.
WIDTHS = """
async (names) => {
  await document.fonts.load('20px "Material Symbols Rounded"', names[0]);
  const span = document.createElement("span");
  span.style = 'font: 20px "Material Symbols Rounded"; position: absolute; white-space: nowrap';
  document.body.append(span);
  const widths = {};
  for (const name of names) {
    span.textContent = name;
    widths[name] = span.getBoundingClientRect().width / 20;
  }
  span.remove();
  return widths;
}
"""


def ours() -> set[str]:
    """The icons named in the app's own sources, including the navigation's."""
    sources = [path.read_text(encoding="utf-8") for path in APP.rglob("*.py")]
    named = {name for source in sources for name in USED.findall(source)}
    return named | {page.icon for page in PAGES.values()}


def test_every_icon_is_in_the_font(page: Page) -> None:
    visit(page)
    wanted = sorted((names() | ours()) - UNKNOWN)
    widths = page.evaluate(WIDTHS, wanted)
    assert {name for name, width in widths.items() if abs(width - 1) > 0.05} == set()
    spelled = page.evaluate(WIDTHS, ["no_such_icon_anywhere"])
    assert spelled["no_such_icon_anywhere"] != pytest.approx(1, abs=0.05)
