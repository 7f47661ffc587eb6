"""Widget messages that no page would send: any value in any field, any button at any time.

Sessions live for some messages each, so that one finds what another has left.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from streamlit.proto.NumberInput_pb2 import NumberInput
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox, SelectSlider

from tests.fuzz import prompts
from tests.fuzz.links import PAGES, nothing_computed, opened

EXPERIMENTS = ("c_clock", "t_start_grpo_step", "t_start_short_run")  # would start a process each
MESSAGES = 25  # of a session, before the next one
_NUMBERS = (0, -1, 1, 7, 2**31, 10**15, -(10**15), 1e308, 0.5, float("inf"), float("nan"))
_FINITE = _NUMBERS[:-2]
_NAMES = ("", "cellar", "base", "one", "-1", "None", "<b>", "9" * 300, "run", "한국어")
_session: dict[str, Any] = {}


def case(rng: random.Random) -> None:
    """Send one message, in the session of the previous case until that has had enough."""
    if not _session or _session["left"] == 0:
        page = rng.choice(PAGES)
        _session.update(at=opened(page, {}), page=page, left=MESSAGES, done=[])
    at: AppTest = _session["at"]
    _session["left"] -= 1
    try:
        one, value = _message(rng, at)
        _session["done"].append((one.key, value))
        with _set(one, value), nothing_computed():
            at.run()
        assert not at.exception, [one.message for one in at.exception]
        assert at.title
    except BaseException as error:
        told, page = _session["done"], _session["page"]
        _session.clear()
        raise AssertionError(f"{page}: {told}") from error


def _message(rng: random.Random, at: AppTest) -> tuple[Any, Any]:
    """A field and a value that no browser would give it, or a button."""
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
    whole = kind in ("number_input", "slider") and one.proto.data_type == NumberInput.INT
    if whole and value not in _FINITE:
        value = 0  # `app/core/server/entrance.py` takes these out of what a browser sends
    return one, value


@contextlib.contextmanager
def _set(one: Any, value: Any) -> Iterator[None]:
    """Set a field to any value, where AppTest itself would only send the options of a choice."""
    forged = isinstance(one, Selectbox) and value not in one.options
    if forged:
        one.options.append(value)
    else:
        one.set_value(value)
    its_index, its_words = vars(Selectbox)["index"], vars(SelectSlider)["format_func"]

    def index(box: Selectbox[Any]) -> Any:
        if forged and box is one:
            return len(box.options) - 1
        try:
            return its_index.__get__(box)
        except ValueError:  # worded in AppTest's language, not in the session's
            return None

    def words(box: SelectSlider[Any]) -> Callable[[Any], str]:
        def written(value: Any) -> str:
            try:
                return str(its_words.__get__(box)(value))
            except (KeyError, TypeError, ValueError):  # it is in words already
                return str(value)

        return written

    with (
        mock.patch.object(Selectbox, "index", property(index)),
        mock.patch.object(SelectSlider, "format_func", property(words)),
    ):
        yield


def _sendable(text: str) -> str:
    """A text without lone surrogates, which the protocol's UTF-8 cannot encode."""
    return text.encode("utf-8", "ignore").decode("utf-8")
