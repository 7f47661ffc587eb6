"""Formats amounts for people. 1 KB is 1000 bytes; binary units are written as GiB."""

from __future__ import annotations

_UNITS = ("KB", "MB", "GB", "TB", "PB", "EB")


def size(count: float) -> str:
    """Bytes with three significant figures: 960 B, 70.3 KB, 9.21 GB."""
    if count < 1000:
        return f"{count:,.3g} B" if count % 1 else f"{count:,.0f} B"
    for unit in _UNITS:
        count /= 1000
        if count < 999.5 or unit == _UNITS[-1]:
            break
    decimals = 2 if count < 9.995 else 1 if count < 99.95 else 0
    return f"{count:,.{decimals}f} {unit}"


def token(text: str) -> str:
    """A token in quotation marks; � for a part of a character, which has no text of its own."""
    return repr(text or "\ufffd")


def round_size(count: float) -> str:
    """A round number of bytes, as on an axis: 0 B, 200 KB, 1 MB."""
    power = 0
    while count >= 1000 and power < len(_UNITS):
        count, power = count / 1000, power + 1
    return f"{count:,g} {('B', *_UNITS)[power]}"


def times(ratio: float) -> str:
    """How many times as much: 5.33, 71.1, 340."""
    decimals = 2 if ratio < 10 else 1 if ratio < 100 else 0
    return f"{ratio:,.{decimals}f}"
