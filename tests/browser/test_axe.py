"""axe-core finds nothing serious on any page or room: WCAG 2.1, A and AA.

Each page and room is looked at once; colour scheme, language and width change from view to view, so
that every combination of them occurs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import chromium
from tests.browser.server import ROOT, Server

AXE = ROOT / "tests" / "js" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not AXE.exists(), reason="npm --prefix tests/js ci has not been run"),
]

ROOMS = {
    "": ("",),
    "experts": (
        *("run", "interventions", "routing_statistics", "after_rl", "one_expert", "balance"),
    ),
    "cache": ("run", "attention_kinds", "latent", "decoding", "kv_size"),
    "reasoning": ("replies", "samples", "thinking"),
    "training": ("curves", "step", "time", "now", "pipeline", "tables"),
    "story": ("moe", "zero"),
    "glossary": ("",),
}
VIEWS = [(page, room) for page, rooms in ROOMS.items() for room in rooms]
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
VARIANTS = [*itertools.product(SCHEMES, ("en", "ko"), (1440, 390))]
GRAVE = ("serious", "critical")
RUN = """async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
    const found = await axe.run(document, {runOnly: tags, resultTypes: ["violations"]});
    return found.violations.map(({id, impact, nodes}) => ({id, impact, nodes: nodes.map((node) =>
        `${node.target.flat(9).join(" ")} ${node.html.slice(0, 120)} ${node.failureSummary}`)}));
}"""


def test_every_variant_occurs() -> None:
    assert len(VIEWS) >= len(VARIANTS) == 8


@pytest.fixture(scope="module")
def tab(browser: Browser, served: Server) -> Iterator[Page]:
    """One tab for all: what a page loads, the next one has."""
    context = browser.new_context(base_url=served.url)
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", ROOMS)
def test_axe_finds_nothing_serious(path: str, tab: Page) -> None:
    found: dict[tuple[Any, ...], Any] = {}
    for at, (page, room) in enumerate(VIEWS):
        if page != path:
            continue
        scheme, language, width = VARIANTS[at % len(VARIANTS)]
        # what fades in has no contrast until it is there
        tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        tab.set_viewport_size({"width": width, "height": 900})
        chromium.visit(tab, path, lang=language, **({"room": room} if room else {}))
        tab.locator(".share-view .open").click()
        tab.evaluate(AXE.read_text(encoding="utf-8"))
        for one in tab.evaluate(RUN):
            if one["impact"] in GRAVE:
                found[room, scheme, language, width, one["id"]] = one["nodes"]
    assert found == {}
