"""Numbers, answers and equations in a text, however they are typed.

What a text states is read exactly, or not at all. Signs and separators are those that people and
models use: `-` and `−`, `*`, `×`, `·` and a small `x` between numbers, `/`, `÷` and `∕` where it
divides without remainder; 1,234 and 1 234, 1'234 and 1_234.

**An equation** is judged only where its surroundings are known to leave it whole. Before it stand
nothing, a bracket, a tag, a trace's own word, or an equation with its comma or full stop; after it
the same, or the digits of a comparison. Anything else, a word, a sign, a number, may be a part of
it: "twenty 5+1=26", "1+1=2 million", "3:1+1=2". Such an equation is neither right nor wrong. One
line is one surrounding: in "In binary, 1+1=10" the comma helps nothing. Only in a line that begins
as a trace does, what a trace garbles ends with its next own word.

Nor is an equation called wrong that another reading makes right: numbers with separators (1,250 may
be a decimal), a left side behind a sign or a dash, and ranges, dates and the numbers of phones,
which look like differences and quotients: "9-17=8", "2020-2024 = 5", "555-0199 = 24".

**An answer** is one whole number, or several with commas between them: with a sign or none, with
separators, with zeros before it or behind a decimal point, after an equals sign, in `\\boxed{}`,
`\\(...\\)`, `\\[...\\]` or between dollar signs. 175, `=175`, 175.0, 0175 and `\\boxed{175}` are
one answer; it is written as Python writes its numbers, "-28" or "17,23,8". Where several would read
as one, they are written with spaces, "1, 234": what is written reads as the same answer. Nothing
else in the tags is an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from model.tasks.problem import WORDS

DIGITS = 9  # of a number: far beyond any problem, and safe to multiply
TERMS = 10  # of an equation's left side
_LONGEST = 240  # characters of it
_NEAR = 60  # characters around an equation that may say how it is to be read

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

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:'\d{3})+|\d{1,3}(?: \d{3})+|\d{1,3}(?:_\d{3})+|\d+)"
_NUMBER = rf"{_DIGITS}(?![\d_']|,\d)"
_SIDE = re.compile(rf"[+-]? *{_NUMBER}(?: *[*/+-] *[+-]?{_NUMBER})+ *")
_RESULT = re.compile(rf" *([+-]? ?{_DIGITS})")
_RUN = re.compile(r"[\d+\-*/=,'_ \n]+")
#: where a left side may begin after all: behind a dash, "so 1 - 5+3=8"
_DASHES = re.compile(r"(?<=\d) +-+ +(?=[\d-])|(?<=\d) +(?=-\d)")

_OWN = {word.strip(" :") for words in WORDS.values() for word in words.values()}
_LETTER = r"[^\W\d_]"
_OWN_WORD = re.compile(rf"(?:{'|'.join(sorted(_OWN, reverse=True))})(?!{_LETTER})", re.IGNORECASE)
_TAG = r"</?[a-z]+>"
_TAG_BEGINS = re.compile(rf"{_TAG}|</?[a-z]*$", re.IGNORECASE)
#: What tells whether a line is known up to a place; a stretch of anything else is unknown.
_MARKS = re.compile(
    rf"(?P<own>(?<!{_LETTER}){_OWN_WORD.pattern})|(?P<fresh>{_TAG}|\n)"
    r"|(?P<unknown>[^\s\d+\-*/=,.;:!?…()\[\]{}'_]+)",
    re.IGNORECASE,
)
_COMPLETE = re.compile(r"[.;!?…)\]}\d] *$|^\s*$|\n *$")  # a line that goes on in no other
_DIGIT_PAIR = r"[0-9]/[0-9](?![\d+\-*/=]|\.\d| *[+\-*/=])"
#: Digits side by side, as they stand behind a result: ` 6/6 7/7`; few spaces, for the time it takes
COMPARED = re.compile(rf"(?: {{1,4}}{_DIGIT_PAIR})+")
_CUT = re.compile(r" +\d(?:/|$)")  # the beginning of one, or what a trace makes of it
_STATED = re.compile(rf"(?:= *[+-]? ?{_DIGITS}|\d/\d)[)\]}}]*\Z")  # what a comma may stand behind
_COPULA = re.compile(r"(?:이다|이고|이며|이므로|이니|이에요|예요|인데|입니다)(?![가-힣])")
_GARBLED = re.compile(rf"{_LETTER}+ ?[\d+\-*/=]")  # ", rice0+7=": another step, whatever it says
_GROUP = re.compile(r" *(\d{3})(?!\d| *[+\-*/])")

#: A left side that may be no arithmetic: a range, a date, a phone's number.
_JOINED = re.compile(r"\d+(?:-\d+)+|\d+(?:/\d+)+")
_DATE = re.compile(r"(?:19|20)\d\d([-/])(?:1[0-2]|[1-9])\1(?:3[01]|[12]\d|[1-9])")
_PADDED = re.compile(r"(?<!\d)0\d")  # 0199, 02, 01
_SEPARATORS = re.compile(r"[ ,'_]")
_ONE = re.compile(rf"([+-]?) *({_NUMBER})(?:\.0*)?")

_WRAPPED = re.compile(
    r"\$\$(.*)\$\$|\$(.*)\$|\\\((.*)\\\)|\\\[(.*)\\\]|\\boxed *\{(.*)\}|=(.*)", re.DOTALL
)
_WRAPPINGS = 5  # around an answer, at most


@dataclass(frozen=True)
class Equation:
    """An equation in a text: its characters `start` to `end`, and both sides.

    `left` is the left side as Python writes its numbers, without spaces, separators and a first
    plus; `value` is what it comes to, and `stated` what the text says that it comes to.
    """

    start: int
    end: int
    left: str
    value: int
    stated: int


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
    surroundings = _Surroundings(plain)
    for run in _RUN.finditer(plain):
        begins = run.start()
        while (at := plain.find("=", begins, run.end())) >= 0:
            comma, line = plain.rfind(", ", begins, at), plain.rfind("\n", begins, at)
            start = max(begins, comma + 1, line + 1)
            while plain[start] == " ":
                start += 1
            chained = start > run.start() and plain[start - 1] == "="  # a = b = c is not judged
            if surroundings.known(start) and not chained:
                found = _equation(plain, start, at, surroundings.trace)
                if found is not None:
                    yield found
            begins = at + 1


def _equation(plain: str, start: int, at: int, trace: bool) -> Equation | None:
    """The equation with its left side in [start, at), an equals sign at `at`; if it is judged."""
    result = _RESULT.match(plain, at + 1)
    if result is None or at - start > _LONGEST:
        return None
    end = result.end()
    whole = _read(plain, start, at, end)
    if whole is None or not (_before(plain, start, trace) and _after(plain, end, trace)):
        return None
    right = whole.value == whole.stated
    group = _GROUP.match(plain, end + 1) if plain[end : end + 1] == "," else None
    if group and (group[1][0] == "0" or int(f"{whole.stated}{group[1]}") == whole.value):
        return None  # "=1, 234"
    if right:
        return whole
    signed = not plain[start].isdecimal()
    separated = re.search(r"\d[ ,'_]\d", plain[start:end])
    if signed or separated or _other(plain, at, whole):
        return None
    tails = (_read(plain, m.end(), at, end) for m in _DASHES.finditer(plain, start, at))
    return None if any(tail and tail.value == tail.stated for tail in tails) else whole


def _read(plain: str, start: int, at: int, end: int) -> Equation | None:
    """The equation that stands in [start, end); None if its left side is no flat expression."""
    if not _SIDE.fullmatch(plain, start, at):
        return None
    left = _SEPARATORS.sub("", plain[start:at])
    value, stated = evaluate(left), _int(plain[at + 1 : end])
    if value is None or stated is None:
        return None
    left = re.sub(r"\d+", lambda number: str(int(number[0])), left).removeprefix("+")
    return Equation(start, end, left, value, stated)


class _Surroundings:
    """Up to where the lines of a text are known; asked from the left to the right."""

    def __init__(self, plain: str) -> None:
        self._plain = plain
        self._marks = _MARKS.finditer(plain)
        self._next = next(self._marks, None)
        self._begin()

    def _begin(self) -> None:
        self._known, self._own, self._lost = True, False, False

    @property
    def trace(self) -> bool:
        """Whether the line up to there has a trace's own words, and nothing unknown since."""
        return self._own and self._known

    def known(self, place: int) -> bool:
        """Whether nothing unknown stands in the line before a place, or a trace began anew."""
        while (mark := self._next) is not None and mark.start() < place:
            if mark["fresh"]:
                before = self._plain[max(0, mark.start() - _NEAR) : mark.start()]
                if mark["fresh"] != "\n" or _COMPLETE.search(before):
                    self._begin()
            elif mark["own"]:
                self._own, self._known = True, not self._lost
            else:
                self._known, self._lost = False, self._lost or not self._own
            self._next = next(self._marks, None)
        return self._known


