"""The installed Chromium, with no way out, and how to know that the app has come to rest."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Page, Playwright

ARGUMENTS = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
PAGES = ("", "experts", "cache", "reasoning", "training", "story", "glossary")
AT_REST = (
    "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
)


def launch(playwright: Playwright) -> Browser:
    """A headless Chromium from Debian's package."""
    executable = shutil.which("chromium")
    assert executable, "no chromium on the PATH; tests/run.sh installs it"
    return playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)


def settle(page: Page) -> None:
    """Wait until the page has its title and its script has ended."""
    page.locator("h1").first.wait_for()
    page.locator(AT_REST).wait_for()


def visit(page: Page, path: str = "", **query: str) -> None:
    """Open a page of the app and let it come to rest: `visit(page, "cache", lang="ko")`."""
    page.goto(f"/{path}?" + "&".join(f"{key}={value}" for key, value in query.items()))
    settle(page)
