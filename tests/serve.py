"""The app as users run it, but without a network: `python -m tests.serve PORT [OPTION]`.

With --endless-torch, importing torch never ends: what must not wait for it has to work anyway.
With --few-rows, the Experts page reads a quarter of its held-out rows.
With --slow, a token takes so long that there is time to press Stop; with --stuck, that nobody would
wait for the end.
With --synthetic, the picture of a made-up run at DeepSeek-V3's size is served instead of the app;
with --bare, a page with one plot as Streamlit serves it.
"""

from __future__ import annotations

import importlib.abc
import sys
import threading
import time
from typing import Any

from tests.offline import refuse_network

TOKEN_SECONDS = 0.2
STUCK_SECONDS = 1.0


def slow_down(seconds: float) -> None:
    """Compute one token per turn, with a pause before each."""
    from model.runtime import batch

    turn = batch.Batch.turn

    def slow_turn(self: Any, *keys: Any) -> Any:
        time.sleep(seconds)
        return turn(self, *keys)

    batch.TURN = 1
    batch.Batch.turn = slow_turn  # type: ignore[method-assign]


def read_less() -> None:
    """Leave out three of four rows, which journeys would only wait for."""
    from app.pages.experts import held_out

    held_out.ROWS //= 4


class EndlessTorch(importlib.abc.MetaPathFinder):
    """Makes importing torch wait forever."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "torch":
            threading.Event().wait()


if __name__ == "__main__":
    refuse_network()
    if "--endless-torch" in sys.argv:
        sys.meta_path.insert(0, EndlessTorch())
    if "--slow" in sys.argv:
        slow_down(TOKEN_SECONDS)
    if "--stuck" in sys.argv:
        slow_down(STUCK_SECONDS)
    if "--few-rows" in sys.argv:
        read_less()
    from streamlit.web import cli

    script = "app/main.py"
    if "--synthetic" in sys.argv:
        script = "tests/browser/synthetic_app.py"
    elif "--bare" in sys.argv:
        script = "tests/browser/bare_app.py"
    sys.argv = ["streamlit", "run", script, "--server.port", sys.argv[1]]
    cli.main()
