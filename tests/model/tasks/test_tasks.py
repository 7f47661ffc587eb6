"""Generated problems, judged by Python's own arithmetic and not by our checker."""

from __future__ import annotations

import ast
import itertools
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.tasks import TASKS, chain, pick, problems
from model.tasks.problem import HELDOUT_ONE_IN, Problem, Voice, side_by_side, split_of

CHAIN = re.compile(r"(?:What is ([\d+\-*]+)\?|([\d+\-*]+)의 값은\?)")
PICK = re.compile(r"Which (\d) of ([\d,]+) sum to (\d+)\?|([\d,]+) 중 합이 (\d+)인 (\d)개는\?")


def python_value(expression: str) -> int:
    """A flat expression of whole numbers, by Python's own parser and precedence."""
    operators = {ast.Add: int.__add__, ast.Sub: int.__sub__, ast.Mult: int.__mul__}

    def value(node: ast.expr) -> int:
        if isinstance(node, ast.Constant):
            assert type(node.value) is int
            return node.value
        assert isinstance(node, ast.BinOp)
        return operators[type(node.op)](value(node.left), value(node.right))

    return value(ast.parse(expression, mode="eval").body)


def chain_expression(question: str) -> str:
    match = CHAIN.fullmatch(question)
    assert match, question
    return match[1] or match[2]


def pick_parts(question: str) -> tuple[list[int], int, int]:
    """Numbers, how many to pick, target."""
    match = PICK.fullmatch(question)
    assert match, question
    k, listed, target = (match[1], match[2], match[3]) if match[1] else match.group(6, 4, 5)
    return [int(n) for n in listed.split(",")], int(k), int(target)


def drawn(task: str, level: int, split: str, n: int) -> list[Problem]:
    return list(itertools.islice(problems(task, level, 0, split), n))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("level", chain.LEVELS)
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_chain(level: int, split: str) -> None:
    for problem in drawn("chain", level, split, 400):
        expression = chain_expression(problem.question)
        assert problem.key == expression
        assert int(problem.answer) == python_value(expression)
        assert len(re.findall(r"[+\-*]", expression)) == level == problem.level
        # what a trace passes through: products, then sums from the left, all within three digits
        terms = re.findall(r"([+-]?)([\d*]+)", expression)
        values = [python_value(term) for _, term in terms if "*" in term]
        total = 0
        for sign, term in terms:
            total += python_value(term) * (-1 if sign == "-" else 1)
            values.append(total)
        assert all(0 <= value <= 999 for value in values)
        assert all(11 <= int(n) <= 99 for _, term in terms if "*" not in term for n in [term])
        assert all(re.fullmatch(r"(1[1-9]|2\d)\*[2-9]", term) for _, term in terms if "*" in term)


@pytest.mark.parametrize("level", pick.LEVELS)
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_pick(level: int, split: str) -> None:
    for problem in drawn("pick", level, split, 300):
        numbers, k, target = pick_parts(problem.question)
        assert (k, len(numbers)) == pick.SHAPES[level]
        assert len(set(numbers)) == len(numbers) and all(2 <= n <= 33 for n in numbers)
        answer = [int(n) for n in problem.answer.split(",")]
        assert len(answer) == k and set(answer) <= set(numbers) and sum(answer) == target
        assert pick.read_question(problem) == (numbers, k, target)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_splits_never_meet(task: str) -> None:
    for level in TASKS[task].LEVELS:
        train, heldout = drawn(task, level, "train", 600), drawn(task, level, "heldout", 300)
        assert not {p.key for p in train} & {p.key for p in heldout}
        assert {p.split for p in train} == {"train"} and {p.split for p in heldout} == {"heldout"}
        assert len({p.key for p in heldout}) == 300  # distinct


def test_the_language_and_the_order_of_numbers_do_not_change_the_split() -> None:
    for problem in drawn("pick", 3, "heldout", 50):
        numbers, k, target = pick.read_question(problem)
        for order in ([*reversed(numbers)], sorted(numbers)):
            for language in ("en", "ko"):
                again = pick.pose(order, target, k, language)  # type: ignore[arg-type]
                assert (again.key, again.split) == (problem.key, "heldout")


def test_the_split_of_content_is_for_ever() -> None:
    assert "".join(c for c in "abcdefghijklmnopqrstuvwxyz" if split_of(c) == "heldout") == "acikl"
    share = sum(split_of(f"{i}") == "heldout" for i in range(20_000)) / 20_000
    assert share == pytest.approx(1 / HELDOUT_ONE_IN, abs=0.01)


def test_the_same_seed_gives_the_same_problems() -> None:
    for task in TASKS:
        assert drawn(task, 2, "heldout", 30) == drawn(task, 2, "heldout", 30)
        other = list(itertools.islice(problems(task, 2, 1, "heldout"), 30))
        assert other != drawn(task, 2, "heldout", 30)


