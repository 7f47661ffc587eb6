"""The README's moving picture: `python -m tests.browser.moving_picture FILE.webp`.

The Start page, light, as its recorded run plays.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.browser.server import serve

FRAMES, EVERY_MS = 36, 220
WIDTH, HEIGHT = 1120, 860


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
            viewport={"width": WIDTH, "height": HEIGHT},
        )
        chromium.visit(page, "", lang="en")
        for _ in range(FRAMES):
            shot = page.screenshot(animations="disabled")
            frames.append(Image.open(io.BytesIO(shot)).convert("RGB").resize((840, 645)))
            page.wait_for_timeout(EVERY_MS)
    file.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = frames
    first.save(file, save_all=True, append_images=rest, duration=EVERY_MS, loop=0, quality=72)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    take(parser.parse_args().file)
