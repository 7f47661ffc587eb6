"""Reads a question as a problem, and tells whether it is within the scope of training.

A question is in scope if its wording, its level and its numbers are those of training. A model can
answer anything else only by chance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from model.tasks import chain, notation, pick
from model.tasks.problem import Language, Problem

_CHAIN = re.compile(r"What is ([0-9+*-]+)\?|([0-9+*-]+)의 값은\?")
_PICK = re.compile(
    r"Which (?P<k>\d) of (?P<listed>[\d,]+) sum to (?P<target>\d+)\?"
    r"|(?P<listed_ko>[\d,]+) 중 합이 (?P<target_ko>\d+)인 (?P<k_ko>\d)개는\?",
    re.ASCII,
)
#: Whatever may belong to arithmetic within any other words, as people write it.
_RUN = re.compile(r"[\d\s.,()[\]^+*/%-]+", re.ASCII)
_OPERATION = re.compile(r"[\d)\]%]\s*[-+*/^]+\s*[-+(\[]*\d")
_BEFORE, _AFTER = " \t\n.,)]*", " \t\n.,([*"  # of the words around it
_BESIDE = str.maketrans(dict.fromkeys(" =?"))
_LONG = 12  # maximum characters of a term in a message


@dataclass(frozen=True)
class Scope:
    """Whether a question is in scope for models that were trained on our tasks, and if not, why.

    `reason` is None in scope; else one of "operations", "numbers", "results", "shape",
    "no_solution", "picked" (the numbers to pick from), "notation" (arithmetic with brackets, signs,
    decimals, powers or divisions), "wording" and "other", with the `values`
    for its message, such as "given", and "asked", the same question in the wording of training.
    """

    problem: Problem | None  # if its answer can be checked, whether in scope or not
    reason: str | None = None
    values: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def inside(self) -> bool:
        return self.reason is None


def problem_of(question: str) -> Problem | None:
    """The verifiable problem that a question poses, if its wording is that of training."""
    try:
        if match := _CHAIN.fullmatch(question.strip()):
            expression = match[1] or match[2]
            if not chain.EXPRESSION.fullmatch(expression):
                return None
            return chain.pose(expression, "en" if match[1] else "ko")
        if match := _PICK.fullmatch(question.strip()):
            k, listed, target = (match[n] or match[f"{n}_ko"] for n in ("k", "listed", "target"))
            numbers = [int(n) for n in listed.split(",") if n]
            return pick.pose(numbers, int(target), int(k), "en" if match["k"] else "ko")
    except ValueError:  # a shape that no level has, or no solution
        return None
    return None


def expression_of(text: str) -> str | None:
    """A text that is arithmetic only, in the notation of chains: "2*3" for "2 × 3 = ?"."""
    plain = notation.ascii_of(text).translate(_BESIDE)
    return plain if chain.EXPRESSION.fullmatch(plain) else None


def scope_of(question: str) -> Scope:
    """The scope of a question, which may be any text."""
    problem = problem_of(question)
    if problem is not None:
        is_chain = problem.task == chain.NAME
        return Scope(problem, *(_of_chain(problem.key) if is_chain else _of_pick(problem)))
    if match := _PICK.fullmatch(question.strip()):
        return Scope(None, *_refused(match))
    language: Language = "ko" if re.search("[가-힣]", question) else "en"
    for run in _RUN.findall(notation.ascii_of(question)):
        if _OPERATION.search(run):
            return Scope(None, *_loose(run.lstrip(_BEFORE).rstrip(_AFTER), language))
    return Scope(None, "other")


_Why = tuple[str | None, dict[str, str | int]]


def _of_chain(expression: str) -> _Why:
    operations = len(re.findall("[-+*]", expression))
    if operations not in chain.LEVELS:
        return "operations", {"given": operations}
    for term in re.split("[-+]", expression):
        numbers = term.split("*")
        wanted = (chain.TERMS,) if len(numbers) == 1 else (chain.FACTORS, chain.DIGITS)
        if len(numbers) != len(wanted) or not all(map(_among, numbers, wanted)):
            return "numbers", {"given": term if len(term) < _LONG else f"{term[:_LONG]}…"}
    for step in chain.solve(expression):
        if step.value not in chain.RESULTS:
            return "results", {"given": step.write()}
    return None, {}


def _among(number: str, wanted: range) -> bool:
    return len(number) < _LONG and int(number) in wanted


def _of_pick(problem: Problem) -> _Why:
    numbers, *_ = pick.read_question(problem)
    odd = [n for n in numbers if n not in pick.NUMBERS or numbers.count(n) > 1]
    return ("picked", {"given": odd[0]}) if odd else (None, {})


def _refused(match: re.Match[str]) -> _Why:
    """Why a question in the wording of a pick is not a problem."""
    numbers = [n for n in (match["listed"] or match["listed_ko"]).split(",") if n]
    k, target = int(match["k"] or match["k_ko"]), match["target"] or match["target_ko"]
    if (k, len(numbers)) not in pick.SHAPES.values():
        return "shape", {"k": k, "among": len(numbers)}
    return "no_solution", {"k": k, "target": target}


def _loose(found: str, language: Language) -> _Why:
    """Why arithmetic in other words is out of scope; if only for its wording, how to ask it."""
    if not re.fullmatch(r"\d+(?:\s*[-+*]\s*\d+)+", found):
        return "notation", {}
    expression = re.sub(r"\s", "", found)
    reason, values = _of_chain(expression)
    if reason is not None:
        return reason, values
    return "wording", {"asked": chain.pose(expression, language).question}
