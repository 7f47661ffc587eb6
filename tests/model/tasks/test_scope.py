"""The scope of questions: everything the tasks generate is inside; anything else has a reason."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.tasks import TASKS, chain, pick, problems
from model.tasks.scope import expression_of, problem_of, scope_of


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("task", TASKS)
def test_all_that_is_drawn_is_inside(task: str, language: str) -> None:
    for level in TASKS[task].LEVELS:
        for problem in itertools.islice(problems(task, level, 0, "train", language), 50):  # type: ignore[arg-type]
            scope = scope_of(f" {problem.question}\n")
            assert scope.inside
            assert scope.problem == problem


TERM, FACTOR, DIGIT = chain.TERMS[1], chain.FACTORS[-1], chain.DIGITS[-1]
LISTED = ",".join(map(str, pick.NUMBERS[:6]))


@pytest.mark.parametrize(
    ("question", "reason", "given"),
    [
        ("What is 2+2?", "operations", 1),
        ("2+2", "operations", 1),
        ("What is " + "+".join(["12"] * 40) + "?", "operations", 39),
        (f"What is {chain.TERMS[-1] + 1}+{TERM}-{TERM}?", "numbers", str(chain.TERMS[-1] + 1)),
        (f"What is {DIGIT}*{FACTOR}+{TERM}?", "numbers", f"{DIGIT}*{FACTOR}"),
        (f"What is {FACTOR}*{DIGIT}*2?", "numbers", f"{FACTOR}*{DIGIT}*2"),
        ("9" * 4000 + "+12+12", "numbers", "9" * 12 + "…"),
        (f"What is {TERM}-{TERM + 1}+{TERM}?", "results", f"{TERM}-{TERM + 1}=-1"),
        ("Which 2 of 3,4,5,6 sum to 7?", "shape", None),
        (f"Which 2 of {LISTED} sum to 9999?", "no_solution", None),
        ("Which 2 of 7,7,9,11,13,15 sum to 14?", "picked", 7),
        ("Which 2 of 900,7,9,11,13,15 sum to 16?", "picked", 900),
        ("What is the capital of France?", "other", None),
        ("What is 8/4+12?", "notation", None),
        ("What is -45+12+33?", "notation", None),
        ("What is (12+33-14)*2?", "notation", None),
        ("What is 12*(3+4)?", "notation", None),
        ("What is 3^12+33-14?", "notation", None),
        ("What is 2**3?", "notation", None),
        ("What is 12.5+3*2?", "notation", None),
        ("What is 1,000+20*3?", "notation", None),
        ("What is 12 12+13?", "notation", None),
        ("What is 12+-13+14?", "notation", None),
        ("I have 3 apples, 4 pears. And 12?", "other", None),
        ("f(3), (4) and -5", "other", None),
        ("", "other", None),
    ],
)
def test_says_why_a_question_is_outside(
    question: str, reason: str, given: str | int | None
) -> None:
    scope = scope_of(question)
    assert (scope.reason, scope.values.get("given")) == (reason, given)
    assert not scope.inside


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        (f"What's {TERM} + {TERM} × ?", None),
        (f"{TERM} + {TERM} + {TERM} = ?", f"What is {TERM}+{TERM}+{TERM}?"),
        (f"how much is {FACTOR} × {chain.DIGITS[0]} − {TERM}", f"What is {FACTOR}*2-{TERM}?"),
        (f"{TERM}+{TERM}+{TERM}은 얼마야", f"{TERM}+{TERM}+{TERM}의 값은?"),
        (f"First, {TERM}+{TERM}+{TERM}.", f"What is {TERM}+{TERM}+{TERM}?"),
        (f"{TERM}+{TERM}+{TERM} (really)", f"What is {TERM}+{TERM}+{TERM}?"),
        (f"What is {TERM}+{TERM}+１２?", f"What is {TERM}+{TERM}+12?"),
    ],
)
def test_gives_the_words_in_which_models_know_a_question(question: str, asked: str | None) -> None:
    scope = scope_of(question)
    assert scope.values.get("asked") == asked
    if asked is not None:
        assert scope.reason == "wording"
        assert scope_of(asked).inside


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"[\d+*x×/ ,?-]{0,60}"),
        st.from_regex(r"[a-z ]{0,4}(\d\d ?[-+*×^.,(]+ ?){1,3}\d\d[ )]?.?"),
        st.from_regex(r"Which .*\?"),
    )
)
def test_any_text_may_be_asked_about(question: str) -> None:
    scope = scope_of(question)
    assert scope.problem == problem_of(question)
    assert not scope.inside or scope.problem is not None
    assert scope.reason != "wording" or scope_of(str(scope.values["asked"])).inside


def test_any_question_takes_a_time_in_proportion() -> None:
    for piece in ("1", "1 ", "1+", "+", "1 x ", "1++", "1(", ")+", " ", "1 +"):
        assert not scope_of(piece * 100_000).inside


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("2+2", "2+2"),
        (" 12 × 3 − 4 = ?", "12*3-4"),
        ("2+2 is?", None),
        ("8/4", None),
        ("What is 2+2?", None),
        ("22", None),
        ("１２＋３４", "12+34"),
        ("٣+٤", None),
        ("", None),
    ],
)
def test_arithmetic_that_stands_alone(text: str, expression: str | None) -> None:
    assert expression_of(text) == expression
