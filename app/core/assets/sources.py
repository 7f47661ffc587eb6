"""The sources of published figures, in the viewer's language.

Files of assets name their sources in English; `translated` replaces them with the texts
`sources.from_*` in the viewer's language.
"""

from __future__ import annotations

import functools

from app.core.texts import t, texts

BETWEEN = "; "
_PREFIX = "sources.from_"


def translated(source: str) -> str:
    """A file's source in the viewer's language, if necessary part by part.

    Parts without a text, such as paths in repositories, are left as they are.
    """
    parts = [source] if source in _names() else source.split(BETWEEN)
    return BETWEEN.join(
        t(f"sources.from_{name}") if (name := _names().get(part)) else part for part in parts
    )


@functools.cache
def _names() -> dict[str, str]:
    """The names of the texts, by their English wording."""
    return {
        str(text): key.removeprefix(_PREFIX)
        for key, text in texts("en").items()
        if key.startswith(_PREFIX)
    }
