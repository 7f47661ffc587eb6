"""`python -m app figures --out DIR`: all figures as files for a blog, without a browser."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from streamlit.logger import set_log_level

set_log_level(logging.ERROR)  # else Streamlit says that nobody has started it

from app.core.texts import LANGUAGES  # noqa: E402
from app.export import files, themes  # noqa: E402


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    made = commands.add_parser("figures", help="all figures as HTML and SVG, their numbers as CSV")
    made.add_argument("--out", type=Path, required=True, metavar="DIR", help="made if need be")
    made.add_argument("--lang", choices=LANGUAGES, help="one language; default: all")
    made.add_argument("--theme", choices=themes.NAMES, help="one theme; default: both")
    given = parser.parse_args(arguments)
    languages = [given.lang] if given.lang else list(LANGUAGES)
    colours = [given.theme] if given.theme else list(themes.NAMES)
    written = files.write(given.out, languages, colours)
    print(f"{len(written)} files in {given.out}, {sum(p.stat().st_size for p in written):,} bytes")


if __name__ == "__main__":
    main()
