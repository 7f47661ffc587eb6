"""What a page weighs: `python -m tests.browser.weight [--json]`.

Opens each page in a browser that has nothing of it, and counts what comes over the wire until the
page is at rest: requests, bytes of files as they were sent, and of messages; and seconds until the
first picture is drawn, beside those of a bare Streamlit page with one plot.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium
from tests.browser.server import serve

TEXT_ONLY = ("glossary",)  # pages without a picture
PICTURE = ".js-plotly-plot .plot-container, .view > *"


@dataclass(frozen=True)
class Weight:
    """Of a page."""

    page: str
    requests: int
    files: int  # bytes, headers included
    messages: int  # bytes of the WebSocket's
    seconds: float  # until the first picture
    largest: dict[str, int]  # bytes of the largest files by name

    @property
    def bytes(self) -> int:
        return self.files + self.messages


def weigh(browser: Browser, url: str, path: str) -> Weight:
    """A page at a server, opened with an empty cache."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    client = context.new_cdp_session(page)
    names: dict[str, str] = {}
    sizes: dict[str, int] = {}
    messages: list[int] = []

    def asked(event: dict[str, Any]) -> None:
        names[event["requestId"]] = event["request"]["url"].rsplit("/", 1)[-1]

    def came(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = int(event["encodedDataLength"])

    def message(event: dict[str, Any]) -> None:
        content = event["response"]["payloadData"]  # base64 if it is not text
        messages.append(len(content) * 3 // 4 if event["response"]["opcode"] == 2 else len(content))

    client.on("Network.requestWillBeSent", asked)
    client.on("Network.loadingFinished", came)
    client.on("Network.webSocketFrameReceived", message)
    client.send("Network.enable")
    begin = time.perf_counter()
    page.goto(f"{url}/{path}", wait_until="commit")
    drawn = page.locator("h1" if path in TEXT_ONLY else PICTURE).filter(visible=True).first
    drawn.wait_for(timeout=120_000)
    seconds = time.perf_counter() - begin
    page.locator(chromium.AT_REST).wait_for(timeout=120_000)
    page.wait_for_load_state("networkidle")
    context.close()
    by_size = sorted(sizes, key=lambda request: -sizes[request])
    return Weight(
        path or "start",
        len(sizes),
        sum(sizes.values()),
        sum(messages),
        round(seconds, 2),
        {names.get(request, "?"): sizes[request] for request in by_size[:6]},
    )


def weights(browser: Browser, times: int = 1) -> list[Weight]:
    """Of all pages, and of the bare one; seconds are the median of some times."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        with serve(Path(folder)) as server:
            weigh(browser, server.url, "")  # who comes first has all files compressed
            places = [(server.url, path) for path in chromium.PAGES]
            found += [_median(browser, url, path, times) for url, path in places]
        with serve(Path(folder), "--bare") as server:
            weigh(browser, server.url, "")
            found.append(_median(browser, server.url, "", times, "bare"))
    return found


def _median(browser: Browser, url: str, path: str, times: int, name: str | None = None) -> Weight:
    all_times = [weigh(browser, url, path) for _ in range(times)]
    one = asdict(all_times[-1])
    one["seconds"] = round(statistics.median(each.seconds for each in all_times), 2)
    return Weight(**one | {"page": name or one["page"]})


def table(found: list[Weight]) -> str:
    lines = [f"{'':12}{'requests':>10}{'files kB':>10}{'mess. kB':>10}{'all kB':>10}{'s':>8}"]
    for one in found:
        lines.append(
            f"{one.page:12}{one.requests:>10}{one.files / 1000:>10.0f}{one.messages / 1000:>10.0f}"
            f"{one.bytes / 1000:>10.0f}{one.seconds:>8.2f}  "
            + ", ".join(f"{name} {size // 1000}" for name, size in one.largest.items())
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.weight", description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="that each page is opened (3)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args(arguments)
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        found = weights(browser, options.times)
        browser.close()
    print(json.dumps([asdict(one) for one in found]) if options.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
