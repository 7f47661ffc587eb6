"""Links that open a page at once with what they ask for: `python -m tests.browser.cold --count 50`.

Each is opened by a browser that has nothing of the app, several at a time, and has to come alive.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import chromium
from tests.browser.server import serve

TOGETHER = 5  # tabs that open at the same time
PATIENCE_MS = 120_000  # for five at once, on a busy machine
#: What links ask for. Each opening has a seed of its own, so that nobody has computed it before.
LINKS = {
    "start": ("?q=3+%2B+4+%3D+%3F&seed={}", "?q=What+is+7+*+8%3F&lang=ko&seed={}"),
    "experts": ("experts?e_prompt=In+the+beginning&e_seed={}", "experts?pin=9&e_seed={}"),
    "cache": ("cache?c_prompt=In+the+beginning+God&c_seed={}", "cache?c_tokens=99999&c_seed={}"),
    "reasoning": ("reasoning?r_expr=12+%2B+30&r_seed={}", "reasoning?lang=ko&r_seed={}"),
    "training": ("training", "training?lang=ko"),
    "story": ("story?room=zero", "story?lang=ko&room=moe"),
    "glossary": ("glossary", "glossary?lang=ko"),
}


def dead(browser: Browser, url: str, page: str, count: int) -> list[str]:
    """The frontend's message for each opening of a page that failed."""
    return [said for said in _openings(browser, url, LINKS[page], count) if said is not None]


def _openings(browser: Browser, url: str, links: Sequence[str], count: int) -> Iterator[str | None]:
    for first in range(0, count, TOGETHER):
        context = chromium.still(browser.new_context(base_url=url))
        tabs = [context.new_page() for _ in range(min(TOGETHER, count - first))]
        for seed, tab in enumerate(tabs, first):
            tab.goto("/" + links[seed % len(links)].format(seed), wait_until="commit")
        yield from map(_said, tabs)
        context.close()


def _said(tab: Page) -> str | None:
    """The frontend's message if the page has failed; None once it works and is idle."""
    alive = tab.locator(chromium.AT_REST)
    gone = tab.get_by_role("dialog")
    alive.or_(gone).first.wait_for(timeout=PATIENCE_MS)
    if gone.count():
        return gone.first.inner_text()
    tab.locator("h1").first.wait_for(timeout=PATIENCE_MS)
    return None


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.cold", description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="openings of each page (50)")
    count = parser.parse_args(arguments).count
    all_dead = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = chromium.launch(playwright)
        for page in LINKS:
            found = dead(browser, server.url, page, count)
            all_dead += len(found)
            print(f"{page}: {len(found)} of {count} dead", *found, sep="\n    ", flush=True)
        browser.close()
    return 1 if all_dead else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
