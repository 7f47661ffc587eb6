"""Verdicts: what a check compares, what it says, and what happens to a rejected value."""

from __future__ import annotations

import pytest

from model.tasks import chain, pick
from model.tasks.check import judge


@pytest.mark.parametrize(
    ("said", "right", "follows"),
    [
        ("4/4 2/2 ok", [True] * 2, True),
        ("4/4 2/2 no", [True] * 2, False),
        ("4/4 ok", [True], False),  # not to the end
        ("4/3 no", [False], True),  # a slip in copying, and what follows from it
        ("4/3 ok", [False], False),
        ("4/3 2/2 no", [False, True], True),
        ("4/4 2/2 7/7 ok", [True] * 2, True),  # there is no third digit to be wrong about
        ("ok", [], None),
    ],
)
def test_comparisons(said: str, right: list[bool], follows: bool | None) -> None:
    for problem, text in (
        (chain.pose("12+30", "en"), f"first 12+30=42, check 12+30=42 {said}"),
        (pick.pose([12, 30, 5, 7, 9, 2], 42, 2, "en"), f"try 12+30=42 {said}"),
    ):
        found = judge(problem, text)
        assert [s.right for s in found.steps if s.kind == "compare"] == right
        [verdict] = found.verdicts
        assert (verdict.follows, verdict.fits) == (follows, True)


@pytest.mark.parametrize(
    ("said", "fits", "turns"),
    [
        ("first 12+40=52 ok, so 52-7=45 ok", [True, True], (0, 0)),
        ("first 12+7=19 no, wait 12+40=52, so 52-7=45 ok", [False, True], (1, 0)),
        ("first 12+7=19 ok, so 19-7=12 ok", [False, True], (0, 0)),  # goes on from what it stated
        ("first 12+40=52 ok, so 52-40=12 no, wait 52-7=45", [True, False], (1, 0)),
        ("first 12+40=50 no, wait 12+40=52, so 52-7=45 ok", [False, True], (1, 0)),
        ("first 10+40=50, 50+2=52, so 52-7=45 ok", [True], (0, 0)),  # by another route
    ],
)
def test_a_value_fits_only_if_its_numbers_are_in_turn(
    said: str, fits: list[bool], turns: tuple[int, int]
) -> None:
    found = judge(chain.pose("12+40-7", "en"), f"<think>{said}</think><answer>45</answer>")
    assert [v.fits for v in found.verdicts] == fits
    assert found.turns == turns


def test_the_numbers_of_a_step_are_compared_as_numbers() -> None:
    problem = chain.pose("12+30-5", "en")
    for said, fits in (
        *((f"{typed}=42", True) for typed in ("１２＋３０", "012+30", "+12+30", "12 + 30")),
        ("30+12=42", False),  # in the order of the expression
    ):
        [verdict] = judge(problem, f"<think>{said} ok").verdicts
        assert verdict.fits == fits, said


def test_products_may_come_in_any_order() -> None:
    problem = chain.pose("12+15*2-11*3", "en")
    for said in (
        "15*2=30 ok, then 11*3=33 ok, then 12+30=42 ok, so 42-33=9 ok",
        "11*3=33 ok, then 15*2=30 ok, then 12+30=42 ok, so 42-33=9 ok",
        "15*2=30 ok, then 12+30=42 ok, then 11*3=33 ok, so 42-33=9 ok",
    ):
        assert all(v.fits for v in judge(problem, f"first {said}").verdicts)
    [verdict] = judge(problem, "first 12+15=27 ok").verdicts
    assert not verdict.fits  # a product comes before its sum


def test_a_comparison_of_nothing_is_no_step() -> None:
    problem = chain.pose("12+30", "en")
    assert not judge(problem, "<think>1/1 2/2 ok").steps
    assert [s.kind for s in judge(problem, "<think>first 12+30=42 0/0 4/4 ok").steps] == ["step"]
    for text in ("10/20", "1/2/3", "1/2=0", "3*1/2", "0.1/2"):
        found = judge(problem, f"12+30=42, check 12+30=42 {text}").steps
        assert {s.text for s in found} == {"12+30=42"}
    for text in (", 8/2 = 4", ", 8/2 is 4", " 1/2 + 1/2 = 1", " on 3/4"):
        found = judge(problem, f"first 12+30=42, try 12+30=42{text}").steps
        assert not [s for s in found if s.kind == "compare"]
    found = judge(problem, "first 12+30=42, check 12+30=42 4/4 2/2. ok").steps
    assert [s.text for s in found if s.kind == "compare"] == ["4/4", "2/2"]


def test_a_rejection_is_followed_up() -> None:
    problem = chain.pose("12+30", "en")
    wrong_to_right = judge(problem, "first 12+30=43 no, wait 12+30=42. answer: 42")
    assert wrong_to_right.turns == (1, 0)
    right_to_wrong = judge(problem, "first 12+30=42 no, wait 12+30=43. answer: 43")
    assert right_to_wrong.turns == (0, 1)
    [verdict] = judge(problem, "12+30=42 아님").verdicts
    assert (verdict.accepts, verdict.fits, verdict.next_fits) == (False, True, None)
    assert not judge(problem, "ok no 맞음").checks  # of no value at all


@pytest.mark.parametrize("between", ["40=4 2", "10^1=40", "4x=40"])
def test_nothing_is_said_of_an_equation_that_is_not_judged(between: str) -> None:
    """Digits and verdicts after it do not refer to the value before it."""
    for first in ("check", "then"):
        text = f"first 12+30=42, {first} 12+30=42, {first} 2 + {between} 4/4 2/3 ok, so 42-2=40 ok"
        found = judge(chain.pose("12+30-2", "en"), f"<think>{text}").steps
        assert not [step for step in found if step.kind == "compare"]
    text = f"first 2 + {between} ok, then 42-2=40 ok"
    [verdict] = judge(chain.pose("12+30-2", "en"), f"<think>{text}").verdicts
    assert verdict.fits  # whose turn it is, nobody knows any more
