"""A link is the whole view: what anybody sets on a page, a fresh session finds again in its URL."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import streamlit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]
SECONDS = 120  # a machine may be busy
KINDS = (
    *("selectbox", "multiselect", "number_input", "text_input", "text_area", "toggle"),
    *("slider", "select_slider", "radio", "segmented_control", "checkbox"),
)
ROOMS = {
    "start": ("",),
    "experts": (
        *("run", "interventions", "routing_statistics", "after_rl", "one_expert", "balance"),
    ),
    "cache": ("",),
    "reasoning": ("replies", "samples", "thinking"),
    "training": ("curves", "step", "time", "now", "pipeline", "tables"),
}
#: What is no part of a view: how pictures are saved; an example, which goes into the text; a config
#: that is being pasted; what is asked of a step that was clicked in replies of this very session.
LEFT_OUT = {"lang", "picture_format", "c_example", "c_paste", "c_own_chosen"}
LEFT_OUT |= {"c_context_slider", "r_endings_n", "e_example"}
WORDS = st.sampled_from(["What is 3+4*5?", "And the LORD said", "def f(x):", "값은 얼마인가?"])

pytestmark = pytest.mark.slow
few = settings(max_examples=4, suppress_health_check=list(HealthCheck))


def opened(page: str, query: dict[str, str]) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "navigation.py"), default_timeout=SECONDS)
    app.query_params["lang"] = "en"
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(f"pages/{page}/{page}.py").run()
    assert not app.exception
    return app


def widgets(app: AppTest) -> dict[str, Any]:
    """What can be set on the page, by key."""
    found = {}
    for kind in KINDS:
        there: list[Any] = list(getattr(app, kind))
        for widget in there:
            if widget.key and widget.key not in LEFT_OUT and not widget.disabled:
                found[widget.key] = widget
    return found


def values_of(widget: Any, offered: list[Any]) -> st.SearchStrategy[Any]:
    """Values that a person could give a widget; `offered` are a choice's options."""
    kind = type(widget).__name__
    if kind in ("Toggle", "Checkbox"):
        return st.booleans()
    if kind == "NumberInput":
        low, high = widget.min, min(widget.max, 10_000)
        if isinstance(widget.value, int):
            return st.integers(int(low), int(high))
        return st.integers(math.ceil(10 * low), int(10 * high)).map(lambda tenths: tenths / 10)
    if kind == "Slider":
        return st.integers(int(widget.min), int(widget.max))
    if kind in ("TextInput", "TextArea"):
        return WORDS
    if kind == "Multiselect":
        return st.lists(st.sampled_from(offered), min_size=1, max_size=3, unique=True)
    return st.sampled_from(offered)


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """The options of every choice on the page by its key: labels alone do not tell them."""
    seen: dict[str, list[Any]] = {}

    def listening(draw: Any) -> Any:
        def drawn(label: str, options: Any, *args: Any, **kwargs: Any) -> Any:
            seen[kwargs.get("key", "")] = list(options)
            return draw(label, options, *args, **kwargs)

        return drawn

    for name in ("segmented_control", "selectbox", "multiselect", "select_slider", "radio"):
        monkeypatch.setattr(streamlit, name, listening(getattr(streamlit, name)))
    return seen


def state(app: AppTest) -> dict[str, Any]:
    return {key: widget.value for key, widget in widgets(app).items()}


def url(app: AppTest) -> dict[str, str]:
    return {key: value[-1] for key, value in app.query_params.items()}


@pytest.mark.parametrize(
    ("page", "room"), [(page, room) for page, rooms in ROOMS.items() for room in rooms]
)
@few
@given(data=st.data())
def test_a_fresh_session_finds_the_view_again(
    page: str, room: str, offered: dict[str, list[Any]], data: st.DataObject
) -> None:
    app = opened(page, {"room": room} if room else {})
    keys = sorted(widgets(app))
    chosen = data.draw(st.lists(st.sampled_from(keys), max_size=3, unique=True)) if keys else []
    for key in chosen:
        there = widgets(app)
        if key in there:  # a field may have gone with a choice before it
            value = data.draw(values_of(there[key], offered.get(key, [])), label=key)
            there[key].set_value(value).run()
            assert not app.exception
    again = opened(page, url(app))
    assert state(again) == state(app)
    assert url(again) == url(app)
