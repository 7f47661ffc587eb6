"""`served`: the app on a free port. `page`: a tab at it that fails on silent errors, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Route,
    expect,
    sync_playwright,
)

from tests.browser import chromium
from tests.browser.server import ROOT, Server, serve
from tests.offline import REFUSED

SCREENSHOTS = ROOT / ".work" / "screenshots"
WAIT_MS = 30_000  # for anything that is expected to appear: CI's cores may be busy
ELSEWHERE = re.compile(r"^(https?|wss?)://(?!127\.0\.0\.1[:/])")
PROBES = re.compile(r"/\w+/_stcore/(health|host-config)$")  # Streamlit looks for its base path

expect.set_options(timeout=WAIT_MS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Let the `page` fixture know whether the test failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, running for all journeys."""
    with serve(tmp_path_factory.mktemp("served"), "--few-rows") as server:
        yield server


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = chromium.launch(playwright)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, served: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A new tab at `served`.

    The test fails if its end finds a request to another host (none gets out), an error in the
    browser's console, or a traceback or refused connection in the server's log. If a test fails,
    a screenshot is kept.
    """
    yield from watched_page(browser, served, request)


@pytest.fixture(scope="package")
def served_slowly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, slowed down so that there is time to press Stop."""
    with serve(tmp_path_factory.mktemp("slow"), "--slow") as server:
        yield server


@pytest.fixture
def slow_page(
    browser: Browser, served_slowly: Server, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """Like `page`, at `served_slowly`."""
    yield from watched_page(browser, served_slowly, request)


@pytest.fixture(scope="package")
def contexts(browser: Browser) -> dict[str, BrowserContext]:
    """A browser context for each server, by its URL: what a page is made of is fetched and compiled
    once, as in a visitor's own browser. What a journey leaves in it is taken out at its end.
    """
    return {}


def watched_page(
    browser: Browser, server: Server, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """The tab of `page`, at any server."""
    contexts: dict[str, BrowserContext] = request.getfixturevalue("contexts")
    if server.url not in contexts:
        contexts[server.url] = chromium.still(
            browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
        )
    context = contexts[server.url]
    context.set_default_timeout(WAIT_MS)
    said_before = len(server.said())
    elsewhere: list[str] = []
    errors: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type == "error" and not PROBES.search(message.location["url"]):
            errors.append(f"{message.text} ({message.location})")

    def refuse(route: Route) -> None:
        elsewhere.append(route.request.url)
        route.abort()

    context.route(ELSEWHERE, refuse)
    tab = context.new_page()
    tab.on("websocket", lambda socket: ELSEWHERE.match(socket.url) and elsewhere.append(socket.url))
    tab.on("console", console)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("dialog", lambda dialog: (errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    yield tab

    if request.node.stash.get(FAILED, True):
        _keep_screenshot(tab, request.node.name)
    _empty(context, server.url)
    context.unroute(ELSEWHERE, refuse)
    said = server.said()[said_before:]
    assert not elsewhere, f"requests to other hosts: {elsewhere}"
    assert not errors, f"errors in the browser's console: {errors}"
    assert "Traceback" not in said and REFUSED not in said, f"the server's log:\n{said}"


def _empty(context: BrowserContext, url: str) -> None:
    """Close all tabs, and take out whatever pages have stored but for the browser's own cache."""
    context.set_offline(False)
    client = context.new_cdp_session(context.new_page())
    parts = urlsplit(url)
    kinds = "cookies,local_storage,indexeddb,service_workers,cache_storage"
    client.send(
        "Storage.clearDataForOrigin",
        {"origin": f"{parts.scheme}://{parts.netloc}", "storageTypes": kinds},
    )
    for tab in context.pages:
        tab.close()


def _keep_screenshot(tab: Page, name: str) -> None:
    """Save a screenshot of the tab under `SCREENSHOTS` and print its path."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    kept = SCREENSHOTS / f"{re.sub('[^0-9A-Za-z]+', '-', name)}.png"
    try:
        tab.screenshot(path=kept)
    except Error as error:  # must not hide why the test failed
        print(f"no screenshot of {tab.url}: {error.message}")
    else:
        print(f"screenshot of {tab.url}: {kept}")
