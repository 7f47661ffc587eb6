"""Numbers, answers and equations in a text, however they are typed.

What a text states is read exactly, or not at all. Signs and separators are those that people and
models use: `-` and `−`, `*`, `×`, `·` and a small `x` between numbers, `/`, `÷` and `∕` where it
divides without remainder; 1,234 and 1 234, 1'234 and 1_234. Of an equation that could be read in
more than one way ("step 1 200+5=205", "- 5+3=8", "1 000+1=1001"), the way counts in which it is
right; if there is none, it is left alone. So is whatever the grammar does not know: powers, roots,
factorials, percent, brackets, decimals, ratios, other bases, parts that are written in words.

**An answer** is one whole number, or several with commas between them: with a sign or none, with
separators, with zeros before it or behind a decimal point, after an equals sign, in `\\boxed{}` or
between dollar signs. 175, `=175`, 175.0, 0175 and `\\boxed{175}` are one answer; it is written as
Python writes its numbers, "-28" or "17,23,8". Nothing else in the tags is an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

DIGITS = 9  # of a number: far beyond any problem, and safe to multiply
TERMS = 10  # of an equation's left side
_LONGEST = 240  # characters of it
_NEAR = 60  # characters around an equation that may say how it is to be read

#: Other characters for the same; each for one, so that places in the text stay what they are.
_TYPED = {
    "-": "−–—‐‑‒﹣－",
    "+": "＋",
    "*": "×·⋅∙∗✕✖⨯＊",
    "/": "÷∕⁄／",
    "=": "＝",
    "'": "’‘ʼ′",
    ",": "，",
    " ": "\t\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
}
_PLAIN = str.maketrans({other: one for one, others in _TYPED.items() for other in others})
#: an x between numbers; 0x10 is one number in another base
_TIMES = re.compile(r"(?<=\d)(?<!(?<!\d)0)[xX](?=\d)|(?<=\d )[xX](?= ?\d)|(?<=\d)[xX](?= \d)")

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:'\d{3})+|\d{1,3}(?: \d{3})+|\d+(?:_\d+)+|\d+)"
_NUMBER = rf"{_DIGITS}(?![\d_']|,\d)"
_SIDE = re.compile(rf"[+-]? *{_NUMBER}(?: *[*/+-] *[+-]?{_NUMBER})+ *")
_RESULT = re.compile(rf" *([+-]? ?{_DIGITS})")
_RUN = re.compile(r"[\d+\-*/=,'_ \n]+")
#: where a left side may begin: after signs, after a number and a space or comma, after a dash
_BEGINNINGS = re.compile(
    r"^[*/+ ,'_-]*(?=\d)|(?<=\d) +-+ +(?=[\d-])|(?<=\d) +(?=-\d)|(?<=\d)[ ,]+(?=\d)"
)

#: Words that may be a part of an equation beside which they stand; then it is not called wrong.
_PARTS = re.compile(
    r"\b(?:plus|minus|times|divided|by|over|of|mod|modulo|div|less|negative|subtract|add|sqrt|root"
    r"|squared?|cubed?|power|to the|half|halves|twice|double|thirds?|quarters?|point|percent"
    r"|hundred|thousand|million|billion|dozen|remainder|base|binary|octal|hex|log|ln|factorial"
    r"|[a-z])\b|더하기|빼기|곱하기|나누기|제곱|루트|나머지|진법|퍼센트|분의|음수|절반"
    r"|(?<![가-힣])[십백천만억조](?![가-힣])",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.,;:=]")  # of a clause
_KOREAN_NUMERALS = "십백천만억조경"
_SEPARATORS = re.compile(r"[ ,'_]")
_ONE = re.compile(rf"([+-]?) *({_NUMBER})(?:\.0*)?")

#: How an equation's surroundings leave it: read for sure; in more than one way; not at all.
_SURE, _DOUBTFUL, _UNREAD = 2, 1, 0


@dataclass(frozen=True)
class Equation:
    """An equation in a text: its characters `start` to `end`, and both sides.

    `left` is the left side in ASCII, without spaces and separators, `value` what it comes to, and
    `stated` what the text says that it comes to.
    """

    start: int
    end: int
    left: str
    value: int
    stated: int


def ascii_of(text: str) -> str:
    """The text with operators, separators and spaces as ASCII has them, character for character."""
    return _TIMES.sub("*", text.translate(_PLAIN))


def answer(text: str, several: bool) -> str | None:
    """The answer that a text is, in its one way of writing it; None if it is none.

    `several`: whether numbers with commas between them are expected, as for a pick; then "117,123"
    is two numbers, else one.
    """
    text = ascii_of(text).strip()
    for opening, closing in (("=", ""), ("$", "$"), ("\\boxed{", "}"), ("=", "")):
        if len(text) > len(opening) and text.startswith(opening) and text.endswith(closing):
            text = text[len(opening) : len(text) - len(closing)].strip()
    one = None if several else _number(text)
    numbers = [one] if one is not None else [_number(part) for part in text.split(",")]
    found = [str(number) for number in numbers if number is not None]
    return ",".join(found) if len(found) == len(numbers) else None


def in_order(answer: str) -> str:
    """An answer as it votes: the numbers of a pick may come in any order."""
    return ",".join(sorted(answer.split(","), key=int))


def _number(text: str) -> int | None:
    match = _ONE.fullmatch(text.strip())
    return None if match is None else _int(match[1] + match[2])


def _int(number: str) -> int | None:
    """The value of a number with its sign and separators; None beyond `DIGITS`."""
    plain = _SEPARATORS.sub("", number)
    return int(plain) if len(plain.lstrip("+-")) <= DIGITS else None


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


def equations(text: str) -> Iterator[Equation]:
    """Every equation in a text that is surely right or surely wrong, in order.

    It takes a time that grows with the length of the text, whatever stands there.
    """
    plain = ascii_of(text)
    for run in _RUN.finditer(plain):
        begins = run.start()
        while (at := plain.find("=", begins, run.end())) >= 0:
            comma, line = plain.rfind(", ", begins, at), plain.rfind("\n", begins, at)
            start = max(begins, comma + 1, line + 1)
            chained = start > run.start() and plain[start - 1] == "="  # a = b = c is not judged
            if not chained and (found := _equation(plain, start, at)) is not None:
                yield found
            begins = at + 1


def _equation(plain: str, start: int, at: int) -> Equation | None:
    """The equation with its left side in [start, at), an equals sign at `at`; if it is judged."""
    result = _RESULT.match(plain, at + 1)
    if result is None or at - start > _LONGEST:
        return None
    left = plain[start:at].lstrip(" ")
    start, end = at - len(left), result.end()
    sure = min(_before(plain, start), _after(plain, end))
    if sure == _UNREAD:
        return None
    places = [0] if left[:1].isdecimal() or left[:1] in ("+", "-") else []
    whole = _read(plain, start, at, end) if places else None
    if whole is not None and whole.value == whole.stated:
        return whole
    places += [match.end() for match in _BEGINNINGS.finditer(left)]
    ends = [end]
    if cut := re.search(r"(?<=\d)[ ,]", result[1]):  # "=42 100" may be 42, and then 100
        ends.append(result.start(1) + cut.start())
    for place in places:
        for other in ends:
            found = _read(plain, start + place, at, other)
            if found is not None and found.value == found.stated:
                return found
    sure = min(sure, _DOUBTFUL if left[:1] in ("+", "-") else _SURE, _words(plain, start, end))
    return whole if sure == _SURE else None


def _read(plain: str, start: int, at: int, end: int) -> Equation | None:
    """The equation that stands in [start, end); None if its left side is no flat expression."""
    if not _SIDE.fullmatch(plain, start, at):
        return None
    left = _SEPARATORS.sub("", plain[start:at])
    value, stated = evaluate(left), _int(plain[at + 1 : end])
    return None if value is None or stated is None else Equation(start, end, left, value, stated)


def _before(plain: str, start: int) -> int:
    """What stands before a left side, and whether that leaves it a left side."""
    before = plain[max(0, start - _NEAR) : start]
    text = before.rstrip(" \n")
    spaces, last = before[len(text) :], text[-1:]
    if not last:
        return _SURE if start < _NEAR else _DOUBTFUL
    if last in "+-*/^(=":
        return _DOUBTFUL
    if last == ":":  # "step 1: 2+3=5", "10:2+3=8"
        return _SURE if text[-2:-1].isalpha() else _DOUBTFUL
    if "\n" in spaces:
        return _SURE if last.isalnum() or last in ",;.?!…)" else _DOUBTFUL
    if "가" <= last <= "힣":
        return _UNREAD if last in _KOREAN_NUMERALS and not spaces else _SURE
    if spaces:
        if last.isalpha() or last in ",;.?!…":
            return _SURE
        return _DOUBTFUL if last in ")]>#\"'”’*|" else _UNREAD
    return _SURE if last == ";" else _DOUBTFUL if last in "([{\"'“‘>|" else _UNREAD


def _after(plain: str, end: int) -> int:
    """What stands after a result, and whether that leaves it a result."""
    rest = plain[end : end + _NEAR]
    following = rest.lstrip(" \n")
    spaces = rest[: len(rest) - len(following)]
    if not following:
        return _SURE if len(rest) < _NEAR else _DOUBTFUL
    if match := re.match(r"[-+*/]+", following):
        beyond = following[match.end() :]
        if re.match(r"\s*[\d(\\√]|\w", beyond) or (match[0] != "-" and beyond[:1].isspace()):
            return _DOUBTFUL if "\n" in spaces else _UNREAD
        return _SURE if set(match[0]) == {"-"} else _DOUBTFUL
    if following[0] == "=" or (following[0] in "%‰°√^!" and "\n" not in spaces):
        return _DOUBTFUL if following[0] == "!" and following[1:2] != "=" else _UNREAD
    if "\n" in spaces:
        return _SURE
    if re.match(r" \d{3}(?!\d)", rest):
        return _DOUBTFUL
    if spaces:
        return _SURE if following[0].isalnum() or following[0] in ",.;:?)]}>→…\"'”" else _DOUBTFUL
    if following[0] in ",.:":
        glued = re.match(r"[,.:]+\d", following)
        return _SURE if not glued else _DOUBTFUL if following[0] == "," else _UNREAD
    if "가" <= following[0] <= "힣":
        return _UNREAD if following[0] in _KOREAN_NUMERALS else _SURE
    return _SURE if following[0] in ";?→…" else _DOUBTFUL if following[0] in ")]}\"'”|" else _UNREAD


def _words(plain: str, start: int, end: int) -> int:
    """Whether words beside an equation may be a part of it."""
    before = _ENDS.split(plain[max(0, start - _NEAR) : start])[-1]
    after = _ENDS.split(plain[end : end + _NEAR])[0]
    return _DOUBTFUL if _PARTS.search(before) or _PARTS.search(after) else _SURE
