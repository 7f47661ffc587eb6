"""Evaluations as pages read them."""

from __future__ import annotations

import pytest

from app.core.assets import evaluations


def test_dates_of_several_models_are_the_first_and_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dates = {"a": "2026-11-28", "b": "2026-11-26", "c": "2026-11-27"}
    monkeypatch.setattr(
        evaluations, "of_model", lambda name: {"date": dates[name]} if name in dates else None
    )
    assert evaluations.date("a") == "2026-11-28"
    assert evaluations.date("a", "b", "c", "missing") == "2026-11-26 – 2026-11-28"
    assert evaluations.date("missing") == ""
