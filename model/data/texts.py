"""Text of four clearly distinct domains, so that experts have something to specialise in.

    prose   the King James Version, in the public domain (text of Debian's bible-kjv-text)
    code    modules of Python 3.11's standard library (Python Software Foundation Licence)
    korean  our own grammar's sentences (CC0)
    tables  our own lists and tables (CC0)

Held-out text never occurs in training: real text is cut into passages, which belong to a split by
their hash, and a training passage that shares twelve consecutive words with a held-out one is
dropped; generated sentences and rows belong to a split by their own hash.
"""

from __future__ import annotations

import functools
import lzma
import random

from model import ASSETS
from model.data import korean, tables
from model.tasks.problem import Split, split_of

DOMAINS = ("prose", "code", "korean", "tables")
FOLDER = ASSETS / "corpus"
PASSAGE = 1200  # characters, approximately; passages end at a line's end
SHINGLE = 12  # consecutive words that no training passage shares with a held-out one


def shingles(text: str) -> set[int]:
    """Hashes of all runs of `SHINGLE` consecutive words."""
    words = text.split()
    return {hash(tuple(words[i : i + SHINGLE])) for i in range(len(words) - SHINGLE + 1)}


@functools.cache
def passages(domain: str, split: Split) -> list[str]:
    """All passages of a real-text domain ("prose" or "code") in one split."""
    source = lzma.decompress((FOLDER / f"{domain}.txt.xz").read_bytes()).decode()
    cut: list[str] = []
    lines: list[str] = []
    for line in source.splitlines():
        lines.append(line)
        if sum(map(len, lines)) >= PASSAGE:
            cut.append("\n".join(lines).strip("\n"))
            lines = []
    heldout = [p for p in cut if split_of(f"{domain}:{p}") == "heldout"]
    if split == "heldout":
        return heldout
    closed = set().union(*map(shingles, heldout))
    rest = [p for p in cut if split_of(f"{domain}:{p}") == "train"]
    return [p for p in rest if closed.isdisjoint(shingles(p))]


def document(rng: random.Random, domain: str, split: Split) -> str:
    """A random document of one domain, about a thousand characters long."""
    if domain == "korean":
        return korean.document(rng, split, rng.randint(8, 30))
    if domain == "tables":
        return tables.document(rng, split, rng.randint(4, 24))
    return rng.choice(passages(domain, split))
