"""Makes parts of a file safe to show in a sentence: printable, in one line, and short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

SHOWN = 12  # maximum names in a list; the rest are counted
NAME = 60  # maximum characters of a name


def piece(text: str, most: int = NAME) -> str:
    """A name or word of the file, with "?" for lone surrogates, line breaks and the like."""
    return "".join(c if c.isprintable() else "?" for c in text[:most])


def listed(pieces: Iterable[str]) -> str:
    """Several names, of which the first `SHOWN` are listed."""
    rest = iter(pieces)
    names = [piece(one) for one in islice(rest, SHOWN)]
    left = sum(1 for _ in rest)
    return ", ".join(names) + (f", … (+{left:,})" if left else "")


def shown(value: object) -> str:
    """A short description of a JSON value, safe for any size and nesting."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else "a number of more than 15 digits"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return repr(value[:40])
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, Mapping) else f"a {type(value).__name__}"
