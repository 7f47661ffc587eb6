"""What rooms say of results that were recorded: when."""

from __future__ import annotations

from app.core import numbers
from app.core.texts import t


def told(*dates: str | None) -> str:
    """When results were recorded, as a sentence; empty if all of them are live, of date None."""
    known = [date for date in dates if date is not None]
    if not known:
        return ""
    when = numbers.span(known)
    if len(known) < len(dates):
        return t("experts.partly_recorded", date=when)
    return t("experts.recorded", date=when)
