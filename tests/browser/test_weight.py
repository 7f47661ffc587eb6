"""The size of a first visit; `python -m tests.browser.weight` also measures times."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests import sweep
from tests.browser.chromium import PAGES
from tests.browser.server import Server
from tests.browser.weight import weigh

pytestmark = pytest.mark.browser

FIRST = 1_200_000  # bytes of the first page
WITH_PLOTLY = 2_500_000


#: The first page, and one with plotly.
ONE_EACH = ("", "experts")


@pytest.mark.parametrize("path", sweep.each(PAGES, ONE_EACH))
def test_a_page_is_light(path: str, browser: Browser, served: Server) -> None:
    found = weigh(browser, served.url, path)
    assert found.bytes < (WITH_PLOTLY if path else FIRST), found.largest
