"""Equations that Python's own integers confirm, typed in every way: none is ever called wrong.

Nor is one called right that they refute. And the same of answers: every way of typing the right one
is right, and an answer is one vote.
"""

from __future__ import annotations

import random

from model.tasks import chain
from model.tasks.check import is_correct, judge

_OPERATORS = {
    "+": ["+", "＋"],
    "-": ["-", "−", "–", "—", "‐"],
    "*": ["*", "×", "·", "⋅", "x", "X", "∗"],
    "//": ["/", "÷", "∕", ":", "//", " : ", "⁄"],
    "**": ["**", "^", " ^ "],
    "%": ["%", " % ", " mod ", " modulo "],
}
_SPACES = ["", "", "", " ", " ", "\u00a0", "\u2009", "  ", "\n", "\t"]
_GROUPS = ["", "", "", ",", " ", "'", "_", "’", "\u202f", "\u00a0", "."]
_POWERS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BEFORE = [
    *("", "", "first ", "then ", "so ", "check ", "먼저 ", "검산 ", "따라서", "Step 1: "),
    *("1. ", "2) ", "- ", "* ", "• ", "**", "$", "`", "(", "we get ", "thus, ", "x = ", "=> "),
    *("-> ", "Step 1 – "),
    *("step 3 ", "3, ", "2; ", "7 ", "1+\n", "ok\n", "12+30=42, ", "12+30=42,", "#4 ", "12+30=42 "),
    *("No. 5: ", "a:", "…", "\\(", "\\[ ", "답: ", "| ", "> ", '"', "'", "5 plus ", "half of "),
    *("1- ", "20· ", "30/ ", "7—"),
    *("In binary, ", "16진수로 ", "sum of 4, ", "steps ", "Jan ", "\\frac{1}{2}", "Total: "),
]  # fmt: skip
_AFTER = [
    *(
        "",
        "",
        ".",
        ", ",
        "!",
        "?",
        " ok",
        " 맞음",
        "이다",
        ". 000",
        ", 2진법",
        "**",
        "$",
        "`",
        ")",
        "\n",
        "\n- 1+2=3",
    ),
    *(", 12+30=42", ",12+30=42", " 12+30=42", "; 1+1=2", ". 2+2=4", " (sum)", " - done", "…", " |"),
    *(".0", "\\)", " \\]", " = that", '"', "'", " ✓", "✓", " 0/0 6/6 7/7 ok", "e0", " and 5 more"),
    *(" km", " in all", ", in binary", "이고", "</think>", ". So", "?"),
]
#: What makes another number of the one behind it, or before it, as no list can hold them.
_MORE_BEFORE = [
    "twenty ",
    "오십 ",
    "영하 ",
    "마이너스 ",
    "두 배 ",
    "1 and ",
    "5 more than ",
    "10 choose ",
    "2 . ",
    "3 \\cdot ",
    "100\\, ",
    "2 ｘ ",
    "2 х ",
    "100 ー ",
    "7 &times; ",
    "3:",
    "2^",
    "1에 ",
    "3 times ",
    "so in binary, then ",
    "Mod 12\n",
    "In binary:\n\n",
    "20-<b>",
]
_MORE_AFTER = [
    *(" thousands", " million", " 백만", " hour", "_12", ", 000", "만", "%", "시", ", mod 7"),
    *("; base 3", "\n(mod 9)", "\nmod 9", "<sup>2</sup>", "; plus 7"),
]  # fmt: skip

#: Words that say how to read all equations of a text, from before or from behind.
_MEANINGS = [
    ("mod {}", 12), ("Modulo {}", 7), ("모듈로 {}", 9), ("[{}]", 12), ("{} is the modulus", 11),
    ("All of this is mod {}", 5), ("{}로 나눈 나머지", 6),
]  # fmt: skip
_JOINS = [
    ", ",
    ". ",
    ".\n",
    "\n",
    "\n\n",
    "; ",
    "! ",
    " ok, ",
    ".\nso ",
    ". Then ",
    ", then 1+1=2, ",
]
_GAPS = ["\n", "\n\n", " \n ", ",\n", ", ", ". ", ".\n", "; ", "' "]  # within a number


_AROUND = [
    ("", ""), ("=", ""), ("= ", ""), ("\\boxed{", "}"), ("\\boxed {", "}"), ("$", "$"),
           ("$$", "$$"), ("\\(", "\\)"), ("\\[", "\\]"), ("\u200b", ""),
    ("\ufeff", ""),
]  # fmt: skip


