"""Korean particles, which depend on how the word before them ends: 은 or 는, 이 or 가, (으)로.

A text has both forms after a placeholder, "{file}이(가)", and `joined` keeps the one that fits.
"""

from __future__ import annotations

import re

#: Both forms as written → the form after a consonant, after a vowel.
FORMS = {
    "은(는)": ("은", "는"),
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "과(와)": ("과", "와"),
    "(으)로": ("으로", "로"),
}
_PARTICLE = re.compile("|".join(map(re.escape, FORMS)))
_BRACKETED = re.compile(r"\([^()]*\)$")
_FINALS = 28  # of Hangul's syllables, none and ㄹ among them
_RIEUL = 8
#: Digits whose Korean names end in ㄹ, and in another consonant; the others end in a vowel.
_DIGITS_RIEUL, _DIGITS = "178", "036"


def joined(before: str, text: str) -> str:
    """`text` as it follows `before`, with the right form of a particle at its beginning.

    Brackets and quotation marks after a word are ignored.
    """
    place = re.match(r"[)\]”’\"'`*_\s]*", text)
    assert place is not None
    found = _PARTICLE.match(text, place.end())
    if found is None:
        return text
    after_consonant, after_vowel = FORMS[found[0]]
    end = ending(before + place[0])
    vowel = not end or (found[0] == "(으)로" and end == "ㄹ")
    return place[0] + (after_vowel if vowel else after_consonant) + text[found.end() :]


def ending(word: str) -> str:
    """The final sound of a word: "" for a vowel, "ㄹ", or "-" for any other consonant.

    Punctuation is ignored. Words in Latin letters end in a consonant if their last letter is l, m
    or n.
    """
    word = word.rstrip("”’\"'`*_ ")
    word = re.sub(r"[^\w)%]+$", "", _BRACKETED.sub("", word)).rstrip("_")
    last = word[-1:]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % _FINALS
        return "" if final == 0 else "ㄹ" if final == _RIEUL else "-"
    if last in tuple(_DIGITS + _DIGITS_RIEUL):
        return "ㄹ" if last in _DIGITS_RIEUL else "-"
    letter = last.upper()
    if letter == "L" or (letter == "R" and word[-2:].isupper()):  # "RR" is spelled, "layer" read
        return "ㄹ"
    return "-" if letter in ("M", "N") else ""
