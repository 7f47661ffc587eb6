"""The remaining time estimated for work in progress."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.runtime import work
from model.runtime.work import PACE_SECONDS, Work


class Steady(Work):
    """Work that takes `seconds`, of which a share `before` was done before it began."""

    def __init__(self, seconds: float, before: float) -> None:
        super().__init__("a")
        self.seconds, self.before, self.now = seconds, before, 0.0

    @property
    def progress(self) -> float:
        return min(1.0, self.before + (1 - self.before) * self.now / self.seconds)


@given(
    seconds=st.floats(2 * PACE_SECONDS, 1e5),
    before=st.floats(0, 0.95),
    share=st.floats(0, 1),
)
def test_at_a_steady_pace_the_time_that_is_left_is_told_rightly(
    seconds: float, before: float, share: float
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        one = Steady(seconds, before)
        patch.setattr(work.time, "monotonic", lambda: one.now)
        assert one.remaining is None  # its turn has not come
        one.begin()
        one.now = share * seconds
        one.begin()  # each look says so again
        if one.now < PACE_SECONDS:
            assert one.remaining is None
        else:
            assert one.remaining == pytest.approx(seconds - one.now, rel=1e-3, abs=1e-3)


def test_without_progress_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Steady(1e9, 0)
    monkeypatch.setattr(work.time, "monotonic", lambda: one.now)
    one.begin()
    one.now = 10 * PACE_SECONDS
    one.seconds = float("inf")
    assert one.remaining is None
