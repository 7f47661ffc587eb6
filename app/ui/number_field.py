"""Number fields: what is typed stays there, and what is beyond the limits is told of in words.

Streamlit's own limits tell of it in English alone, in a tip behind a mark, and send nothing: Run
would take the number that stood there before. So its fields get none here.
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
    """A number from `low` to `high`, whole if they are; `label` is the key of its name's text."""

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
        """The field, which begins with `value`, cut to the limits; `key` is its key in the URL."""
        # Streamlit keeps whole and other numbers apart by the type of what a field begins with
        first = type(self.low)(numbers.within(value, self.low, self.high, self.low))
        st.number_input(
            t(self.label), value=first, step=step, key=key, bind=bind, help=help, width=width
        )

    def checked(self, key: str) -> Number:
        """What stands in the field, for a run.

        Raises:
            InputError: if that is nothing, or beyond the limits.
        """
        typed: Any = st.session_state.get(key)
        if typed is None or self.nearest(key, self.low) != typed:
            raise InputError(t("common.beyond_limits", **self._words()))
        return type(self.low)(typed)

    def nearest(self, key: str, otherwise: Number) -> Number:
        """The number within the limits that is nearest to what stands there, if anything does."""
        typed = st.session_state.get(key)
        return type(self.low)(numbers.within(typed, self.low, self.high, otherwise))

    def told(self, key: str, otherwise: Number) -> Number:
        """The nearest, where no run is asked for; with a word if something else stands there."""
        if st.session_state.get(key) != (used := self.nearest(key, otherwise)):
            st.error(t("common.nearest_counts", number=f"{used:,}", **self._words()))
        return used

    def _words(self) -> dict[str, str]:
        return {"name": t(self.label), "low": f"{self.low:,}", "high": f"{self.high:,}"}
