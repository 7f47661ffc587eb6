"""Pictures of every page: `python -m tests.browser.screenshots FOLDER`.

One PNG of the whole page for each page, theme (light, dark), language (en, ko) and width (1440,
1024, 390 px): FOLDER/PAGE-THEME-LANGUAGE-WIDTH.png.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.browser.server import serve

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LANGUAGES = ("en", "ko")
WIDTHS = (1440, 1024, 390)


def take(folder: Path) -> None:
    """Start the app and take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as logs,
        serve(Path(logs)) as server,
        sync_playwright() as playwright,
        chromium.launch(playwright) as browser,
    ):
        for theme, width in itertools.product(THEMES, WIDTHS):
            # Streamlit scrolls inside the window, so a whole page needs a window of its height;
            # reduced motion shows the recorded run at its end.
            context = browser.new_context(
                base_url=server.url,
                color_scheme=theme,
                reduced_motion="reduce",
                viewport={"width": width, "height": 900},
            )
            for path, language in itertools.product(chromium.PAGES, LANGUAGES):
                page = context.new_page()
                chromium.visit(page, path, lang=language)
                page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached")
                height = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
                page.set_viewport_size({"width": width, "height": height})
                name = f"{path or 'start'}-{theme}-{language}-{width}.png"
                page.screenshot(path=folder / name)
                print(folder / name)
                page.close()
            context.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    take(parser.parse_args().folder)
