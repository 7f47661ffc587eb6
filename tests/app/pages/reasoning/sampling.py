"""What the page has sampled, and the same without a page."""

from __future__ import annotations

from collections.abc import Sequence

from streamlit.testing.v1 import AppTest

from app.core.running import generation, replies
from tests.app import runs


def drawn(app: AppTest, slot: str) -> replies.Replies:
    """The replies in the page's slot, once sampling has ended."""
    runs.ended(app, slot)
    assert not app.exception
    assert not app.error
    found = replies.STORE.get(app.session_state[f"slot-{slot}"].result)
    assert found is not None
    return found


def all_of(asks: Sequence[replies.ReplyRequest]) -> replies.Replies:
    """The replies to requests, without a page."""
    drawing, scheduler = replies.ReplySampling(asks), generation.scheduler()
    first = scheduler.run(drawing.requests())
    found = drawing.make((*first, *scheduler.run(drawing.forced(first))))
    assert found is not None
    return found
