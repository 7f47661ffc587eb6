"""The contestants of the Reasoning page, and the questions that it accepts."""

from __future__ import annotations

import pytest

from app.core.asking import contestants, prompts
from app.core.assets import models
from app.pages.reasoning import state as session


def test_only_models_that_are_there_may_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def there(*names: str) -> None:
        monkeypatch.setattr(models, "shipped", lambda: {name: {} for name in names})

    there("base", "base-mha")
    assert list(contestants.contestants()) == ["base", "base.steps", "base.direct"]
    assert contestants.at_first() == ["base", "base.steps", "base.direct"]
    there("r1", "base", "distilled", "r1-zero", "sft-only")
    assert list(contestants.contestants())[3:] == ["sft-only", "r1-zero", "r1", "distilled"]
    assert contestants.at_first() == ["base", "r1-zero", "r1", "distilled"]
    there("r1-zero")
    assert contestants.at_first() == ["r1-zero"]


@pytest.mark.parametrize("typed", ["90*9-54*5+371", " 90 × 9 − 54·5 + 371 = ?", "90x9-54 x 5+371"])
def test_takes_a_chain_of_ones_own(typed: str) -> None:
    assert session.own_chain(typed, "ko").answer == "911"


@pytest.mark.parametrize("typed", ["", "5", "1++2", "2**9", "1/2", "a+b", "9" * 4 + "+1"])
def test_says_what_is_wrong_with_a_chain(typed: str) -> None:
    with pytest.raises(prompts.InputError):
        session.own_chain(typed, "en")


def test_takes_a_chain_that_goes_below_zero() -> None:
    assert session.own_chain("12-50+10", "en").answer == "-28"


def test_says_when_a_chain_leaves_the_numbers_that_can_be_checked() -> None:
    with pytest.raises(prompts.InputError, match="999,999,999"):
        session.own_chain("*".join(["999"] * 10), "en")


def test_takes_a_pick_of_ones_own() -> None:
    problem = session.own_pick("43, 6 32,60,19", 3, 94, "en")
    assert (problem.answer, problem.level) == ("43,32,19", 3)


@pytest.mark.parametrize(
    ("typed", "count", "target"),
    [
        ("", 2, 9),
        ("1,2,x,4", 2, 3),
        ("1,1,2,3", 2, 3),
        ("1,2,3", 2, 3),
        ("1,2,3,4", 2, 99),
        ("1,2,3,4", None, 3),
        ("1,2,3,²", 2, 3),
    ],
)
def test_says_what_is_wrong_with_a_pick(typed: str, count: int | None, target: int) -> None:
    with pytest.raises(prompts.InputError):
        session.own_pick(typed, count, target, "en")
