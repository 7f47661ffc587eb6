"""Writes SVG elements, colours and texts, and estimates the width of texts."""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from collections.abc import Sequence

FONT = "'Source Sans 3','Source Sans Pro',system-ui,'Noto Sans KR','Apple SD Gothic Neo',sans-serif"
LINE = 1.3  # line height in em
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_TAG = re.compile(r"<(/?)(b|i|br|sup|sub)\s*/?>", re.IGNORECASE)
_RGBA = re.compile(r"rgba?\(([^)]*)\)")


class NotDrawnError(ValueError):
    """The figure has a feature that is not supported here."""


def escaped(text: str) -> str:
    """Escape text for XML content and attributes, replacing control characters that XML forbids."""
    return html.escape(_CONTROL.sub("\ufffd", text), quote=True)


def short(number: float) -> str:
    """A coordinate in tenths of a pixel."""
    return f"{round(number, 1) + 0.0:.1f}".removesuffix(".0")  # + 0.0 avoids -0


def element(tag: str, inner: str = "", /, **attributes: float | str | None) -> str:
    """An element; `_` in names stands for `-`, None omits an attribute. `inner` is not escaped."""
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="'
        f'{escaped(value) if isinstance(value, str) else short(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{said}>{inner}</{tag}>" if inner else f"<{tag}{said}/>"


def paint(kind: str, colour: str | None) -> dict[str, str | float | None]:
    """The fill or stroke attributes for a CSS colour, in the syntax of SVG 1.1."""
    if not colour:
        return {kind: "none"}
    found = _RGBA.fullmatch(colour)
    if found is None:
        return {kind: colour}
    parts = [float(part) for part in found[1].split(",")]
    alpha = parts[3] if len(parts) > 3 else 1.0
    if not alpha:
        return {kind: "none"}
    plain = "#" + "".join(f"{round(channel):02x}" for channel in parts[:3])
    return {kind: plain, f"{kind}_opacity": None if alpha == 1 else f"{alpha:g}"}


def legible(colour: str, back: str, text: str) -> str:
    """A text colour, mixed with the default one until it is legible on `back`."""
    for share in (0.0, 0.25, 0.5, 0.75):
        mixed = mix(text, colour, share)
        if contrast(mixed, back) >= 4.5:
            return mixed
    return text


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of #rrggbb, 0 to 255."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def mix(one: str, other: str, share: float) -> str:
    """A mix of two colours with `share` of the first."""
    pairs = zip(channels(one), channels(other), strict=True)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two colours, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    linear = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in channels(colour))
    )
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


# --- Texts -------------------------------------------------------------------------------------

StyledText = tuple[str, bool]  # words, and whether they are bold


def lines_of(text: str) -> list[list[StyledText]]:
    """A plotly text, which may contain <b> and <br>, split into lines."""
    lines: list[list[StyledText]] = [[]]
    bold, at = False, 0
    for tag in _TAG.finditer(text):
        if before := html.unescape(text[at : tag.start()]):
            lines[-1].append((before, bold))
        at = tag.end()
        if tag[2].lower() == "br":
            lines.append([])
        elif tag[2].lower() == "b":
            bold = not tag[1]
    if rest := html.unescape(text[at:]):
        lines[-1].append((rest, bold))
    return lines


@functools.lru_cache(maxsize=4096)
def _em(character: str) -> float:
    """A character's width in em, in the widest font that a viewer is likely to have."""
    if unicodedata.east_asian_width(character) in "WF":
        return 0.95
    if character in "iljI.,:;'|! ":
        return 0.32
    if character in "tfr()[]-·":
        return 0.41
    if character in "mwMW%@—":
        return 0.97
    return 0.71 if character.isupper() else 0.62


def wide(text: str, size: float, bold: bool = False) -> float:
    """The approximate width of a text in px, as fonts differ between viewers."""
    return sum(map(_em, text)) * size * (1.06 if bold else 1)


def box(text: str, size: float) -> tuple[float, float]:
    """The approximate width and height of a plotly text in px."""
    lines = lines_of(text)
    widths = [sum(wide(words, size, bold) for words, bold in line) for line in lines]
    return max(widths), LINE * size * len(lines)


def wrapped(text: str, size: float, room: float) -> list[str]:
    """Wrap plain text to `room` px; a word that does not fit gets its own line."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and wide(longer, size) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def broken(text: str, size: float, room: float) -> str:
    """Wrap a plotly text to `room` px, unless it has line breaks or tags."""
    if "<" in text or box(text, size)[0] <= room:
        return text
    return "<br>".join(wrapped(text, size, room))


def write(
    text: str,
    x: float,
    y: float,
    size: float,
    colour: str,
    anchor: str = "start",
    turn: float = 0,
) -> str:
    """Write a plotly text with its first baseline at y, rotated by `turn` degrees about (x, y)."""
    rows = []
    for number, line in enumerate(lines_of(text)):
        pieces = "".join(
            element("tspan", escaped(words), font_weight="600") if bold else escaped(words)
            for words, bold in line
        )
        rows.append(
            pieces if not number else element("tspan", pieces or " ", x=x, dy=round(LINE * size, 1))
        )
    return element(
        "text",
        "".join(rows),
        x=x,
        y=y,
        font_size=size,
        fill=colour,
        text_anchor=None if anchor == "start" else anchor,
        transform=f"rotate({turn:g} {short(x)} {short(y)})" if turn else None,
    )


def polyline(points: Sequence[tuple[float, float]]) -> str:
    """The path data of a line through points."""
    return "M" + "L".join(f"{short(x)} {short(y)}" for x, y in points)
