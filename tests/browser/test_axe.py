"""Every page and room is accessible: axe-core finds nothing serious, no text is cut off, and Tab
reaches everything and is seen.

Each page and room is checked once, a third of them in every run; colour scheme, language and width
vary from view to view, so that every combination of them occurs. `python -m tests.browser.looks`
checks all variants.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests import sweep
from tests.browser import chromium, looks
from tests.browser.server import Server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not looks.AXE.exists(), reason="npm --prefix tests/js ci has not been run"),
]

#: Chapters of the story are alike: two stand for all of them.
VIEWS = [view for view in looks.VIEWS if view[0] != "story" or view[1] in ("moe", "zero")]
#: A view → its variant.
VARIANTS = {view: looks.VARIANTS[at % len(looks.VARIANTS)] for at, view in enumerate(VIEWS)}
ALWAYS = VIEWS[::3]


def test_every_variant_occurs_in_every_run() -> None:
    assert {VARIANTS[view] for view in ALWAYS} == {*looks.VARIANTS}


@pytest.fixture(scope="module")
def tab(browser: Browser, served: Server) -> Iterator[Page]:
    """One tab for all tests, so that pages share what is loaded."""
    context = chromium.still(browser.new_context(base_url=served.url))
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("path", "room"), sweep.each(VIEWS, ALWAYS))
def test_all_can_read_it(path: str, room: str, tab: Page) -> None:
    looks.visit(tab, (path, room), VARIANTS[path, room])
    found = looks.cut_off(tab) | looks.walked(tab) | looks.violations(tab)
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.wait_for_timeout(300)
    found |= {f"{rule}, 390 px": nodes for rule, nodes in looks.cut_off(tab).items()}
    assert found == {}