def case(rng: random.Random) -> None:
    text, value = rendering(rng)
    whole = rng.choice(_BEFORE) + text + rng.choice(_AFTER)
    problem = chain.pose("12+30", rng.choice(("en", "ko")))
    for step in judge(problem, f"<think>{whole}</think><answer>42</answer>").steps:
        assert step.right, (whole, step)
    for before, after in ((rng.choice(_MORE_BEFORE), ""), ("", rng.choice(_MORE_AFTER))):
        for lead, end in (("", ""), (rng.choice(("so ", "먼저 ", "first 1+1=2, ")), " ok")):
            whole = lead + before + text + after + end
            steps = judge(problem, f"<think>{whole}").steps
            assert all(s.text == "1+1=2" for s in steps), (whole, steps)
    for whole in (meant(rng), broken(rng)):
        steps = judge(problem, f"<think>{whole}").steps
        assert all(s.right for s in steps), (whole, steps)
    for whole in (mixed(rng), span(rng)):
        assert not judge(problem, f"<think>{whole}").steps, whole
    false, _ = rendering(rng, rng.choice((-10, -1, 1, 1000)))
    for lead, end in (("", ""), ("so ", " ok"), ("first ", ", then")):
        steps = judge(problem, f"<think>{lead}{false}{end}").steps
        assert not any(s.right for s in steps), (false, steps)
    if abs(value) < 10**9:
        said = answer(rng, value)
        asked = chain.Problem(chain.NAME, 2, "en", "", "", str(value))
        assert is_correct(asked, said), (value, said)
        assert judge(asked, f"<answer>{said}</answer>").vote == str(value), said
        apart = f"{value:,}".replace(",", rng.choice((", ", " ,")))  # several numbers, or one
        other = judge(asked, f"<answer>{apart}</answer>")
        assert other.correct == (other.vote == str(value)), apart
        assert not is_correct(asked, answer(rng, value + rng.choice((-1, 1, 1000)))), said


def meant(rng: random.Random) -> str:
    """An equation that is true of remainders, beside the words that say so."""
    words, modulus = rng.choice(_MEANINGS)
    a, b, join = rng.randrange(modulus), rng.randrange(modulus), rng.choice(_JOINS)
    parts = [f"{a}+{b}={(a + b) % modulus}", words.format(modulus)]
    rng.shuffle(parts)
    return (
        rng.choice(("", "so ", "first 1+1=2, ", "1+1=2.\n")) + join.join(parts) + rng.choice("., ")
    )


def broken(rng: random.Random) -> str:
    """A true equation, one of its numbers in two parts; or one within a bracket."""
    a, b = rng.randint(10, 99_999), rng.randint(10, 99_999)
    if rng.random() < 0.2:
        return f"so {a} + ({b}+1={a + b + 1})"
    parts = [str(a), str(b), str(a - b)]
    at = rng.choice((0, 2))
    cut = rng.randint(1, len(parts[at].lstrip("-")))
    parts[at] = f"{parts[at][:-cut]}{rng.choice(_GAPS)}{parts[at][-cut:]}"
    text = f"{parts[0]}-{parts[1]}={parts[2]}"
    return (
        rng.choice(("", "so ", "first 1+1=2, then ", "1+1=2.\n"))
        + text
        + rng.choice(("", ".", " ok"))
    )


def mixed(rng: random.Random) -> str:
    """An equation whose result is a mixed number, so that it is neither right nor wrong."""
    a, b, below = rng.randint(0, 99), rng.randint(0, 99), rng.randint(2, rng.choice((9, 16)))
    value, above = a + b + rng.choice((0, 0, 1)), rng.randint(1, below - 1)
    lead = rng.choice(("", "so ", "first 1+1=x, then ", "check ", "try ", "검산 ", "시도 "))
    end = rng.choice(("", ".", " ok", " 맞음", " no", " 아님", ", then", ". So", "이다", "\nso"))
    pair = below < 10 and str(value)[0] in f"{above}{below}"
    if pair and lead[:2] in ("ch", "tr", "검산", "시도") and end in (" no", " 아님"):
        end = ""  # with which it is a verdict
    gap, slash = rng.choice((" ", " ", "  ", "\u00a0", "\n", " \n")), rng.choice(("/", "⁄", " / "))
    return f"{lead}{a}+{b}={value}{gap}{above}{slash}{below}{end}"


