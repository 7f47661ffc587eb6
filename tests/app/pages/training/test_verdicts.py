"""The room of the two models whose verdicts differ, and its message if they are missing."""

from __future__ import annotations

import pytest

from app.core.assets import evaluations
from app.core.texts import LANGUAGES, texts
from app.pages.training.verdicts import figures
from app.pages.training.verdicts import room as verdicts
from model.tasks import TASKS, pick
from tests.app import runs
from tests.app.looking import unfolded
from tests.app.pages.training.test_training import opened

T = texts("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_says_how_the_models_are_made_until_they_are_there(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts, "PAIR", {"digits": "verdict-a", "word": "verdict-b"})
    app = opened("verdicts", language)
    assert not app.error
    assert app.header[0].value == texts(language)["verdicts.title"]
    assert app.info[0].value == texts(language)["verdicts.missing"]
    assert app.code[0].value.count("python -m model train") == 2
    assert not app.get("plotly_chart")


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_models_try_the_same_question(language: str) -> None:
    app = opened("verdicts", language, t_level="3", t_number="2")
    assert not [one for one in app.segmented_control if one.key == "t_task"]
    app.button(key="t_start_verdicts").click().run()
    runs.ended(app, verdicts.SLOT.name)
    assert not app.error and not app.exception
    found = runs.traces(app, verdicts.SLOT.name)
    assert [trace.card.name for trace in found] == ["verdict-digits", "verdict-word"]
    assert len({trace.info.prompt for trace in found}) == 1
    assert found[0].info.prompt.endswith("시도 " if language == "ko" else "try ")
    assert list(app.selectbox(key="t_level").options) == [str(n) for n in TASKS["pick"].LEVELS]


def test_what_was_measured_is_drawn_with_its_numbers() -> None:
    app = opened("verdicts")
    assert app.get("plotly_chart")
    measured = [evaluations.needed(name)["many"][pick.NAME] for name in verdicts.PAIR.values()]
    shares = [many[key]["value"] for many in measured for key in verdicts.MEASURES]
    assert [*unfolded(app).dataframe[0].value["share"]] == shares
    assert any("level 5" in one.value and "500 questions" in one.value for one in app.caption)


@pytest.mark.parametrize("language", LANGUAGES)
def test_opens_on_recorded_replies_in_the_pages_language(language: str) -> None:
    written, word = verdicts.recorded(language)
    assert [written.card.name, word.card.name] == [*verdicts.PAIR.values()]
    assert written.info.prompt == word.info.prompt
    said = opened("verdicts", language).text[-1].value
    assert texts(language)["verdicts.as_digits"] in said


def test_shares_of_two_models_stand_side_by_side() -> None:
    shares = [
        figures.LabelledShare(name, of, 0.5, 0.4, 0.6)
        for name in ("a", "b")
        for of in ("wrong", "right")
    ]
    figure = figures.verdicts(shares, {"x": "%", "hover": "%{x}"})
    assert [bar.name for bar in figure.data] == ["a", "b"]
    assert {bar.marker.pattern.shape for bar in figure.data} == {"", "/"}
    assert [*figure.data[0].y] == ["wrong", "right"]
