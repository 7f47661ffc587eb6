"""The simulated widgets' messages are understood by Streamlit."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.proto.Block_pb2 import Block
from streamlit.proto.ButtonGroup_pb2 import ButtonGroup
from streamlit.proto.NumberInput_pb2 import NumberInput
from streamlit.proto.Selectbox_pb2 import Selectbox
from streamlit.proto.Slider_pb2 import Slider
from streamlit.proto.TextArea_pb2 import TextArea
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.load import widgets


def begun(kind: str, proto: Any) -> WidgetState:
    """The state of a widget that has an initial one."""
    found = widgets.at_first(kind, proto)
    assert found is not None
    return found


def test_a_text_begins_with_its_default_or_with_what_the_server_says() -> None:
    area = TextArea(id="a", default="first", value="second")
    assert begun("text_area", area).string_value == "first"
    area.set_value = True
    assert begun("text_area", area).string_value == "second"


def test_whole_and_broken_numbers_are_different_fields() -> None:
    whole = NumberInput(id="n", data_type=NumberInput.INT, default=3)
    broken = NumberInput(id="n", data_type=NumberInput.FLOAT, default=0.5)
    assert begun("number_input", whole).int_value == 3
    assert widgets.state("number_input", broken, 2).double_value == 2.0


def test_a_choice_is_sent_by_its_words() -> None:
    box = Selectbox(id="s", options=["8", "16"], default=1)
    assert begun("selectbox", box).string_value == "16"
    assert widgets.at_first("selectbox", Selectbox(id="s", options=["8"])) is None
    group = ButtonGroup(id="g", default=[1])
    group.options.add(content="one")
    group.options.add(content="two")
    assert list(begun("button_group", group).string_array_value.data) == ["two"]
    slider = Slider(id="l", options=["low", "high"], default=[1.0])
    assert list(begun("slider", slider).string_array_value.data) == ["high"]


def test_a_slider_of_numbers_sends_numbers() -> None:
    slider = Slider(id="l", default=[5.0], value=[7.0], set_value=True)
    assert list(begun("slider", slider).double_array_value.data) == [7.0]


def test_a_fold_is_open_or_not() -> None:
    fold = Block.Expandable(id="f", expanded=True)
    assert begun("expandable", fold).bool_value
    assert not widgets.state("expandable", fold, False).bool_value


def test_a_button_has_no_value() -> None:
    button = TextArea(id="b")  # any message with an id
    assert widgets.at_first("button", button) is None
    assert widgets.click(button).trigger_value
    with pytest.raises(ValueError, match="button"):
        widgets.state("button", button, True)