def test_languages() -> None:
    both = {p.language for p in drawn("chain", 2, "heldout", 50)}
    assert both == {"en", "ko"}
    korean = itertools.islice(problems("pick", 2, 0, "heldout", "ko"), 20)
    assert {p.language for p in korean} == {"ko"}


@pytest.mark.parametrize(
    ("task", "level"), [("chess", 1), ("chain", 0), ("chain", 9), ("pick", -1)]
)
def test_unknown_task_or_level(task: str, level: int) -> None:
    with pytest.raises(ValueError, match=r"there is no task|has levels 2 to [58]"):
        next(problems(task, level, 0, "heldout"))


def test_impossible_picks() -> None:
    with pytest.raises(ValueError, match="no level"):
        pick.pose([1, 2, 3], 3, 2, "en")
    with pytest.raises(ValueError, match="sum to 1000"):
        pick.pose([1, 2, 3, 4, 5, 6], 1000, 2, "en")


@given(st.integers(0, 2**31), st.sampled_from([*chain.LEVELS]))
def test_a_check_goes_another_way_to_the_same_value(seed: int, level: int) -> None:
    problem = chain.generate(random.Random(seed), level, "en")
    for step in chain.solve(problem.key):
        route = chain.digit_route(step)
        assert route[-1].value == step.value
        for easy in route:
            assert python_value(f"{easy.left}{easy.op}{easy.right}") == easy.value


@pytest.mark.parametrize("task", TASKS)
def test_shares_of_styles_sum_to_one(task: str) -> None:
    for level in TASKS[task].LEVELS:
        shares = TASKS[task].styles(level)
        assert [*shares] == [*TASKS[task].styles(TASKS[task].LEVELS[0])]
        assert sum(shares.values()) == pytest.approx(1) and min(shares.values()) > 0


def test_voices() -> None:
    rng = random.Random(0)
    english, korean = Voice(rng, "en", mixed=False), Voice(rng, "ko", mixed=False)
    assert {english("check") for _ in range(9)} == {"check "}
    assert {korean("check") for _ in range(9)} == {"검산 "}
    mixed = Voice(rng, "en", mixed=True)
    assert {mixed("check") for _ in range(99)} == {"check ", "검산 "}


@given(st.integers(0, 99_999), st.integers(0, 99_999))
def test_numbers_are_equal_if_their_digits_are(a: int, b: int) -> None:
    pairs = side_by_side(a, b)
    assert len(pairs) == max(len(str(a)), len(str(b)))
    assert int("".join(left for left, _ in pairs)) == a
    assert int("".join(right for _, right in pairs)) == b
    assert (a == b) == all(left == right for left, right in pairs)


@pytest.mark.parametrize(
    ("value", "wanted", "said"),
    [
        (67, 67, " 6/6 7/7 ok"),
        (67, 76, " 6/7 no"),
        (113, 131, " 1/1 1/3 no"),
        (113, 112, " 1/1 1/1 3/2 no"),
        (5, 105, " 0/1 no"),
        (1000, 100, " 1/0 no"),
    ],
)
def test_a_verdict_is_written_out(value: int, wanted: int, said: str) -> None:
    rng = random.Random(0)
    assert Voice(rng, "en", mixed=False).verdict(value, wanted) == said
    word = said[-3:]
    assert Voice(rng, "en", mixed=False, written=False).verdict(value, wanted) == word


def test_a_search_tries_nothing_twice_and_misses_nothing() -> None:
    rng = random.Random(0)
    for level in pick.LEVELS:
        for _ in range(60):
            problem = pick.generate(rng, level, "en")
            [piece], answer = pick.write_trace(rng, problem, "search", Voice(rng, "en", False))
            numbers, k, target = pick.read_question(problem)
            tried = []
            for candidate in piece.text.split("try ")[1:]:
                sums = re.findall(r"(\d+)\+(\d+)=", candidate)
                tried.append((int(sums[0][0]), *(int(new) for _, new in sums)))
            order = list(itertools.combinations(numbers, k))
            first = next(i for i, c in enumerate(order) if sum(c) == target)
            assert tried == order[: first + 1]
            assert [int(n) for n in answer.split(",")] == [*tried[-1]]


def test_who_gives_up_has_tried() -> None:
    rng = random.Random(0)
    tries = []
    for _ in range(1000):
        problem = pick.generate(rng, 4, "en")
        [piece], _ = pick.write_trace(rng, problem, "giveup", Voice(rng, "en", False))
        if " no" in piece.text:  # it was not lucky at once
            tries.append(piece.text.count("try"))
    assert tries.count(1) / len(tries) == pytest.approx(1 - pick.PATIENCE, abs=0.06)
