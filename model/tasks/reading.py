"""Numbers, answers and expressions in a text, however they are typed.

What a text states is read exactly, or not at all. Signs and separators are those that people and
models use: `-` and `−`, `*`, `×`, `·` and a small `x` between numbers, `/`, `÷` and `∕` where it
divides without remainder; 1,234 and 1 234, 1'234 and 1_234. What is done with equations,
`equations.py` says.

**An answer** is one whole number, or several with commas between them: with a sign or none, with
separators, with zeros before it or behind a decimal point, after an equals sign, in `\\boxed{}`,
`\\(...\\)`, `\\[...\\]` or between dollar signs, with a full stop behind all that or none. 175,
`=175`, 175.0, 0175, `\\boxed{175}.` and "175 ." are one answer; it is written as Python writes its
numbers, "-28" or "17,23,8". Where several would read as one, they are written with spaces,
"1, 234": what is written reads as the same answer. Nothing else in the tags is an answer.
"""

from __future__ import annotations

import re

from model.tasks.chain import MOST_DIGITS

DIGITS = 9  # of a number in an expression: far beyond any problem
TERMS = 10  # of an expression

#: Other characters for the same; each for one, so that places in the text stay what they are.
_TYPED = {
    "-": "−–—‐‑‒―﹣－",
    "+": "＋",
    "*": "×·⋅∙∗✕✖⨯＊",
    "/": "÷∕⁄／",
    "=": "＝",
    "'": "’‘ʼ′",
    ",": "，",
    " ": "\t\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
    "\u200b\u2060\ufeff",
}
_PLAIN = str.maketrans({other: one for one, others in _TYPED.items() for other in others})
#: an x between numbers; 0x10 is one number in another base
_TIMES = re.compile(r"(?<=\d)(?<!(?<!\d)0)[xX](?=\d)|(?<=\d )[xX](?= ?\d)|(?<=\d)[xX](?= \d)")

#: a number with separators between its groups of three, or with none
GROUPED = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:'\d{3})+|\d{1,3}(?: \d{3})+|\d{1,3}(?:_\d{3})+|\d+)"
NUMBER = rf"{GROUPED}(?![\d_']|,\d)"
_SEPARATORS = re.compile(r"[ ,'_]")
_ONE = re.compile(rf"([+-]?) *({NUMBER})(?:\.0*)?")

_WRAPPED = re.compile(
    r"\$\$(.*)\$\$|\$(.*)\$|\\\((.*)\\\)|\\\[(.*)\\\]|\\boxed *\{(.*)\}|=(.*)", re.DOTALL
)
_WRAPPINGS = 5  # around an answer, at most


def ascii_of(text: str) -> str:
    """The text with operators, separators and spaces as ASCII has them, character for character."""
    return _TIMES.sub("*", text.translate(_PLAIN))


def numbers(text: str, several: bool) -> tuple[int, ...] | None:
    """The numbers of the answer that a text is; None if it is none.

    `several`: whether numbers with commas between them are expected, as for a pick; then "117,123"
    is two numbers, else one.
    """
    text = ascii_of(text).strip()
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
    """The one way to write an answer: `numbers` reads it as the same."""
    text = ",".join(map(str, answer))
    return text if numbers(text, several) == answer else ", ".join(map(str, answer))


def in_order(answer: str) -> str:
    """The answer to a pick as it votes: its numbers may come in any order."""
    return ",".join(sorted(answer.split(","), key=int))


def _number(text: str) -> int | None:
    match = _ONE.fullmatch(text.strip())
    return None if match is None else whole(match[1] + match[2], MOST_DIGITS)


def without_separators(text: str) -> str:
    """Numbers and signs as Python writes them, but for zeros before a number."""
    return _SEPARATORS.sub("", text)


def whole(number: str, digits: int = DIGITS) -> int | None:
    """The value of a number with its sign and separators; None beyond so many digits."""
    plain = without_separators(number)
    return int(plain) if len(plain.lstrip("+-")) <= digits else None


def evaluate(expression: str) -> int | None:
    """The value of a flat expression of +, -, * and /, products first, in whole numbers.

    None where a division leaves a remainder or is one by zero, and beyond `DIGITS` and `TERMS`.
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