def _before(plain: str, start: int, trace: bool) -> bool:
    """Whether what stands before a left side, in a line that is known, leaves it a left side."""
    before = plain[max(0, start - _NEAR) : start]
    text = before.rstrip(" \n")
    spaces, last = before[len(text) :], text[-1:]
    if not last:
        return start < _NEAR
    if last.isalpha():
        return bool(spaces) or "가" <= last <= "힣"
    if last in "([{":
        return text[-2:-1] in ("", *" \n([{")
    if last == ">":
        return re.search(f"{_TAG}$", text) is not None
    if "\n" in spaces and (last.isdecimal() or last in ")]}"):
        return plain[start].isdecimal()
    if last not in ",.;:!?…":
        return False
    said = text.rstrip(",.;:!?…)]} ")
    if said[-1:].isalpha():
        return bool(spaces) or last in ",;:"
    if (
        trace and last == "," and not re.match(r"\d{3}(?!\d)", plain[start : start + 4])
    ):  # not "100, 000+1"
        return bool(spaces)
    return bool(spaces) and last != ":" and (not said or _STATED.search(said) is not None)


def _after(plain: str, end: int, trace: bool) -> bool:
    """Whether what stands after a result leaves it a result."""
    if compared := COMPARED.match(plain, end):
        end = compared.end()
    if trace and (compared or _CUT.match(plain, end)):
        return True
    rest = re.sub(r"^[)\]}]+", "", plain[end : end + _NEAR])
    following = rest.lstrip(" \n")
    spaces = rest[: len(rest) - len(following)]
    if not following:
        return end + _NEAR >= len(plain)
    if "\n" in spaces:
        return following[0] not in "+-*/=%‰°√^!,.:"
    if _COPULA.match(following) or _TAG_BEGINS.match(following):
        return True
    if following[0] not in ",.;:?…":
        return (bool(spaces) or not following[0].isascii()) and _is_own(following)
    beyond = following.lstrip(",.;:?…)]}")
    said = beyond.lstrip(" \n")
    if beyond == said and said:
        return _is_own(said) or _TAG_BEGINS.match(said) is not None
    if following[0] not in ",:" or not said or "\n" in beyond[: len(beyond) - len(said)]:
        return not (spaces and said[:1].isdecimal())  # "2 . 3"
    if said[0].isdecimal() or said[0] in "+-":
        return following[0] == "," and not spaces
    return _is_own(said) or _GARBLED.match(said) is not None


