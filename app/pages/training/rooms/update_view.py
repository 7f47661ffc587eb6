"""The component that shows replies with their tokens coloured by how a step moved them.

Model text is put in as text, never as HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.core.texts import language, t
from app.ui.components import saving, scripts, styles

_FOLDER = Path(__file__).parent

_component = st.components.v2.component(
    "change_view",
    html='<div class="view change-view">\n</div>',
    css=styles(_FOLDER / "update_view.css"),
    js=scripts(_FOLDER / "update_view.js"),
)


@dataclass(frozen=True)
class Moved:
    """A reply: what is said above it, its tokens, their probabilities before and after."""

    title: str
    verdict: str
    tokens: Sequence[str]
    before: Sequence[float]
    after: Sequence[float]


def change_view(replies: Sequence[Moved], *, key: str) -> None:
    """Draw the replies; pointing at a token tells both probabilities."""
    data = {
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
        "locale": language(),
        "saving": saving(),
        "labels": {
            "title": t("training.moved_picture"),
            "rises": t("training.rises"),
            "falls": t("training.falls"),
            "end": t("training.token_end"),
        },
    }
    _component(key=key, data=data)
