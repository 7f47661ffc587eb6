"""The Experts page's picture at DeepSeek-V3's size: `python -m tests.browser.benchmark`.

Prints what a made-up run of 61 layers, 256 experts and 4,096 tokens costs: bytes to the browser,
seconds to make them, seconds from a click until the picture is drawn, and until another layer is.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from app.ui.components.packed import packed
from app.ui.components.trace_view.payload import payload
from tests import synthetic
from tests.browser import chromium
from tests.browser.server import serve

TIMES = 5
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def drawn(page: Page) -> float:
    """Seconds from a click until the whole picture is on screen."""
    chromium.visit(page)
    start = time.perf_counter()
    page.locator(".st-key-draw label").click()
    page.locator(".loads canvas[aria-label]").wait_for()
    page.evaluate(PAINTED)
    return time.perf_counter() - start


def redrawn(page: Page, layer: int) -> float:
    """Seconds from the choice of a layer until its tokens are sent and drawn on screen."""
    start = time.perf_counter()
    page.locator("select.layer").select_option(index=layer)
    page.locator(".trace-view.behind").wait_for()
    page.locator(".trace-view:not(.behind)").wait_for()
    page.evaluate(PAINTED)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    trace = synthetic.trace()
    built = []
    for _ in range(TIMES):
        start = time.perf_counter()
        data = payload(trace)
        built.append(time.perf_counter() - start)
    print(f"to the browser: {len(packed(data)):,} bytes")
    print(f"built in: {statistics.median(built):.3f} s")
    with (
        tempfile.TemporaryDirectory() as logs,
        serve(Path(logs), "--synthetic") as server,
        sync_playwright() as playwright,
        chromium.launch(playwright) as browser,
    ):
        page = browser.new_page(base_url=server.url, viewport={"width": 1440, "height": 900})
        drawn(page)  # once for the server to make the run, and the browser to read the scripts
        print(f"drawn after: {statistics.median(drawn(page) for _ in range(TIMES)):.2f} s")
        again = statistics.median(redrawn(page, layer) for layer in range(1, TIMES + 1))
        print(f"another layer after: {again:.2f} s")


if __name__ == "__main__":
    main()
