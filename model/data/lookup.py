"""Lookup: records of several fields, then questions that ask for one field by another (CC0).

The answer is somewhere in the context, and only its content tells where, so a model needs what
attention retains of the past. Arithmetic looks back a few tokens only and hardly distinguishes the
kinds of attention. Only answers are learnt, as nothing else is predictable. All records of a
document belong to one split by their own hash.

    Ada,Oslo,pears,34
    Kim,Lima,salt,71
    good of Lima? salt
    name of 34? Ada
"""

from __future__ import annotations

import random

from model.data.tables import CITIES, GOODS, NAMES
from model.tasks.problem import Piece, Split, split_of

DOMAIN = "lookup"
FIELDS = ("name", "city", "good", "number")
WORDS = {
    "name": NAMES,
    "city": [*CITIES, "Kyiv", "Riga", "Hanoi", "Osaka", "Dakar", "Perth", "Miami", "Turin"],
    "good": [*GOODS, "wool", "silk", "wine", "corn", "plums", "nuts", "soap"],
}
LEAST, MOST = 4, 14  # records; values of a field never repeat

LookupRecord = tuple[str, str, str, str]


def records(rng: random.Random, split: Split, n: int) -> list[LookupRecord]:
    """n records of one split that share no value."""
    columns = [rng.sample(words, len(words)) for words in WORDS.values()]
    columns.append([str(number) for number in rng.sample(range(10, 100), 90)])
    chosen: list[LookupRecord] = []
    while len(chosen) < n:
        record = (columns[0][-1], columns[1][-1], columns[2][-1], columns[3][-1])
        if split_of(f"record:{','.join(record)}") == split:
            chosen.append(record)
            for column in columns:
                column.pop()
        else:  # try other values for the same name
            for column in columns[1:]:
                rng.shuffle(column)
    return chosen


def document(rng: random.Random, split: Split) -> tuple[Piece, ...]:
    """Records, and twice as many questions about them."""
    held = records(rng, split, rng.randint(LEAST, MOST))
    pieces = [Piece("\n".join(map(",".join, held)) + "\n", learn=False)]
    for _ in held * 2:
        record = rng.choice(held)
        by, asked = rng.sample(range(len(FIELDS)), 2)
        pieces.append(Piece(f"{FIELDS[asked]} of {record[by]}? ", learn=False))
        pieces.append(Piece(record[asked]))
        pieces.append(Piece("\n", learn=False))
    return tuple(pieces)