def _is_own(text: str) -> bool:
    """Whether a text begins with a trace's own word, or is the beginning of one."""
    unfinished = len(text) < _NEAR and any(word.startswith(text) for word in _OWN)
    return unfinished or _OWN_WORD.match(text) is not None


def _other(plain: str, at: int, wrong: Equation) -> bool:
    """Whether an equation that is wrong as arithmetic may state something else.

    Its left side is numbers between hyphens or slashes, as ranges, dates and phones have them. What
    a model writes of its own, "then 12-50=38", is arithmetic: nothing speaks against it.
    """
    if wrong.stated < 0 or not _JOINED.fullmatch(wrong.left):
        return False
    typed, ascends = plain[wrong.start : at], wrong.value < 0
    tight = not re.search(r" [-/]|[-/] ", typed)
    if tight and (_DATE.fullmatch(wrong.left) or _PADDED.search(typed)):
        return True
    if tight and ascends and typed.endswith(" "):  # "3-5 = 3", where a model writes "3-5=-2"
        return True
    before = plain[max(0, wrong.start - _NEAR) : wrong.start].rstrip(" ")
    after = plain[wrong.end : wrong.end + _NEAR].lstrip(" ")
    if tight and (before[-1:].isalpha() or before[-1:] == "," or _is_own(after or " ")):
        return False
    return ascends and wrong.stated + wrong.value in (0, 1)  # from 9 to 17: 8, or with both 9
