"""The ways to type an answer: however it is typed, it is one answer, and one vote."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.tasks import chain
from model.tasks.check import is_correct, judge, read_reply
from model.tasks.notation import in_order, numbers, written
from model.tasks.problem import Problem


def answer(text: str, several: bool) -> str | None:
    found = numbers(text, several)
    return None if found is None else written(found, several)


@pytest.mark.parametrize(
    "said",
    ["175", " 175 ", "=175", "= 175", "175.0", "175.", "0175", "+175", "\\boxed{175}", "$175$",
     "$\\boxed{175}$", "\\boxed{=175}", "１７５", "$$175$$", "\\(175\\)", "\\[175\\]",
     "\\boxed {175}", "175 .", "\\boxed{175}.", "$175$.", "175.0.",
     "\u200b175", "\ufeff175"],
)  # fmt: skip
def test_one_number_is_one_answer_however_it_is_typed(said: str) -> None:
    asked = Problem(chain.NAME, 2, "en", "", "", "175")
    assert answer(said, several=False) == "175"
    assert is_correct(asked, said)
    judged = judge(asked, f"<think></think><answer>{said}</answer>")
    assert (judged.correct, judged.reply.answer, judged.vote) == (True, "175", "175")


@pytest.mark.parametrize(
    ("said", "one", "several"),
    [
        ("-28", "-28", "-28"), ("―28", "-28", "-28"), ("1, 234", "1, 234", "1,234"),
        ("−28", "-28", "-28"), ("- 28", "-28", "-28"), ("-0", "0", "0"),
        ("998,006", "998006", "998,6"), ("998 006", "998006", "998006"), ("1'234", "1234", "1234"),
        ("\\boxed{998{,}006}", "998006", "998006"), ("$998\\,006$", "998006", "998006"),
        ("17,\\,23", "17,23", "17,23"), ("1{,}23", None, None),
        ("053", "53", "53"), ("17,23,8", "17,23,8", "17,23,8"),
        ("17, 23, 8", "17,23,8", "17,23,8"),
        ("\\boxed{17,23,8}", "17,23,8", "17,23,8"), ("017,23,8.0", "17,23,8", "17,23,8"),
        ("175.5", None, None), ("175..", None, None),
        ("1,75", "1,75", "1,75"), ("1e3", None, None), ("175 ok", None, None),
        ("12+30=42", None, None),
        ("", None, None), (",", None, None), ("$", None, None), ("9" * 31, None, None),
    ],
)  # fmt: skip
def test_answers(said: str, one: str | None, several: str | None) -> None:
    assert (answer(said, several=False), answer(said, several=True)) == (one, several)


def test_negative_and_large_answers_are_right() -> None:
    assert is_correct(chain.pose("12-50+10", "en"), "-28")
    assert not is_correct(chain.pose("12-50+10", "en"), "28")
    assert is_correct(chain.pose("999*999+5", "en"), "998,006")


def test_equal_answers_vote_alike() -> None:
    asked = chain.pose("12+41", "en")
    assert {judge(asked, f"<answer>{said}</answer>").vote for said in ("53", "053", "53.0")} == {
        "53"
    }
    assert in_order("43,6,32") == "6,32,43"
    asked = Problem(chain.NAME, 2, "en", "", "", "1234")
    found = [judge(asked, f"<answer>{said}</answer>") for said in ("1,234", "1, 234", "234, 1")]
    assert [(one.vote, one.correct) for one in found] == [
        ("1234", True),
        ("1, 234", False),
        ("234,1", False),
    ]


def test_the_last_answer_counts_in_whatever_language() -> None:
    for text in ("answer: 41, 답: 42", "답: 41, answer: 42"):
        assert read_reply(text).answer == "42"


@given(st.lists(st.integers(-999_999, 999_999), min_size=1, max_size=4).map(tuple), st.booleans())
def test_what_is_written_reads_as_the_same_answer(answer: tuple[int, ...], several: bool) -> None:
    assert numbers(written(answer, several), several) == answer


@given(st.text(max_size=30) | st.text("0123456789,.'_ =+-−$\\boxed{}", max_size=20))
def test_no_text_makes_an_answer_that_is_not_one(text: str) -> None:
    for several in (False, True):
        found = answer(text, several)
        if found is not None:
            assert re.fullmatch(r"-?\d{1,30}(, ?-?\d{1,30})*", found, re.ASCII)
            assert numbers(found, several) == numbers(text, several)
            assert answer(found, several) == found


@pytest.mark.parametrize("between", ["\n", " ", "\n\n", " \n "])
def test_a_line_between_the_tags_leaves_the_thought_whole(between: str) -> None:
    reply = read_reply(f"<think>\n12+30=42\n</think>{between}<answer>42</answer>")
    assert (reply.thinking, reply.answer, reply.formatted) == ("\n12+30=42\n", "42", False)
