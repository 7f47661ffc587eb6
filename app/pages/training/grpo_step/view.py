"""The component that shows replies with their tokens coloured by how a step moved them.

Model text is put in as text, never as HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.ui.components import component

_component = component("update_view")


@dataclass(frozen=True)
class UpdatedReply:
    """A reply: what is said above it, its tokens, their probabilities before and after."""

    title: str
    verdict: str
    tokens: Sequence[str]
    before: Sequence[float]
    after: Sequence[float]


def update_view(replies: Sequence[UpdatedReply], *, about: str, key: str) -> None:
    """Draw the replies; pointing at a token tells both probabilities.

    `about` says what they are of, in a file.
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
