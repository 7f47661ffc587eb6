"""Writes all figures as files: HTML and SVG per language and theme, numbers per language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.export import figures, serving, themes

DRAWN, NUMBERS = ("html", "svg"), ("csv", "json")


def write(
    folder: Path, languages: Sequence[str], colours: Sequence[themes.ThemeName]
) -> list[Path]:
    """Write NAME-LANGUAGE-THEME.EXT for each figure; returns the paths.

    Raises:
        OSError: if a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for language in languages:
        for name in figures.NAMES:
            exhibit = figures.figure(name, language)
            wanted = [(one, extension) for one in colours for extension in DRAWN]
            for one, extension in [*wanted, *((None, extension) for extension in NUMBERS)]:
                make = serving.FORMATS[extension][0]
                content = make(exhibit, themes.theme(one or themes.NAMES[0]), language)
                path = folder / f"{'-'.join([name, language, *([one] if one else [])])}.{extension}"
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
                written.append(path)
    return written
