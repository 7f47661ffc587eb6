"""The README's moving picture: `python -m tests.browser.moving_picture FILE.webp`.

The Start page, light, as its recorded run plays.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import FloatRect, ViewportSize, sync_playwright

from tests.browser import chromium
from tests.browser.server import serve

FRAMES, EVERY_MS = 60, 120
VIEWPORT: ViewportSize = {"width": 1440, "height": 1000}
CLIP: FloatRect = {"x": 330, "y": 55, "width": 1080, "height": 810}  # without the sidebar
SIZE = (864, 648)


def take(file: Path) -> None:
    """Start the app and take the picture."""
    frames = []
    with (
        tempfile.TemporaryDirectory() as logs,
        serve(Path(logs)) as server,
        sync_playwright() as playwright,
        chromium.launch(playwright) as browser,
    ):
        page = browser.new_page(
            base_url=server.url,
            color_scheme="light",
            viewport=VIEWPORT,
        )
        chromium.visit(page, "", lang="en")
        page.locator(".reply-column").first.wait_for()
        for _ in range(FRAMES):
            shot = page.screenshot(animations="disabled", clip=CLIP)
            frames.append(Image.open(io.BytesIO(shot)).convert("RGB").resize(SIZE))
            page.wait_for_timeout(EVERY_MS)
    file.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = frames
    first.save(file, save_all=True, append_images=rest, duration=EVERY_MS, loop=0, quality=72)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    take(parser.parse_args().file)
