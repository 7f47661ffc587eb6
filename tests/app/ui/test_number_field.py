"""A number beyond its field's limits stays as typed, and is explained where it is used."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from app.core.texts import LANGUAGES, translated
from tests.app.words import shape
from tests.fuzz.links import APP, nothing_computed, opened

#: Rooms that have number fields → the button that takes them; none where they count at once.
ROOMS = {
    ("start", ""): "s_run",
    ("experts", "run"): "e_run",
    ("cache", "run"): "c_run",
    ("cache", "kv_size"): None,
    ("reasoning", "replies"): "r_ask",
    ("training", "grpo_step"): None,
}


def limits(at: AppTest) -> list[str]:
    return [error.value for error in at.error]


def test_no_field_has_limits_of_streamlits() -> None:
    drawn = [path for path in APP.rglob("*.py") if "number_input(" in path.read_text("utf-8")]
    assert drawn == [APP / "ui" / "number_field.py"]
    call = re.search(r"st\.number_input\((.*?)\n        \)", drawn[0].read_text("utf-8"), re.S)
    assert call and not re.search("min_value|max_value|, 0|, 1", call[1])


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("page", "room"), ROOMS)
def test_it_stays_and_is_told(page: str, room: str, language: str) -> None:
    button = ROOMS[page, room]
    told = shape("common.beyond_limits" if button else "common.nearest_counts", language)
    with nothing_computed():
        at = opened(page, {"room": [room]} if room else {}, language)
        assert at.number_input
        for key in [field.key for field in at.number_input]:
            field = at.number_input(key=key)
            first, label = field.value, field.label
            for wrong in (-1, 10**12):
                at.number_input(key=key).set_value(wrong)
                if button:
                    at.button(key=button).click()
                at.run()
                assert not at.exception
                (said,) = limits(at)
                assert told.fullmatch(said) and said.startswith(label), (key, said)
                assert at.number_input(key=key).value == wrong
            at.number_input(key=key).set_value(first)
            at.run()
            assert button or not limits(at)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("page", "room"), [room for room, button in ROOMS.items() if button])
def test_a_run_tells_all_at_once(page: str, room: str, language: str) -> None:
    told = shape("common.beyond_limits", language)
    with nothing_computed():
        at = opened(page, {"room": [room]} if room else {}, language)
        labels = [field.label for field in at.number_input]
        for field in at.number_input:
            field.set_value(-1)
        if page == "cache":
            at.text_area(key="c_prompt").set_value(" ")
        at.button(key=ROOMS[page, room]).click().run()
        (said,) = limits(at)
        wrong = said.split("\n\n")
        if page == "cache":
            assert wrong.pop(0) == translated(language, "common.empty_prompt")
        assert all(map(told.fullmatch, wrong))
        assert sorted(one.partition(":")[0] for one in wrong) == sorted(labels)


def test_a_link_beyond_the_limits_is_told_by_its_field() -> None:
    with nothing_computed():
        at = opened("experts", {"e_seed": ["-5"]})
        assert at.number_input(key="e_seed").value == -5
        (said,) = limits(at)
        assert shape("common.beyond_limits", "en").fullmatch(said)
