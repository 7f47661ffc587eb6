"""Links work when opened cold, a few at a time; `python -m tests.browser.cold` opens fifty each."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser import cold
from tests.browser.server import Server

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("page", cold.LINKS)
def test_cold_links_open(page: str, browser: Browser, served: Server) -> None:
    assert cold.dead(browser, served.url, page, 2) == []
