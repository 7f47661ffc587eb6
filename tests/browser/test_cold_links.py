"""Links work when opened cold, a few at a time; `python -m tests.browser.cold` opens fifty each."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests import sweep
from tests.browser import cold
from tests.browser.server import Server

pytestmark = pytest.mark.browser


#: Those of two pages once opened dead; the others stand for themselves in the sweep.
LINKS = sweep.each(cold.LINKS, ("experts", "cache"))


@pytest.mark.parametrize("page", LINKS)
def test_cold_links_open(page: str, browser: Browser, served: Server) -> None:
    assert cold.dead(browser, served.url, page, 2) == []
