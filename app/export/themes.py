"""The colours of figures outside of the app: those of the app's own two themes."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.export.svg.pen import mix

ThemeName = Literal["light", "dark"]
NAMES: tuple[ThemeName, ...] = ("light", "dark")
_CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb."""

    name: ThemeName
    primary: str
    back: str
    second: str
    text: str
    muted: str
    border: str


def followed(name: str | None) -> tuple[Theme, ...]:
    """The themes of a page: the one named, or all, of which it follows its reader's."""
    return tuple(theme(one) for one in NAMES if one == name or name not in NAMES)


@functools.cache
def theme(name: ThemeName) -> Theme:
    """A theme's colours, from the app's configuration."""
    colours = tomllib.loads(_CONFIG.read_text(encoding="utf-8"))["theme"][name]
    text, back = colours["textColor"], colours["backgroundColor"]
    return Theme(
        name,
        colours["primaryColor"],
        back,
        colours["secondaryBackgroundColor"],
        text,
        mix(text, back, 0.72),
        colours["borderColor"],
    )
