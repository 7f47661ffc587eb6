"""Finds the equations in a text that are certainly right or certainly wrong.

**An equation** is judged only if its context shows that it is complete. Before it there must be
nothing, a bracket, a tag, one of a trace's own words, or an equation with its comma or full stop;
after it the same, the next equation, or the digits of a comparison. Anything else, a word, a sign,
a number, may be part of it: "twenty 5+1=26", "1+1=2 million", "3:1+1=2", "7+8=3, mod 12". Such an
equation is neither right nor wrong. The context is the whole line, and a heading belongs to the
line below it: in "In binary, 1+1=10" the comma does not help. Only in a line that begins like a
trace, a garbled step makes the line unknown just until the trace's next own word.

An equation is called wrong only if the whole text is known. Any word of it may say how to read all
of its equations, from before or from behind: "So far, mod 12.\nso 7+8=3", "7+8=3, then 3+1=4. All
of this is mod 12." Only a trace that writes out a verdict, "=70 6/7 no", can be nothing else; words
in it are garbled steps.

**A fraction** behind a result makes a mixed number of it, "3+4=7 1/2 ok", and the equation is not
judged. A verdict looks alike if it has a single pair. It is none of a mixed number if the pair is
no proper fraction, 7/7, 0/1, 7/6; or if it follows "check" or "try", has the first digit of the
result, and ends in "no": "check 30+12=42 3/4 no". One verdict in a text that is surely one makes
the text a trace, in which all that look like verdicts are.

Nor is an equation called wrong if another reading makes it right: numbers with separators (1,250
may be a decimal, and so may 2·5) or continued on the next line, a left side after a sign, a dash or
another mark, and ranges, dates and phone numbers, which look like differences and quotients:
"9-17=8", "2020-2024 = 5", "555-0199 = 24". No rule can tell the range "so 9-17=8" from the error
"so 12-50=38" by itself: where a result is also the length of a range, it is called wrong only in a
trace with a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain as joined

from model.tasks.notation import (
    GROUPED,
    NUMBER,
    ascii_of,
    evaluate,
    whole,
    without_separators,
)
from model.tasks.problem import WORDS

_EXACT = 2**53  # values up to this are exact in browsers and tables
_LONGEST = 240  # characters of a left side
_NEAR = 60  # characters around an equation that may decide how to read it

_SIDE = re.compile(rf"[+-]? *{NUMBER}(?: *[*/+-] *[+-]?{NUMBER})+ *")
_RESULT = re.compile(rf" *([+-]? ?{GROUPED})")
_RUN = re.compile(r"[\d+\-*/=,'_ \n]+")
#: where a left side may really begin: after a mark, "so 1 - 5+3=8", "2* 5+3=8"; after a dash
_MARKED = re.compile(r"(?<=\d) *[-*/]+ +(?=[\d+-])|(?<=\d) +(?=-\d)")
_DASHED = re.compile(r"(?<=\d) *[–—―]+ *(?=[\d\-−–])")
_SIGNED = re.compile(r"(?<=\d) *[–—―]+ *(?=[\-−–―]\d)")  # after a dash: 7—–718

_OWN = {word.strip(" :") for words in WORDS.values() for word in words.values()}
_LETTER = r"[^\W\d_]"
_OWN_WORD = re.compile(rf"(?:{'|'.join(sorted(_OWN, reverse=True))})(?!{_LETTER})", re.IGNORECASE)
_TAGS = ("<think>", "</think>", "<answer>", "</answer>")
#: What determines whether a line is known up to a position; anything else makes it unknown.
_MARKS = re.compile(
    rf"(?P<own>(?<!{_LETTER}){_OWN_WORD.pattern})|(?P<fresh>{'|'.join(_TAGS)}|\n)"
    r"|(?P<unknown>[(\[{] *\d+ *[)\]}]|[^\s\d+\-*/=,.;:!?…()\[\]{}'_]+)",
    re.IGNORECASE,
)
_IN_STEP = re.compile(r"^[\d+\-*/=]|[\d+\-*/=]$")  # a mark and its neighbours, within a step
_DIGIT_PAIR = r"[0-9]/[0-9](?![\d+\-*/=]|\.\d| *[+\-*/=])"
#: Digit pairs as written after a result: ` 6/6 7/7`; the spaces are limited to bound the run time
COMPARED = re.compile(rf"(?: {{1,4}}{_DIGIT_PAIR})+")
_SAID = "|".join(words[word] for words in WORDS.values() for word in ("ok", "no"))
_NO = {words["no"] for words in WORDS.values()}
_COMPARES = "|".join(words[word].strip() for words in WORDS.values() for word in ("check", "try"))
#: A verdict, with the word before its equations if there is one, and the first pair of digits.
_VERDICT = re.compile(
    rf"(?P<word>(?:{_COMPARES})[:0-9+\-*/=, ]*?)?= ?-?(?P<first>[0-9])[0-9]*"
    rf"(?P<pairs> {{1,4}}(?P<one>[0-9]/[0-9])(?P<more> {{1,4}}[0-9]/[0-9])*)(?P<said>{_SAID})\b"
)
#: A fraction: not another equation, nor several pairs of digits.
_FRACTION = re.compile(r"[ \n]*\d+ */ *\d+(?!\d| *[+\-*/=]+ *\d|\.\d| +\d/)")
_BROKEN = re.compile(r" +\d/(?! *\d)")  # a garbled digit pair in a trace
_STATED = rf"(?:[\d)] *= *[+-]? ?{GROUPED}|\d/\d)[)\]}}]*"
_STATES = re.compile(rf"{_STATED}\Z")  # what may come before a comma
#: the end of a line that does not continue on the next; a heading, "Mod 12", does
_COMPLETE = re.compile(rf"(?:[.!?…][)\]}}]*|{_STATED})\s*\Z")
_COPULA = re.compile(r"(?:이다|이고|이며|이므로|이니|이에요|예요|인데|입니다)(?![가-힣])")
_CLOSED = re.compile(r"[)\]}]*([ \n]*)([,.;:?…)\]}]*)([ \n]*)")  # punctuation after a result
_EXPRESSION = re.compile(r"[+-]? ?\d+ *[+\-*/] *[+-]?\d")  # the next equation
_GARBLED = re.compile(r"[^\s,;]*(?:[+\-*/=]| \d/\d)")  # ", rice0+7=": a garbled step
_ITEM = re.compile(rf"(?:{_LETTER}|^|[,;:.]) *-?\d+\Z")  # a number by itself, unlike in "12+=30"
_THREE = re.compile(r"\d{3}(?!\d)")
_ZEROS = re.compile(r"(?:,|\. ) *0\d\d(?!\d| *[+\-*/])")  # 1, 000
_BETWEEN = re.compile(r"[ ,.;:'_\n]+")  # the parts of a number that goes on elsewhere

#: A left side that may not be arithmetic: a range, a date, a phone number.
_JOINED = re.compile(r"\d+(?:-\d+)+|\d+(?:/\d+)+")
_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:1[0-2]|[1-9])", "(?:3[01]|[12][0-9]|[1-9])"
_DATE = re.compile(
    rf"{_YEAR}([-/]){_MONTH}\1{_DAY}|(?:{_DAY}([-/]){_MONTH}|{_MONTH}([-/]){_DAY})(?:\2|\3){_YEAR}"
)
_PADDED = re.compile(r"(?<!\d)0\d")  # 0199, 02, 01
_MIDDLE_POINT = re.compile(r"\d[·⋅∙]\d")  # a sign, or a decimal point as in 2·5


@dataclass(frozen=True)
class Equation:
    """An equation in a text: its span from `start` to `end`, and both sides.

    `left` is the left side with numbers as Python writes them, without spaces, separators and a
    leading plus; `value` is its true value, and `stated` the value that the text states.
    """

    start: int
    end: int
    left: str
    value: int
    stated: int

    @property
    def right(self) -> bool:
        return self.stated == self.value


def equations(text: str) -> Iterator[Equation]:
    """Every equation in a text that is certainly right or certainly wrong, in order.

    The run time is linear in the length of the text, whatever it contains.
    """
    plain = ascii_of(text)
    line = _Line(plain)
    verdicts = _verdicts(plain)
    certain = bool(verdicts) or _is_known(plain)
    for run in _RUN.finditer(plain):
        begins = run.start()
        while (at := plain.find("=", begins, run.end())) >= 0:
            comma, newline = plain.rfind(", ", begins, at), plain.rfind("\n", begins, at)
            start = max(begins, comma + 1, newline + 1)
            while plain[start] == " ":
                start += 1
            chained = start > run.start() and plain[start - 1] == "="  # a = b = c is not judged
            if line.known(start) and not chained:
                found = _equation(plain, start, at, line.trace, verdicts)
                if found is None:
                    pass
                elif found.right or (certain and not _otherwise(text, plain, at, found, verdicts)):
                    yield found
            begins = at + 1


def _equation(plain: str, start: int, at: int, trace: bool, verdicts: set[int]) -> Equation | None:
    """The equation with its left side in [start, at) and "=" at `at`; None if incomplete."""
    result = _RESULT.match(plain, at + 1)
    if result is None or at - start > _LONGEST:
        return None
    end = result.end()
    found = _read(plain, start, at, end)
    if found is None or (_FRACTION.match(plain, end) and end not in verdicts):
        return None
    if not (_before(plain, start, trace) and _after(plain, end, trace)):
        return None
    return None if _ZEROS.match(plain, end) else found


def _read(plain: str, start: int, at: int, end: int) -> Equation | None:
    """The equation in [start, end); None if its left side is not a flat expression."""
    if not _SIDE.fullmatch(plain, start, at):
        return None
    left = without_separators(plain[start:at])
    value, stated = evaluate(left), whole(plain[at + 1 : end])
    if value is None or stated is None or abs(value) > _EXACT:
        return None
    left = re.sub(r"\d+", lambda number: str(int(number[0])), left).removeprefix("+")
    return Equation(start, end, left, value, stated)


def _is_known(plain: str) -> bool:
    """Whether no word of a text can say how to read its equations."""
    words = (mark["unknown"] for mark in _MARKS.finditer(plain))
    return all(not w or _COPULA.fullmatch(w) for w in words)


def _verdicts(plain: str) -> set[int]:
    """Where verdicts begin; none if all of them may be mixed numbers."""
    found = list(_VERDICT.finditer(plain))
    return {match.start("pairs") for match in found} if any(map(_is_verdict, found)) else set()


def _is_verdict(found: re.Match[str]) -> bool:
    """Whether pairs of digits before an "ok" or "no" cannot be a fraction."""
    left, right = found["one"][0], found["one"][2]
    compares = found["word"] and found["said"] in _NO and found["first"] in (left, right)
    return bool(found["more"] or compares or not "0" < left < right)


class _Line:
    """Tracks up to where each line of a text is known; queried from left to right."""

    def __init__(self, plain: str) -> None:
        self._plain = plain
        self._marks = _MARKS.finditer(plain)
        self._next = next(self._marks, None)
        self._begin()

    def _begin(self) -> None:
        self._known, self._own, self._lost = True, False, False

    @property
    def trace(self) -> bool:
        """Whether the line so far has one of a trace's own words, and nothing unknown since."""
        return self._own and self._known

    def known(self, place: int) -> bool:
        """Whether the line is known up to a position, or a trace has begun anew since."""
        while (mark := self._next) is not None and mark.start() < place:
            if mark["fresh"]:
                before = self._plain[max(0, mark.start() - _NEAR) : mark.start()]
                if mark["fresh"] != "\n" or _COMPLETE.search(before):
                    self._begin()
            elif mark["own"]:
                self._own, self._known = True, not self._lost
            else:
                touching = self._plain[max(0, mark.start() - 1) : mark.end() + 1]
                garbled = self._own and _IN_STEP.search(touching)
                self._known, self._lost = False, self._lost or not garbled
            self._next = next(self._marks, None)
        return self._known


