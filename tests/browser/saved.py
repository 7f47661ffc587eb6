"""Pictures of our components as saved by their buttons."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET

from playwright.sync_api import Locator, Page, expect

SVG = "{http://www.w3.org/2000/svg}"
DECODE = """async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    return [image.naturalWidth, image.naturalHeight];
}"""


def choose(page: Page, file_format: str, button: Locator) -> None:
    """Choose the format of saved pictures, and wait until the button reflects it."""
    page.locator(".st-key-picture_format").get_by_text(file_format, exact=True).click()
    expect(button).to_have_text(file_format)


def picture(page: Page, button: Locator, name: str, file_format: str) -> bytes:
    """The file that the button saves when pressed by key, checked to be shown by a browser."""
    choose(page, file_format, button)
    button.focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == f"inside-r1-{name}.{file_format.lower()}"
    kept = download.value.path().read_bytes()
    kind = {"PNG": "image/png", "SVG": "image/svg+xml"}[file_format]
    width, height = page.evaluate(DECODE, f"data:{kind};base64,{base64.b64encode(kept).decode()}")
    assert width > 300 and height > 50
    return kept


def png_size(kept: bytes) -> tuple[int, int]:
    assert kept.startswith(b"\x89PNG")
    return int.from_bytes(kept[16:20], "big"), int.from_bytes(kept[20:24], "big")


def svg_words(kept: bytes) -> str:
    """All texts of a drawing, in order; it may contain shapes and texts only."""
    root = ET.fromstring(kept)
    kinds = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert kinds <= {
        *("svg", "title", "defs", "linearGradient", "stop"),
        *("g", "rect", "path", "text", "image"),
    }
    return " ".join(element.text or "" for element in root.iter(f"{SVG}text"))
