"""Rerunning an AppTest page until a condition holds."""

from __future__ import annotations

import time
from collections.abc import Callable

from streamlit.testing.v1 import AppTest


def until(at: AppTest, ready: Callable[[], bool]) -> AppTest:
    """Rerun the page's script until a condition holds."""
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline, "it did not come to its end"
        time.sleep(0.05)
        at.run()
        assert not at.exception
        assert not at.error
    return at


def unfolded(at: AppTest) -> AppTest:
    """The page with all tables of numbers unfolded."""
    for fold in at.expander:
        _, _, key = fold.proto.id.partition("fold-")
        if key:
            at.session_state[f"fold-{key}"] = True
    return at.run()
