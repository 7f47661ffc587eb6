"""Make the app's icon font: `python -m tests.browser.icons`, with fonttools and brotli installed.

It has the icons that Streamlit's own controls show, and NAMES, what the app's pages may show. It is
made of the font in the installed Streamlit: Material Symbols, © Google, Apache License 2.0.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import streamlit

from app.core.server.icons import FONT

NAMES = (
    *("account_tree", "animation", "arrow_back", "arrow_forward", "article", "auto_stories"),
    *("balance", "book", "bolt", "calculate", "co_present", "compare_arrows", "dashboard"),
    *("dictionary", "download", "family_history", "fast_forward", "filter_alt", "fullscreen"),
    *("fullscreen_exit", "functions", "grid_view", "help", "history", "home", "hub", "insights"),
    *("keyboard", "language", "layers", "lightbulb", "memory", "menu_book", "model_training"),
    *("neurology", "open_in_new", "pause", "play_arrow", "play_circle", "present_to_all"),
    *("print", "psychology", "public", "query_stats", "replay", "rocket_launch", "save", "school"),
    *("science", "search", "settings", "share", "skip_next", "skip_previous", "slideshow"),
    *("speed", "stop", "stop_circle", "table_chart", "timeline", "tour", "travel_explore"),
    *("trending_up", "tune", "undo", "warning", "zoom_in", "zoom_out"),
)
PACKAGE = Path(streamlit.__file__).parent
USED = re.compile(r":material/([a-z0-9_]+)")


def names() -> set[str]:
    """The icons of Streamlit's frontend and Python code, and ours."""
    sources = [*PACKAGE.glob("static/static/js/*.js"), *PACKAGE.glob("elements/**/*.py")]
    shown = {name for path in sources for name in USED.findall(path.read_text(encoding="utf-8"))}
    return shown | set(NAMES)


def glyphs(font: Any, wanted: set[str]) -> set[str]:
    """The glyphs of icons: a name is a ligature of its letters."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    found = set()
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for table in lookup.SubTable:
            table = getattr(table, "ExtSubTable", table)
            for first, ligatures in getattr(table, "ligatures", {}).items():
                for ligature in ligatures:
                    word = "".join(letters.get(g, "?") for g in [first, *ligature.Component])
                    if word in wanted:
                        found.add(ligature.LigGlyph)
    return found


def main() -> None:
    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(next(PACKAGE.glob("static/static/media/MaterialSymbols-Rounded.*.woff2")))
    options = subset.Options(layout_closure=False, flavor="woff2", notdef_outline=True)
    options.layout_features = ["*"]
    made = subset.Subsetter(options)
    letters = [ord(letter) for letter in "abcdefghijklmnopqrstuvwxyz0123456789_ "]
    made.populate(unicodes=letters, glyphs=glyphs(font, names()))
    made.subset(font)
    font.flavor = "woff2"
    font.save(FONT)


if __name__ == "__main__":
    main()
