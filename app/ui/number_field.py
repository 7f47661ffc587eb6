"""Number fields that keep what is typed, and explain when it is beyond the limits.

Streamlit's own limits are explained in English only, in a tooltip, and nothing is sent: Run would
use the previous number. So its fields get no limits here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import streamlit as st

from app.core import numbers
from app.core.errors import InputError
from app.core.texts import t

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class NumberField(Generic[Number]):
    """A number from `low` to `high`, whole if these are; `label` is the key of its label's text."""

    label: str
    low: Number
    high: Number

    def draw(
        self,
        key: str,
        value: Number,
        *,
        step: Number | None = None,
        width: int | Literal["stretch"] = "stretch",
        help: str | None = None,
        bind: Literal["query-params"] | None = "query-params",
    ) -> None:
        """Draw the field with initial `value`, clamped to the limits; `key` is also its URL key."""
        # Streamlit distinguishes whole and other numbers by the type of the initial value
        first = type(self.low)(numbers.within(value, self.low, self.high, self.low))
        st.number_input(
            t(self.label), value=first, step=step, key=key, bind=bind, help=help, width=width
        )

    def checked(self, key: str) -> Number:
        """The field's value, for a run.

        Raises:
            InputError: if it is empty or beyond the limits.
        """
        typed: Any = st.session_state.get(key)
        if typed is None or self.nearest(key, self.low) != typed:
            raise InputError(t("common.beyond_limits", **self._words()))
        return type(self.low)(typed)

    def nearest(self, key: str, otherwise: Number) -> Number:
        """The field's value clamped to the limits, or `otherwise` if it is empty."""
        typed = st.session_state.get(key)
        return type(self.low)(numbers.within(typed, self.low, self.high, otherwise))

    def told(self, key: str, otherwise: Number) -> Number:
        """The clamped value, with an error message if it differs from the field's."""
        if st.session_state.get(key) != (used := self.nearest(key, otherwise)):
            st.error(t("common.nearest_counts", number=f"{used:,}", **self._words()))
        return used

    def _words(self) -> dict[str, str]:
        return {"name": t(self.label), "low": f"{self.low:,}", "high": f"{self.high:,}"}
