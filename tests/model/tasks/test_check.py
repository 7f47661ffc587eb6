"""The checker: every step of every style, right and corrupted; and no text makes it raise."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.tasks import TASKS, chain, pick, rewards
from model.tasks.check import (
    Judgement,
    ReasoningStep,
    is_correct,
    judge,
    language_share,
    read_reply,
)
from model.tasks.notation import evaluate
from model.tasks.problem import Piece, Problem, Thought, Voice
from tests.model.tasks.test_tasks import python_value

EQUATION = re.compile(r"(\d+(?:[+\-*]\d+)+)=(\d+)")
STYLES = [(name, style) for name, task in TASKS.items() for style in task.styles(task.LEVELS[0])]


def written(seed: int, task: str, style: str) -> tuple[Problem, str, str]:
    """A problem, the thinking in a style, and the answer that it arrives at."""
    rng = random.Random(seed)
    language = rng.choice(("en", "ko"))
    problem = TASKS[task].generate(rng, rng.choice(TASKS[task].LEVELS), language)
    voice = Voice(rng, rng.choice(("en", "ko")), mixed=rng.random() < 0.3)
    trace: Thought
    trace, answer = TASKS[task].write_trace(rng, problem, style, voice)
    assert all(isinstance(piece, Piece) for piece in trace)
    return problem, "".join(piece.text for piece in trace), answer


def equations(found: Judgement) -> list[ReasoningStep]:
    return [step for step in found.steps if step.kind != "compare"]


def tagged(thinking: str, answer: str) -> str:
    return f"<think>{thinking}</think><answer>{answer}</answer>"


@pytest.mark.slow
@pytest.mark.parametrize(("task", "style"), STYLES)
def test_every_style(task: str, style: str) -> None:
    for seed in range(400):
        problem, thinking, answer = written(seed, task, style)
        found = judge(problem, tagged(thinking, answer) + "<eos>")
        assert found.reply.formatted and found.reply.thinking == thinking
        expected = [
            (m.start(), m.end(), int(m[2]), python_value(m[1])) for m in EQUATION.finditer(thinking)
        ]
        steps = equations(found)
        assert [(s.start, s.end, s.stated, s.value) for s in steps] == expected
        assert [s.right for s in steps] == [stated == value for *_, stated, value in expected]
        compared = [s for s in found.steps if s.kind == "compare"]
        assert [(s.start, s.text) for s in compared] == [
            (m.start(), m[0]) for m in re.finditer(r"\d/\d", thinking)
        ]
        assert all(s.right for s in compared)
        assert all(v.follows for v in found.verdicts)
        if task == "chain":
            assert found.correct == (int(answer) == int(problem.answer))
            if style != "sloppy":
                assert found.correct
            if style in ("careful", "slow"):
                assert all(s.right for s in found.steps) and found.steps
            if style == "verify":
                _check_verified(problem, found)
        else:
            _, k, target = pick.read_question(problem)
            assert found.correct == (sum(map(int, answer.split(","))) == target)
            assert all(s.right for s in found.steps)
            assert all(s.kind == "try" for s in steps)
            tries = [s.value == target for s in steps[k - 2 :: k - 1]]
            if style in ("search", "giveup"):
                assert [v.accepts for v in found.verdicts] == [v.fits for v in found.verdicts]
                assert [v.fits for v in found.verdicts] == tries
                assert [v.next_fits for v in found.verdicts] == [
                    tries[i + 1] if i + 1 < len(tries) and not tries[i] else None
                    for i in range(len(tries))
                ]
            else:
                assert not found.checks
        assert rewards.format_reward(found) == 1.0
        assert rewards.accuracy(found) == float(found.correct)
        assert 0 <= rewards.language(problem, found) <= 1


def _check_verified(problem: Problem, found: Judgement) -> None:
    """In the verify style a wrong attempt is always noticed, and corrected at once."""
    assert len(found.verdicts) == problem.level
    assert all(v.accepts == v.fits for v in found.verdicts)
    assert all(v.next_fits is (None if v.accepts else True) for v in found.verdicts)
    assert found.turns == (sum(not v.accepts for v in found.verdicts), 0)
    wrong = [s for s in found.steps if not s.right]
    assert len(wrong) <= found.turns[0]  # the others took a wrong number
    assert all(s.kind in ("step", "conclude") for s in wrong)
    corrections = [s for s in found.steps if s.kind == "correct"]
    assert len(corrections) == found.turns[0] and all(s.right for s in corrections)


@pytest.mark.slow
@pytest.mark.parametrize(("task", "style"), [x for x in STYLES if x[1] != "direct"])
def test_one_changed_digit_is_one_wrong_step(task: str, style: str) -> None:
    rng = random.Random(1)
    for seed in range(250):
        problem, thinking, answer = written(seed, task, style)
        before = judge(problem, tagged(thinking, answer))
        i = rng.choice([j for j, s in enumerate(before.steps) if s.kind != "compare"])
        step = before.steps[i]
        place = thinking.index("=", step.start) + 1 + rng.randrange(len(str(step.stated)))
        digit = rng.choice([d for d in "123456789" if d != thinking[place]])
        if thinking.count("/") == 1 and re.match(r"\d* [1-9]/[1-9] ", thinking[place:]):
            continue  # the only verdict, which may now be a fraction: 83 4/5 no
        changed = thinking[:place] + digit + thinking[place + 1 :]
        after = judge(problem, tagged(changed, answer))
        assert after.correct == before.correct  # the answer did not change
        assert len(after.steps) == len(before.steps)
        for j, (a, b) in enumerate(zip(before.steps, after.steps, strict=True)):
            assert (a.start, a.kind) == (b.start, b.kind)
            if a.kind == "compare":  # its digits may be those of the number that was changed
                continue
            assert a.value == b.value
            if j == i and a.right:
                assert not b.right
            elif j != i:
                assert a.right == b.right


@pytest.mark.slow
@pytest.mark.parametrize(("task", "style"), STYLES)
def test_a_changed_answer_is_wrong_and_changes_no_step(task: str, style: str) -> None:
    for seed in range(150):
        problem, thinking, _ = written(seed, task, style)
        right = judge(problem, tagged(thinking, problem.answer))
        assert right.correct
        other = str(int(problem.answer.split(",")[0]) + 1000)
        for answer in (other, "", "x", problem.answer + ",1", f"-{problem.answer}", "٣" * 12):
            wrong = judge(problem, tagged(thinking, answer))
            assert not wrong.correct
            assert wrong.steps == right.steps and wrong.verdicts == right.verdicts


@pytest.mark.slow
@pytest.mark.parametrize(("task", "style"), STYLES)
def test_broken_tags_are_no_format_but_may_be_right(task: str, style: str) -> None:
    for seed in range(60):
        problem, thinking, _ = written(seed, task, style)
        whole = tagged(thinking, problem.answer)
        for broken in (
            whole.replace("<think>", ""),
            whole.replace("</think>", ""),
            whole + " ",
            "x" + whole,
            whole.replace("<answer>", "<answer><answer>"),
            whole + whole,
        ):
            found = judge(problem, broken)
            assert not found.reply.formatted and rewards.format_reward(found) == 0.0
            assert found.correct, broken
        cut = judge(problem, whole.split("</think>")[0])  # ended before the answer
        assert not cut.correct and cut.reply.answer is None
        assert [s.text for s in cut.steps] == [s.text for s in judge(problem, whole).steps]


@pytest.mark.slow
@pytest.mark.parametrize(("task", "style"), [("chain", "verify"), ("pick", "search")])
def test_one_changed_comparison_is_one_wrong_step(task: str, style: str) -> None:
    rng = random.Random(1)
    for seed in range(200):
        problem, thinking, answer = written(seed, task, style)
        before = judge(problem, tagged(thinking, answer))
        step = rng.choice([s for s in before.steps if s.kind == "compare"])
        place = step.start + rng.choice((0, 2))
        digit = rng.choice([d for d in "0123456789" if d != thinking[place]])
        changed = thinking[:place] + digit + thinking[place + 1 :]
        after = judge(problem, tagged(changed, answer))
        assert [s.start for s in after.steps if not s.right and s.kind == "compare"] == [step.start]
        assert equations(after) == equations(before)
        for old, new in zip(before.verdicts, after.verdicts, strict=True):
            assert (old.start, old.accepts, old.fits) == (new.start, new.accepts, new.fits)


@pytest.mark.slow
def test_any_reply_takes_a_time_in_proportion() -> None:
    for piece in (" ", "1/1 ", " 1/1", "=1 1/1 ", "1+1=2, ", "first ", ". ", "&"):
        judge(chain.pose("12+30", "en"), "<think>" + piece * 20_000)


def test_replies_without_tags() -> None:
    problem = chain.pose("90*9-54*5+371", "en")
    thinking = "first 90*9=810, then 54*5=271, "
    for said in ("answer: 911", "답: 911"):
        found = judge(problem, thinking + said)
        assert found.correct and not found.reply.formatted
        assert [s.right for s in found.steps] == [True, False]
    assert judge(problem, "911").correct
    assert judge(problem, " 911<eos>").correct
    unfinished = judge(problem, "<think>" + thinking)
    assert [s.right for s in unfinished.steps] == [True, False]
    start = unfinished.steps[1].start
    assert unfinished.reply.thinking[start:].startswith("54*5=271")
    assert read_reply("").answer is None


@pytest.mark.parametrize(
    "text",
    [
        "3.5+2=5.5", "10/5+3=5", "1+2=3.5", "2×3+4=10", "2^3+1=9", "5=5", "1+1=2=2",
        "1234567890+1=2", "1+1=12345678901", "-5+3=-2", "(1+2)*3=9", "1+1 = 2", "٣+٤",
        "+".join(["1"] * 12) + "=12",
    ],
)  # fmt: skip
def test_what_is_no_step_is_not_wrong(text: str) -> None:
    problem = chain.pose("12+30", "en")
    assert all(s.right for s in judge(problem, f"<think>{text}").steps)


PROBLEMS = [
    chain.pose("90*9-54*5+371", "en"),
    chain.pose("12+30", "ko"),
    pick.pose([17, 23, 8, 41, 36], 66, 3, "en"),
]
PIECES = [
    "<think>", "</think>", "<answer>", "</answer>", "<eos>", "answer: ", "답: ", "first ", "검산 ",
    "check ", " ok", " no", "wait ", "try ", "12+30=42", " 0/0", " 4/5", "90*9=811", "17+23+8=48",
    "=", "+", ",",
    "9*9*9*9*9*9*9*9*9*9=1", "999999999*999999999*999999999=0", "9" * 400, "17,23,8", "٣", "²",
    "\x00", "🙂", "가",
]  # fmt: skip


@pytest.mark.slow
@given(
    st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=25).map("".join)
)
@settings(max_examples=400)
def test_no_text_makes_it_raise(text: str) -> None:
    for problem in PROBLEMS:
        found = judge(problem, text)
        assert all(0 <= s.start < s.end <= len(found.reply.thinking) for s in found.steps)
        assert [s.text for s in found.steps] == [
            found.reply.thinking[s.start : s.end] for s in found.steps
        ]
        assert 0 <= rewards.language(problem, found) <= 1
        is_correct(problem, text)


@pytest.mark.slow
@given(st.integers(0, 2**31), st.sampled_from(STYLES), st.data())
@settings(max_examples=150)
def test_no_mutated_trace_makes_it_raise(
    seed: int, kind: tuple[str, str], data: st.DataObject
) -> None:
    problem, thinking, answer = written(seed, *kind)
    text = tagged(thinking, answer)
    for _ in range(data.draw(st.integers(1, 5))):
        a = data.draw(st.integers(0, len(text)))
        b = data.draw(st.integers(a, min(len(text), a + 6)))
        text = text[:a] + data.draw(st.text(max_size=3) | st.sampled_from(PIECES)) + text[b:]
    judge(problem, text)
    judge(replace(problem, language="ko"), text)


@given(
    st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 10**9 - 1)), min_size=1, max_size=10)
)
def test_evaluate_is_pythons_own(terms: list[tuple[str, int]]) -> None:
    expression = "".join(f"{op}{n}" for op, n in terms)[1:]
    assert evaluate(expression) == python_value(expression)


def test_the_largest_answer_that_can_be_asked_for_may_be_right() -> None:
    asked = chain.pose("999*999*999*999*999*999*999*999*999*999", "en")
    said = str(999**10)
    assert len(said) == chain.MOST_DIGITS
    found = judge(asked, tagged("", said))
    assert found.correct and found.vote == said
    assert not judge(asked, tagged("", str(999**10 + 1))).correct


def test_huge_numbers() -> None:
    problem = chain.pose("12+30", "en")
    big = "999999999"
    [step] = judge(problem, "<think>99999999*90000000=1").steps
    assert step.value == 99_999_999 * 90_000_000 and not step.right
    # more than a browser or a table counts exactly
    assert not judge(problem, f"<think>{big}*{big}*{big}=1").steps
    assert not judge(problem, tagged("", "9" * 5000)).correct
    assert judge(problem, tagged("", "9" * 5000)).reply.answer is None
    assert not judge(problem, tagged("1" * 50_000 + "=2", ",".join(["1"] * 9000))).correct


@given(st.integers(0, 2**31), st.sampled_from([*pick.LEVELS]), st.data())
def test_pick_accepts_any_subset_that_fits(seed: int, level: int, data: st.DataObject) -> None:
    problem = pick.generate(random.Random(seed), level, "en")
    numbers, k, target = pick.read_question(problem)
    for subset in itertools.permutations(numbers, k):
        assert is_correct(problem, ",".join(map(str, subset))) == (sum(subset) == target)
    one = data.draw(st.sampled_from(numbers))
    assert not is_correct(problem, ",".join([str(one)] * k))
    foreign = [1, target - 1, target] if k == 3 else [0, target]
    assert not is_correct(problem, ",".join(map(str, foreign[:k])))
    assert not is_correct(problem, problem.answer + f",{one}")
    assert not is_correct(problem, None)


@pytest.mark.parametrize(
    ("text", "en", "ko"),
    [
        ("", 1.0, 1.0),
        ("12+30=42", 1.0, 1.0),
        ("first 12+30=42 ok", 1.0, 0.0),
        ("먼저 12+30=42 맞음", 0.0, 1.0),
        ("first 12+30=42 맞음, 다음 so", 0.5, 0.5),
        ("first가", 0.5, 0.5),
    ],
)
def test_language_share(text: str, en: float, ko: float) -> None:
    assert (language_share(text, "en"), language_share(text, "ko")) == (en, ko)
