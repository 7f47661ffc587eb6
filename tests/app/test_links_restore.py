"""A link is the whole view: a fresh session restores everything set on a page from its URL."""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from pathlib import Path
from random import Random
from typing import Any

import pytest
import streamlit
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from app.ui.number_field import NumberField
from tests.app.rooms import ROOMS

ROOT = Path(__file__).parents[2]
SECONDS = 120  # a machine may be busy
KINDS = (
    *("selectbox", "multiselect", "number_input", "text_input", "text_area", "toggle"),
    *("slider", "select_slider", "radio", "segmented_control", "checkbox"),
)
#: What is no part of a view: how pictures are saved; an example or a level, which goes into the
#: text; a config that is being pasted; what is asked of a step that was clicked in replies of this
#: very session.
LEFT_OUT = {"lang", "picture_format", "c_example", "c_paste", "c_own_chosen"}
LEFT_OUT |= {"c_context_slider", "r_continuations_n", "e_example", "r_level"}
WORDS = ["What is 3+4*5?", "And the LORD said", "def f(x):", "값은 얼마인가?"]

pytestmark = pytest.mark.slow
#: Few: a page costs a second, and most faults show at once. What is set is chosen by a generator of
#: a drawn seed, not drawn: fields that come when models have read a text may be there or not.
few = settings(max_examples=2, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


def opened(page: str, query: dict[str, list[str]]) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app" / "navigation.py"), default_timeout=SECONDS)
    app.query_params["lang"] = "en"
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(f"pages/{page}/{page}.py").run()
    assert not app.exception
    return app


def widgets(app: AppTest, left_out: Collection[str] = LEFT_OUT) -> dict[str, Any]:
    """The widgets on the page that can be set, by key."""
    found = {}
    for kind in KINDS:
        there: list[Any] = list(getattr(app, kind))
        for widget in there:
            if widget.key and widget.key not in left_out and not widget.disabled:
                found[widget.key] = widget
    return found


def value_of(widget: Any, offered: list[Any], random: Random) -> Any:
    """A value that a person could set; `offered` are the options, or a number's limits."""
    kind = type(widget).__name__
    if kind in ("Toggle", "Checkbox"):
        return random.random() < 0.5
    if kind == "NumberInput":
        low, high = offered[0], min(offered[1], 10_000)
        if isinstance(widget.value, int):
            return random.randint(int(low), int(high))
        return random.randint(math.ceil(10 * low), int(10 * high)) / 10
    if kind == "Slider":
        return random.randint(int(widget.min), int(widget.max))
    if kind in ("TextInput", "TextArea"):
        return random.choice(WORDS)
    if kind == "Multiselect":
        return random.sample(offered, random.randint(1, min(3, len(offered))))
    return random.choice(offered)


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """The options of every choice and the limits of every number on the page, by key.

    Labels alone do not reveal the options, and Streamlit does not know the limits.
    """
    seen: dict[str, list[Any]] = {}

    def listening(draw: Any, place: int) -> Any:
        def drawn(*args: Any, **kwargs: Any) -> Any:
            seen[kwargs.get("key", "")] = list(args[place])
            return draw(*args, **kwargs)

        return drawn

    for name in ("segmented_control", "selectbox", "multiselect", "select_slider", "radio"):
        for owner, place in ((streamlit, 1), (DeltaGenerator, 2)):
            monkeypatch.setattr(owner, name, listening(getattr(owner, name), place))
    draw = NumberField.draw

    def drawn(field: NumberField[Any], key: str, *args: Any, **how: Any) -> None:
        seen[key] = [field.low, field.high]
        draw(field, key, *args, **how)

    monkeypatch.setattr(NumberField, "draw", drawn)
    return seen


def defaults_that_differ(app: AppTest) -> list[str]:
    """Widgets to which the server sent a value that is not also their default.

    If that message is lost, as when its run is interrupted, a browser shows the default, and what
    it then sends counts as a viewer's choice.
    """
    found = []
    for key, widget in widgets(app, left_out=()).items():
        proto = widget.proto
        if not proto.set_value:
            continue
        sent = next(
            getattr(proto, name)
            for name in ("raw_value", "raw_values", "value")
            if hasattr(proto, name)
        )
        default = proto.default
        if hasattr(proto, "options"):
            labels = [str(getattr(option, "content", option)) for option in proto.options]
            places = default if hasattr(default, "__len__") else [default]
            default = [labels[int(place)] for place in places]
            sent = [sent] if isinstance(sent, str) else list(sent)
        if sent != default:
            found.append(f"{key}: {sent} is sent, {default} is its default")
    return found


def state(app: AppTest) -> dict[str, Any]:
    return {key: widget.value for key, widget in widgets(app).items()}


def shown_alike(*apps: AppTest) -> None:
    """Rerun sessions until all show the same fields, as some appear only after a run."""
    deadline = time.monotonic() + 60
    while len({frozenset(widgets(app)) for app in apps}) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
        for app in apps:
            assert not app.run().exception


def url(app: AppTest) -> dict[str, list[str]]:
    """The URL: what the page put there, plus bound fields, which the browser adds."""
    found = {
        key: [value] if isinstance(value, str) else list(value)
        for key, value in app.query_params.items()
    }
    for key, widget in widgets(app).items():
        if widget.proto.query_param_key and widget.value is not None:
            found[key] = written(widget)
    return found


def written(widget: Any) -> list[str]:
    """A field's value as a browser writes it into the URL."""
    if isinstance(widget.value, bool):
        return [str(widget.value).lower()]
    many = widget.value if isinstance(widget.value, (list, tuple)) else [widget.value]
    chosen = type(widget).__name__ not in ("NumberInput", "Slider", "TextInput", "TextArea")
    return [widget.format_func(one) if chosen else str(one) for one in many]


@pytest.mark.parametrize(
    ("page", "room"), [(page, room) for page, rooms in ROOMS.items() for room in rooms]
)
@few
@given(seed=st.integers(0, 2**32))
def test_a_fresh_session_finds_the_view_again(
    page: str, room: str, offered: dict[str, list[Any]], seed: int
) -> None:
    random = Random(seed)
    app = opened(page, {"room": [room]} if room else {})
    assert not defaults_that_differ(app)
    keys = sorted(widgets(app))
    for key in random.sample(keys, min(len(keys), random.randint(1, 4))):
        widget = widgets(app)[key]
        value = value_of(widget, offered.get(key, []), random)
        note(f"{key} = {value!r}")
        widget.set_value(value)
    assert not app.run().exception
    again = opened(page, url(app))
    shown_alike(app, again)
    assert state(again) == state(app)
    said = url(again)  # the page may have added what a link with a question has
    assert {key: said.get(key) for key in url(app)} == url(app)