def _before(plain: str, start: int, trace: bool) -> bool:
    """Whether the text before a left side, in a known line, shows that it is complete."""
    before = plain[max(0, start - _NEAR) : start]
    text = before.rstrip(" \n([{")
    spaces, last = before[len(text) :], text[-1:]
    if not last:
        return start < _NEAR
    if last.isalpha():
        return bool(spaces) or "가" <= last <= "힣"
    if last == ">":
        return text.endswith(_TAGS)
    if "\n" in spaces and (last.isdecimal() or last in ")]}"):
        return plain[start].isdecimal() and _STATES.search(text) is not None
    if last not in ",.;:!?…" or text.endswith(" ."):  # "2 . 3+4=10"
        return False
    said = text.rstrip(",.;:!?…)]} ")
    if said[-1:].isalpha():
        return bool(spaces) or last in ",;:"
    if said[-1:] in "+-*/":
        return False
    if trace and last == "," and not _ITEM.search(said) and not _THREE.match(plain, start):
        return bool(spaces)
    return bool(spaces) and last != ":" and _STATES.search(said) is not None


def _after(plain: str, end: int, trace: bool) -> bool:
    """Whether the text after a result shows that it is complete."""
    if compared := COMPARED.match(plain, end):
        end = compared.end()
    if trace and (compared or _BROKEN.match(plain, end)):
        return True
    rest = plain[end : end + _NEAR]
    closed = _CLOSED.match(rest)
    assert closed is not None  # it may be empty
    gap, marks, more = closed.groups()
    said = rest[closed.end() :]
    if not said:
        return end + _NEAR >= len(plain)
    if any(tag.startswith(said) or said.startswith(tag) for tag in _TAGS):
        return True
    if _OWN_WORD.match(said):
        return bool(gap or marks) or not said[0].isascii()
    if not marks:
        return _begins(said) if "\n" in gap else _COPULA.match(said) is not None
    if marks[0] in ",;:":
        another = marks[0] != ":" and not gap and _EXPRESSION.match(said) is not None
        return another or (trace and bool(more) and _goes_on(said))
    if gap and said[0].isdecimal():  # "2 . 3"
        return False
    return bool(more) and (_begins(said) or "가" <= said[0] <= "힣")


