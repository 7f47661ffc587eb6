"""What Streamlit's frontend sends for a widget: its initial value, another value, or a click."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState

Value = str | int | float | bool | Sequence[str] | Sequence[float]


def at_first(kind: str, proto: Any) -> WidgetState | None:
    """The state of a widget that has just appeared; None if it has none before it is used.

    Args:
        kind: name of the element in the protocol, e.g. "text_area".
        proto: the element. If `set_value` is true its value comes from the server, else the
            default applies.
    """
    given: bool = getattr(proto, "set_value", False)
    match kind:
        case "expandable":
            return state(kind, proto, proto.expanded)
        case "text_area" | "text_input" | "number_input" | "checkbox":
            return state(kind, proto, proto.value if given else proto.default)
        case "selectbox":
            if given:
                return state(kind, proto, proto.raw_value)
            return (
                state(kind, proto, options(proto)[proto.default]) if _has_default(proto) else None
            )
        case "multiselect" | "button_group":
            chosen = [options(proto)[place] for place in proto.default]
            return state(kind, proto, list(proto.raw_values) if given else chosen)
        case "slider" if proto.options:
            chosen = [proto.options[int(place)] for place in proto.default]
            return state(kind, proto, list(proto.raw_value) if given else chosen)
        case "slider":
            return state(kind, proto, list(proto.value if given else proto.default))
    return None


def state(kind: str, proto: Any, value: Value) -> WidgetState:
    """The state of a widget with a value; options are chosen by their labels.

    An infinite number is sent as it is, even in a field for whole numbers, as no browser would.
    """
    found = WidgetState(id=proto.id)
    match kind:
        case "text_area" | "text_input" | "selectbox":
            found.string_value = str(value)
        case "number_input" if proto.data_type == proto.INT and math.isfinite(value):  # type: ignore[arg-type]
            found.int_value = int(value)  # type: ignore[arg-type]
        case "number_input":
            found.double_value = float(value)  # type: ignore[arg-type]
        case "checkbox" | "expandable":
            found.bool_value = bool(value)
        case "slider" if not proto.options:
            found.double_array_value.data.extend(value)
        case "multiselect" | "button_group" | "slider":
            found.string_array_value.data.extend(value)
        case _:
            raise ValueError(f"no value can be given to a {kind}")
    return found


def click(proto: Any) -> WidgetState:
    """The state of a button that was pressed once."""
    return WidgetState(id=proto.id, trigger_value=True)


def options(proto: Any) -> list[str]:
    """The labels of the options, in order."""
    return [each if isinstance(each, str) else each.content for each in proto.options]


def _has_default(proto: Any) -> bool:
    return bool(proto.HasField("default"))
