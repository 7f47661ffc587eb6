"""What a page weighs: `python -m tests.browser.weight [--json]`.

Opens each page in a browser that has nothing of it, and counts what comes over the wire until the
page is at rest: requests, bytes of files as they were sent, and of messages; and seconds until the
first picture is drawn, as often as those of a bare Streamlit page with one plot. That is opened
after each page, so that whatever else the machine does slows both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium
from tests.browser.server import serve

TEXT_ONLY = ("glossary",)  # pages without a picture
PICTURE = ".js-plotly-plot .plot-container, .view > *"


@dataclass(frozen=True)
class Weight:
    """The size and times of a page."""

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
    """Measure a page, opened with an empty cache."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    client = context.new_cdp_session(page)
    names: dict[str, str] = {}
    sizes: dict[str, int] = {}
    messages: list[int] = []

    def asked(event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith("http"):  # not data: or blob:
            names[event["requestId"]] = event["request"]["url"].rsplit("/", 1)[-1]

    def had(event: dict[str, Any]) -> None:
        names.pop(event["requestId"], None)

    def came(event: dict[str, Any]) -> None:
        if event["requestId"] in names:
            sizes[event["requestId"]] = int(event["encodedDataLength"])

    def message(event: dict[str, Any]) -> None:
        content = event["response"]["payloadData"]  # base64 if it is not text
        messages.append(len(content) * 3 // 4 if event["response"]["opcode"] == 2 else len(content))

    client.on("Network.requestWillBeSent", asked)
    client.on("Network.requestServedFromCache", had)
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
        {names[request]: sizes[request] for request in by_size[:6]},
    )


def weights(browser: Browser, times: int = 1) -> list[tuple[Weight, float]]:
    """The median measurement of each page, and the ratio of its time to the bare page's."""
    found: dict[str, list[Weight]] = {}
    ratios: dict[str, list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as ours,
        tempfile.TemporaryDirectory() as other,
        serve(Path(ours)) as server,
        serve(Path(other), "--bare") as bare_server,
    ):
        for url in (server.url, bare_server.url):
            weigh(browser, url, "")  # who comes first has all files compressed
        for _ in range(times):
            for path in chromium.PAGES:
                one = weigh(browser, server.url, path)
                bare = replace(weigh(browser, bare_server.url, ""), page="bare")
                for each in (one, bare):
                    found.setdefault(each.page, []).append(each)
                    ratios.setdefault(each.page, []).append(each.seconds / bare.seconds)
    return [
        (_median(found[name]), round(statistics.median(ratios[name]), 2))
        for name in sorted(found, key="bare".__eq__)
    ]


def _median(several: list[Weight]) -> Weight:
    """The last measurement, with the median of all times."""
    seconds = round(statistics.median(one.seconds for one in several), 2)
    return replace(several[-1], seconds=seconds)


def table(found: list[tuple[Weight, float]]) -> str:
    head = ("requests", "files kB", "mess. kB", "all kB", "s", "x bare")
    lines = [" " * 12 + "".join(f"{name:>10}" for name in head)]
    for one, times in found:
        lines.append(
            f"{one.page:12}{one.requests:>10}{one.files / 1000:>10.0f}{one.messages / 1000:>10.0f}"
            f"{one.bytes / 1000:>10.0f}{one.seconds:>10.2f}{times:>10.2f}  "
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
    listed = [asdict(one) | {"times_bare": times} for one, times in found]
    print(json.dumps(listed) if options.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
