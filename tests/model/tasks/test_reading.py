"""How numbers, answers and equations may be typed: never is a right step called wrong."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import ASSETS
from model.tasks import chain, pick
from model.tasks.check import is_correct, judge, read_reply
from model.tasks.problem import Problem
from model.tasks.reading import answer, equations, evaluate, in_order
from tests.fuzz import equations as typed
from tests.model.tasks.test_tasks import python_value


def steps(text: str) -> list[bool]:
    """Of each step that is judged, whether it is right."""
    return [step.right for step in judge(chain.pose("12+30", "en"), f"<think>{text}").steps]


@pytest.mark.parametrize(
    "text",
    [
        "100−45+3=58", "100–45+3=58", "2·3+4=10", "2×3+4=10", "3x4+5=17", "3 X 4 + 5 = 17",
        "10÷2+3=8", "10/2+3=8", "10∕2+3=8", "1,234+1=1235", "1 000+1=1001", "1'234+1=1'235",
        "1_234+1=1_235", "1\u202f234+1=1235", "１２＋３０＝４２", "٣+٤=٧", "053+1=54",
        "12-50=-38", "12−50=−38", "so -38+10=-28", "5*-3=-15", "- 5+3=8", "* 5+3=8",
        "Step 1: 5+3=8", "Step 1 – 5+3=8", "step 1 200+5=205", "(5+3=8)", "**5+3=8**", "5+3=8!",
        "12+30=42이다", "12+30=42 ✓", "12+30=42 = that"[:8],
    ],
)  # fmt: skip
def test_is_read_right(text: str) -> None:
    assert steps(text) == [True]


@pytest.mark.parametrize(
    "text",
    [
        "10:2+3=8", "10 : 2+3=8", "1e3+5=1005", "2^3+1=9", "2**3+1=9", "2³+1=9", "4+5=3²", "√9+1=4",
        "√ 9+1=4", "sqrt 9+1=4", "2.5+1=3.5", "0.5+1=1.5", "1.234+1=1235", "10,5+2=12,5", "3!+1=7",
        "4+2=3!", "(2+3)*4=20", "(2+3)*4+1=21", "2*(3+4)+5-1=18", "(3+4) - 5 + 1 = 3", "10%3+1=2",
        "50%+1=51", "10 mod 3+1=2", "3+4=2 mod 5", "1+1=10 in binary", "1+1=10₂", "0x10+5=21",
        "따라서0x4−211 = −207", "7 X0x1 = 7",
        "0b11+1=4", "10/3=3", "10/4*2=4", "7//2+1=4", "5/0=5", "1½+1=2", "1+2½=3½", "2 plus 3+4=9",
        "minus 5+3=-2", "half of 10+2=7", "3 squared + 4+1=14", "2000+1000=3 thousand",
        "5000+5000=1만", "1천+1=1001", "2 더하기 3+4=9", "12+30=40+2", "12+30=50 - 8", "12+30=6*7",
        "12+30=40\n+2", "1+\n2+3=6", "1\n+2+3=6", "2x+3=7", "x+3=7", "3x-1+5=10", "log2+3=4",
        "1+1=2=2", "2+3+4=5+4=9", "x=2+3=6", "1+1==3", "2+3!=6", "1,00,000+1=1,00,001",
        "0620+620=1\u202f240", "1234567890+1=2", "1+1=12345678901", "+".join(["1"] * 12) + "=13",
        "-5+3=8", "1000+1000=2k", "10+5=3:00", "2+3=5:1 is a ratio", "|-5|+3=9", "5+3=", "=8", "",
    ],
)  # fmt: skip
def test_is_read_right_or_not_judged(text: str) -> None:
    assert all(steps(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("first 12+30=43, then", 42), ("12 + 30 = 43", 42), ("12+30=43.", 42), ("100−45+3=57", 58),
        ("3x4+5=18", 17), ("1,234+1=1236", 1235), ("1 234 + 1 = 1 236", 1235), ("10÷2+3=9", 8),
        ("12-50=-37", -38), ("12-50=38", -38), ("먼저 12+30=43, 검산", 42), ("12+30=43 아님", 42),
        ("check: 5+3=9", 8), ("90+5=96 0/0 9/9 5/6 no", 95), ("12+30=43\n5 more", 42),
    ],
)  # fmt: skip
def test_what_is_surely_wrong_is_called_so(text: str, value: int) -> None:
    [step] = judge(chain.pose("12+30", "en"), f"<think>{text}").steps
    assert not step.right and step.value == value


@given(st.integers(0, 2**32).map(random.Random))
@settings(max_examples=1_000)
def test_what_pythons_integers_confirm_is_never_called_wrong(rng: random.Random) -> None:
    typed.case(rng)


def test_the_fuzzed_equations_are_mostly_read() -> None:
    """Else that none is called wrong would say nothing."""
    read = 0
    for seed in range(1_000):
        text, _ = typed.rendering(random.Random(seed))
        read += any(found.value == found.stated for found in equations(text))
    assert read > 300


@given(
    st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 99)), min_size=2, max_size=4),
    st.integers(-999_999, 999_999),
)
def test_a_plain_equation_is_judged_as_python_does(
    terms: list[tuple[str, int]], stated: int
) -> None:
    left = "".join(f"{op}{n}" for op, n in terms)[1:]
    value = python_value(left)
    for said in (stated, value):
        [found] = equations(f"so {left}={said}, ")
        assert (found.left, found.value, found.stated) == (left, value, said)


@pytest.mark.parametrize("expression", ["7/2", "1/0", "5/2*2", "1" * 10 + "+1", "1+" * 10 + "1"])
def test_evaluate_leaves_alone_what_it_cannot_say(expression: str) -> None:
    assert evaluate(expression) is None


def test_any_text_takes_a_time_in_proportion() -> None:
    """Ten thousand times what could make a grammar go back and forth."""
    for piece in (
        "1 ",
        "1,",
        "1+",
        "1+1=",
        "1+1=2=",
        "-",
        " ",
        "\n",
        "1 000,",
        "0x",
        "1'000_",
        "=",
    ):
        assert all(found.value == found.stated for found in equations(piece * 10_000 + "1+1=2"))


# --- Answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    ["175", " 175 ", "=175", "= 175", "175.0", "175.", "0175", "+175", "\\boxed{175}", "$175$",
     "$\\boxed{175}$", "\\boxed{=175}", "１７５"],
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
        ("-28", "-28", "-28"), ("−28", "-28", "-28"), ("- 28", "-28", "-28"), ("-0", "0", "0"),
        ("998,006", "998006", "998,6"), ("998 006", "998006", "998006"), ("1'234", "1234", "1234"),
        ("053", "53", "53"), ("17,23,8", "17,23,8", "17,23,8"),
        ("17, 23, 8", "17,23,8", "17,23,8"),
        ("\\boxed{17,23,8}", "17,23,8", "17,23,8"), ("017,23,8.0", "17,23,8", "17,23,8"),
        ("175.5", None, None), ("1e3", None, None), ("175 ok", None, None),
        ("12+30=42", None, None),
        ("", None, None), (",", None, None), ("$", None, None), ("9" * 10, None, None),
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


@given(st.text(max_size=30) | st.text("0123456789,.'_ =+-−$\\boxed{}", max_size=20))
def test_no_text_makes_an_answer_that_is_not_one(text: str) -> None:
    for several in (False, True):
        found = answer(text, several)
        if found is not None:
            assert re.fullmatch(r"-?\d{1,9}(,-?\d{1,9})*", found, re.ASCII)
            assert answer(found, several=True) == found


# --- A reply -----------------------------------------------------------------------------------


@pytest.mark.parametrize("between", ["\n", " ", "\n\n", " \n "])
def test_a_line_between_the_tags_leaves_the_thought_whole(between: str) -> None:
    reply = read_reply(f"<think>\n12+30=42\n</think>{between}<answer>42</answer>")
    assert (reply.thinking, reply.answer, reply.formatted) == ("\n12+30=42\n", "42", False)


# --- The models' own format --------------------------------------------------------------------

_OWN_EQUATION = re.compile(
    r"(?<![\d+\-*/=^×÷])(?<!\d\.)(\d{1,9}(?:[+\-*]\d{1,9}){1,9})=(\d{1,9})(?![\d=]|\.\d)(?![a-z])"
)
_OWN_REPLY = re.compile(r"<think>([^<>]*)</think><answer>([^<>]*)</answer>")
_OWN_NUMBERS = re.compile(r"\d{1,9}(?:,\d{1,9})*")


def recorded() -> Iterator[str]:
    """Every reply that the repository has of its models: the samples, and those of training."""

    def replies(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            part = list(part.values())
        if isinstance(part, list):
            if part and all(isinstance(one, str) for one in part):
                part = ["".join(part)]
            for one in part:
                yield from replies(one)
        elif isinstance(part, str) and "</think>" in part:
            yield part

    def read(path: Path) -> Iterator[Any]:
        text = path.read_text(encoding="utf-8")
        yield from map(json.loads, text.splitlines() if path.suffix == ".jsonl" else [text])

    files = [*(ASSETS / "samples").glob("*.json"), *(ASSETS / "runs").glob("*/log.jsonl")]
    for content in itertools.chain.from_iterable(map(read, files)):
        for text in replies(content):
            yield text.rpartition("Assistant: ")[2]


def test_rewards_and_steps_of_recorded_replies_are_as_before() -> None:
    """What the models write has one form: for it the wide grammar is the narrow one."""
    asked = (chain.pose("90*9-54*5+371", "en"), pick.pose([17, 23, 8, 41, 36], 66, 3, "en"))
    count = 0
    for text in recorded():
        whole = _OWN_REPLY.fullmatch(text.removesuffix("<eos>"))
        count += 1
        for problem in asked:
            found = judge(problem, text)
            assert found.reply.formatted == bool(whole)
            if whole is None:
                continue
            own = whole[2].strip() if _OWN_NUMBERS.fullmatch(whole[2].strip()) else None
            if own is not None:
                plain = ",".join(str(int(n)) for n in own.split(","))
                assert found.reply.answer == plain
                numbers = [int(n) for n in own.split(",")]
                if problem.task == chain.NAME:
                    assert found.correct == (numbers == [911])
                else:
                    assert found.correct == (set(numbers) in ({17, 8, 41},))
            steps = [
                (m.start(), m.end(), python_value(m[1]), int(m[2]))
                for m in _OWN_EQUATION.finditer(whole[1])
            ]
            assert [(s.start, s.end, s.value, s.stated) for s in found.steps] == steps
    assert count > 300
