"""Reads numbers, answers and expressions in a text, in the various ways they are written.

A text is read exactly, or not at all. Signs and separators are those that people and models use:
`-` and `−`, `*`, `×`, `·` and a small `x` between numbers, `/`, `÷` and `∕` for divisions without
remainder; 1,234 and 1 234, 1'234 and 1_234. Equations are the subject of `equations.py`.

**An answer** is one whole number, or several separated by commas: with or without a sign and
separators, with leading zeros or zeros after a decimal point, after an equals sign, in `\\boxed{}`,
`\\(...\\)`, `\\[...\\]` or between dollar signs, with or without a final full stop; LaTeX's
`1{,}234` and `1\\,234` have separators, too. 175, `=175`, 175.0, 0175, `\\boxed{175}.` and "175 ."
are the same answer; its canonical form is as Python writes numbers, "-28" or "17,23,8". If several
would read as one, they are written with spaces, "1, 234", so that the canonical form reads as the
same answer. Nothing else in the tags is an answer.
"""

from __future__ import annotations

import re

from model.tasks.chain import MOST_DIGITS

DIGITS = 9  # maximum in a number of an expression: far beyond any problem
TERMS = 10  # maximum in an expression
#: Equivalent characters, replaced one for one, so that positions in the text do not change.
_TYPED = {
    "-": "−–—‐‑‒―﹣－",
    "+": "＋",
    "*": "×·⋅∙∗✕✖⨯＊",
    "/": "÷∕⁄／",
    "=": "＝",
    "'": "’‘ʼ′",
    ",": "，",
    **{str(digit): chr(ord("０") + digit) for digit in range(10)},
    " ": "\t\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
    "\u200b\u2060\ufeff",
}
_PLAIN = str.maketrans({other: one for one, others in _TYPED.items() for other in others})
#: an x between numbers; 0x10 is one number in another base
_TIMES = re.compile(r"(?<=\d)(?<!(?<!\d)0)[xX](?=\d)|(?<=\d )[xX](?= ?\d)|(?<=\d)[xX](?= \d)")

#: a number, with or without separators between its groups of three
GROUPED = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:'\d{3})+|\d{1,3}(?: \d{3})+|\d{1,3}(?:_\d{3})+|\d+)"
NUMBER = rf"{GROUPED}(?![\d_']|,\d)"
_SEPARATORS = re.compile(r"[ ,'_]")
_ONE = re.compile(rf"([+-]?) *({NUMBER})(?:\.0*)?")

_WRAPPED = re.compile(
    r"\$\$(.*)\$\$|\$(.*)\$|\\\((.*)\\\)|\\\[(.*)\\\]|\\boxed *\{(.*)\}|=(.*)", re.DOTALL
)
_WRAPPINGS = 5  # maximum around an answer


def ascii_of(text: str) -> str:
    """The text with operators, separators and spaces in ASCII, character for character."""
    return _TIMES.sub("*", text.translate(_PLAIN))


def numbers(text: str, several: bool) -> tuple[int, ...] | None:
    """The numbers in a text that is an answer; None if it is not one.

    `several` says whether several numbers are expected, as for a pick: then "117,123" is two
    numbers, otherwise one.
    """
    text = ascii_of(text).replace("{,}", "'").replace("\\,", " ").strip()
    for _ in range(_WRAPPINGS):
        if text.endswith(".") and not text.endswith(".."):
            text = text[:-1].rstrip()
        if match := _WRAPPED.fullmatch(text):
            text = match[match.lastindex or 0].strip()
    one = None if several else _number(text)
    found = [one] if one is not None else [_number(part) for part in text.split(",")]
    known = tuple(number for number in found if number is not None)
    return known if len(known) == len(found) else None


def written(answer: tuple[int, ...], several: bool) -> str:
    """The canonical form of an answer, which `numbers` reads back as the same."""
    text = ",".join(map(str, answer))
    return text if numbers(text, several) == answer else ", ".join(map(str, answer))


def in_order(answer: str) -> str:
    """The answer to a pick with its numbers sorted, for voting."""
    return ",".join(sorted(answer.split(","), key=int))


def _number(text: str) -> int | None:
    match = _ONE.fullmatch(text.strip())
    return None if match is None else whole(match[1] + match[2], MOST_DIGITS)


def without_separators(text: str) -> str:
    """Numbers and signs as Python writes them, except that leading zeros remain."""
    return _SEPARATORS.sub("", text)


def whole(number: str, digits: int = DIGITS) -> int | None:
    """The value of a number with its sign and separators; None if it has more than `digits`."""
    plain = without_separators(number)
    return int(plain) if len(plain.lstrip("+-")) <= digits else None


def evaluate(expression: str) -> int | None:
    """The value of a flat expression of +, -, * and /, products first, in whole numbers.

    None for a division by zero or with a remainder, and beyond `DIGITS` and `TERMS`.
    """
    first, *rest = re.split(r"(?<=\d)([-+*/])", expression)
    if len(rest) >= 2 * TERMS or any(len(n.lstrip("+-")) > DIGITS for n in (first, *rest[1::2])):
        return None
    total, product = 0, int(first)
    for op, number in zip(rest[::2], map(int, rest[1::2]), strict=True):
        if op == "*":
            product *= number
        elif op == "/":
            if number == 0 or product % number:
                return None
            product //= number
        else:
            total, product = total + product, -number if op == "-" else number
    return total + product