def _begins(text: str) -> bool:
    """Whether a text begins like the next equation or sentence; "000" and "5 more" do not."""
    return text[0].isupper() or _EXPRESSION.match(text) is not None


def _goes_on(text: str) -> bool:
    """Whether a text begins like the next step of a trace, cut off in its word or garbled."""
    cut = len(text) < _NEAR and any(word.startswith(text) for word in _OWN)
    return cut or _GARBLED.match(text) is not None


def _otherwise(text: str, plain: str, at: int, wrong: Equation, verdicts: set[int]) -> bool:
    """Whether another reading could make a wrong equation right."""
    start, typed = wrong.start, plain[wrong.start : at]
    separated = re.search(r"\d[ ,'_]\d", plain[start : wrong.end])
    if separated or not typed[0].isdecimal() or _MIDDLE_POINT.search(text, start, at):
        return True
    dashed = evaluate(wrong.left.replace("--", "-"))  # a dash is typed as two hyphens
    if dashed == wrong.stated or _other(plain, at, wrong, verdicts):
        return True
    begins = joined(
        _MARKED.finditer(plain, start, at),
        _DASHED.finditer(text, start, at),
        _SIGNED.finditer(text, start, at),
    )
    tails = [mark.end() for mark in begins if _SIDE.fullmatch(plain, mark.end(), at)]
    read = (_read(plain, tail, at, wrong.end) for tail in tails)
    return any(tail is None or tail.right or _other(plain, at, tail, verdicts) for tail in read)


def _other(plain: str, at: int, wrong: Equation, verdicts: set[int]) -> bool:
    """Whether an equation that is wrong as arithmetic may mean something else.

    Its value goes on elsewhere: "=1, 234". Or its left side is numbers joined by hyphens or
    slashes, as in ranges, dates and phone numbers. What a model typically writes, "then 12-50=38",
    is arithmetic if the text has a verdict, and otherwise may be the length of a range.
    """
    value, stated = str(wrong.value), str(wrong.stated)
    if value.startswith(stated) and not COMPARED.match(plain, wrong.end):
        rest = _BETWEEN.sub("", plain[wrong.end : wrong.end + _NEAR])
        if rest.startswith(value.removeprefix(stated)):
            return True
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
    model = before[-1:].isalpha() or before[-1:] == "," or _OWN_WORD.match(after) is not None
    if verdicts and tight and model:
        return False
    return ascends and wrong.stated + wrong.value in (0, 1)  # from 9 to 17: 8, or 9 inclusive
