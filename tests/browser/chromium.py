"""The installed Chromium without network access, and waiting until the app is idle."""

from __future__ import annotations

import re
import shutil

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from app.core import pages
from app.ui.components import modules

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
PAGES = ("", *(name for name in pages.PAGES if name != pages.FIRST))  # addresses
AT_REST = (
    "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
)


def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium without a user interface, which would cost a process per window."""
    executable = shutil.which("chromium-headless-shell")
    assert executable, "no chromium-headless-shell on the PATH; tests/run.sh installs it"
    return playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)


def still(context: BrowserContext) -> BrowserContext:
    """The context, in whose pages nothing but our own scripts moves anything.

    Without a graphics card, Streamlit's transitions and placeholders take half of the time until a
    page is at rest. What is drawn again would pale slowly; without a transition it would do so at
    once, so it does not. What people see who ask for less motion is `reduced_motion`'s.
    """
    context.add_init_script(
        """const sheet = new CSSStyleSheet();
        sheet.replaceSync(`*, ::before, ::after {
          animation: none !important;
          transition: none !important;
        }
        [data-stale=true] { opacity: 1 !important; }`);
        document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];"""
    )
    return context


def settle(page: Page) -> None:
    """Wait until the page has its title and its script has ended."""
    page.locator("h1").first.wait_for()
    page.locator(AT_REST).wait_for()


def mounted(page: Page, component: str) -> None:
    """Wait until an invisible component works: its module is loaded and its view created."""
    page.wait_for_function(
        """async ([path, name]) => {
          const { shown } = await import(new URL(path, document.baseURI).href);
          return [...shown.keys()].some((view) => view.classList.contains(name));
        }""",
        arg=[f"{modules.ROOT}/shared/mount.js", component],
    )


def played(page: Page) -> None:
    """Wait until the player shows all of its record: "tokens: 39 of 39". The button alone would not
    do, as it still says Replay for a moment after another record was requested.
    """
    expect(page.locator(".progress")).to_have_text(re.compile(r"\b(\d+)\D+\1\b"))


def play_at_once(page: Page) -> None:
    """Show records at once, for tests that are not about playing."""
    page.locator("select:has(option[value=once])").select_option("once")
    played(page)


def visit(page: Page, path: str = "", **query: str) -> None:
    """Open a page of the app and wait until it is idle: `visit(page, "cache", lang="ko")`."""
    page.goto(f"/{path}?" + "&".join(f"{key}={value}" for key, value in query.items()))
    settle(page)
