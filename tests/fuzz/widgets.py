"""Widget messages that no page would send: any value in any field, any button at any time.

Sessions live for some messages each, so that one finds what another has left.
"""

from __future__ import annotations

import random
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.fuzz import prompts
from tests.fuzz.links import PAGES, nothing_computed, opened

EXPERIMENTS = ("c_clock", "t_start_step", "t_start_now")  # would start a process each
MESSAGES = 25  # of a session, before the next one
_NUMBERS = (0, -1, 1, 7, 2**31, 10**15, -(10**15), 1e308, 0.5, float("inf"), float("nan"))
_NAMES = ("", "cellar", "base", "one", "-1", "None", "<b>", "9" * 300, "run", "한국어")
_session: dict[str, Any] = {}


def case(rng: random.Random) -> None:
    """One message; the session is that of the case before, unless it has had enough."""
    if not _session or _session["left"] == 0:
        page = rng.choice(PAGES)
        _session.update(at=opened(page, {}), page=page, left=MESSAGES, done=[])
    at: AppTest = _session["at"]
    _session["left"] -= 1
    try:
        _session["done"].append(_send(rng, at))
        with nothing_computed():
            at.run()
        assert not at.exception, [one.message for one in at.exception]
        assert at.title
    except BaseException as error:
        told, page = _session["done"], _session["page"]
        _session.clear()
        raise AssertionError(f"{page}: {told}") from error


def _send(rng: random.Random, at: AppTest) -> tuple[str, Any]:
    """Change a field as no browser would, or press a button."""
    kinds = {
        "number_input": _NUMBERS,
        "slider": _NUMBERS,
        "selectbox": _NAMES,
        "segmented_control": _NAMES,
        "select_slider": _NAMES,
        "toggle": (True, False),
        "multiselect": ([], ["cellar"], ["base", "base"], ["0.0", "99.99"]),
        "button": (True,),
        "text_area": (),
        "text_input": (),
    }
    there = [
        (kind, one)
        for kind in kinds
        for one in getattr(at, kind)
        if one.key not in EXPERIMENTS and not getattr(one.proto, "disabled", False)
    ]
    kind, one = rng.choice(there)
    value = rng.choice(kinds[kind]) if kinds[kind] else _sendable(prompts.text(rng))
    options = getattr(one, "options", None)
    if kind in ("selectbox", "segmented_control", "select_slider") and options:
        value = rng.choice((value, rng.choice(options)))
    if kind == "multiselect" and options and rng.random() < 0.5:
        value = rng.sample(options, min(len(options), rng.randrange(9)))
    one.set_value(value)
    return str(one.key), value


def _sendable(text: str) -> str:
    """Without lone surrogates: the protocol's texts are UTF-8, which has none."""
    return text.encode("utf-8", "ignore").decode("utf-8")
