"""Where published figures are from, in the viewer's language.

Files of assets name their sources in English; `translated` gives the texts `sources.from_*`, which
say the same in the viewer's language.
"""

from __future__ import annotations

import functools

from app.core.texts import t, texts

BETWEEN = "; "
_PREFIX = "sources.from_"


def translated(source: str) -> str:
    """A file's source as the viewer's language says it, if need be part by part.

    Parts that no text says, as paths in repositories, stay as they are.
    """
    parts = [source] if source in _names() else source.split(BETWEEN)
    return BETWEEN.join(
        t(f"sources.from_{name}") if (name := _names().get(part)) else part for part in parts
    )


@functools.cache
def _names() -> dict[str, str]:
    """English parts of sources, and the names of their texts."""
    return {
        str(text): key.removeprefix(_PREFIX)
        for key, text in texts("en").items()
        if key.startswith(_PREFIX)
    }