def span(rng: random.Random) -> str:
    """A range and its length, after a word of a trace: an error in sign looks the same."""
    a, length = rng.randint(0, 999), rng.randint(1, 999)
    lead = rng.choice(("", "so ", "first ", "then ", "따라서 ", "first 1+1=2, ", "so 1+1=2, then "))
    end = rng.choice(("", ".", " ok", " no", " 아님", ", then", ", so 1+1", "\nso"))
    text = f"{a}-{a + length}={length + rng.choice((0, 1))}"
    return lead.replace("1+1=2", "1+1=x") + text + end


def number(rng: random.Random, value: int) -> str:
    """A number with or without separators between groups of three, in ASCII or other digits."""
    sign = rng.choice("-−–―") if value < 0 else ""
    group = rng.choice(_GROUPS)
    digits = f"{abs(value):,}".replace(",", group)
    if rng.random() < 0.05:
        digits = digits.rjust(len(digits) + rng.randint(1, 2), "0")
    if rng.random() < 0.03:
        digits = "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdigit() else c for c in digits)
    return sign + digits


def answer(rng: random.Random, value: int) -> str:
    """A number in a form in which an answer may be typed."""
    plain = f"{value:,}" if rng.random() < 0.3 else str(value)
    plain = plain.replace("-", rng.choice("-−–―")).replace(",", rng.choice(",'_ ’"))
    plain = rng.choice(("", "", "0" if value >= 0 and len(plain) < 3 else "")) + plain
    plain += rng.choice(("", "", ".", ".0", ".00"))
    around = rng.choice(_AROUND)
    return rng.choice(("", " ", "\n")) + around[0] + plain + around[1] + rng.choice(("", " ", "\n"))


def rendering(rng: random.Random, off: int = 0) -> tuple[str, int]:
    """An equation as somebody may type it, and its true value by Python's arithmetic.

    The value that it states differs by `off`.
    """
    while True:
        exact, typed = _expression(rng, 0)
        if exact.count("**") > 1:  # 9**9**9 would take for ever
            continue
        try:
            value = eval(exact, {"__builtins__": {}})  # of digits and operators made above
        except (ZeroDivisionError, ValueError):
            continue
        if isinstance(value, int) and abs(value) < 10**12:
            break
    equals = rng.choice(_SPACES[:8]) + rng.choice(("=", "=", "=", "＝")) + rng.choice(_SPACES[:8])
    if rng.random() < 0.1:  # both sides are expressions
        part = rng.randint(1, 50)
        return f"{typed}{equals}{value + off - part}+{part}", value
    return typed + equals + number(rng, value + off), value


def _expression(rng: random.Random, depth: int) -> tuple[str, str]:
    """An expression in Python, and as it may be typed."""
    count = rng.choice((2, 2, 2, 3, 3, 4, 6)) if depth == 0 else 2
    exact, typed = _operand(rng, depth)
    for _ in range(count - 1):
        op = rng.choices(list(_OPERATORS), (5, 5, 4, 2, 1, 1))[0]
        space = rng.choice(_SPACES)
        if op == "**":
            power = rng.randint(0, 3)
            raised = str(power).translate(_POWERS) if rng.random() < 0.4 else None
            exact += f"**{power}"
            typed += raised or f"{rng.choice(_OPERATORS[op])}{power}"
            continue
        right, right_typed = _operand(rng, depth)
        exact += f"{op}({right})" if right.startswith("-") else f"{op}{right}"
        typed += space + rng.choice(_OPERATORS[op]) + rng.choice((space, space, "")) + right_typed
    return exact, typed


def _operand(rng: random.Random, depth: int) -> tuple[str, str]:
    if depth < 2 and rng.random() < 0.06:
        exact, typed = _expression(rng, depth + 1)
        return f"({exact})", f"({typed})"
    value = rng.choice((rng.randint(0, 12), rng.randint(0, 999), rng.randint(0, 3_000_000)))
    if rng.random() < 0.08:
        return f"-{value}", number(rng, -value) if value else "-0"
    if rng.random() < 0.02:
        return str(value), rng.choice((hex(value), f"{value}e0", f"√{value * value}"))
    return str(value), number(rng, value)
