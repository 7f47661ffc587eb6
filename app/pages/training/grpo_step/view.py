"""The component that shows replies, each token coloured by how the step changed its probability.

Model text is inserted as text, never as HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.ui.components import component

_component = component("update_view")


@dataclass(frozen=True)
class UpdatedReply:
    """A reply: its heading, its tokens, and their probabilities before and after the step."""

    title: str
    verdict: str
    tokens: Sequence[str]
    before: Sequence[float]
    after: Sequence[float]


def update_view(replies: Sequence[UpdatedReply], *, about: str, key: str) -> None:
    """Draw the replies; pointing at a token shows both probabilities.

    `about` describes them in exported files.
    """
    data = {
        "about": about,
        "replies": [
            {
                "title": one.title,
                "verdict": one.verdict,
                "tokens": list(one.tokens),
                "before": [round(p, 6) for p in one.before],
                "after": [round(p, 6) for p in one.after],
            }
            for one in replies
        ],
    }
    _component(data, key=key)
