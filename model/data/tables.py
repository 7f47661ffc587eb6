"""Lists and tables from a seed: Markdown, CSV, numbered lists, key-value records (CC0)."""

from __future__ import annotations

import random
from collections.abc import Callable

from model.tasks.problem import Split, split_of

NAMES = [
    "Ada",
    "Bo",
    "Chen",
    "Dana",
    "Eli",
    "Fay",
    "Gus",
    "Hana",
    "Ivan",
    "Jin",
    "Kim",
    "Lee",
    "Mina",
    "Noa",
    "Omar",
    "Park",
    "Rosa",
    "Sora",
    "Tom",
    "Yuna",
]
CITIES = [
    "Seoul",
    "Busan",
    "Paris",
    "Rome",
    "Oslo",
    "Lima",
    "Cairo",
    "Delhi",
    "Tokyo",
    "Quito",
    "Bonn",
    "Accra",
]
GOODS = [
    "apples",
    "bread",
    "cheese",
    "coffee",
    "eggs",
    "flour",
    "honey",
    "milk",
    "onions",
    "pears",
    "rice",
    "salt",
    "tea",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
COLUMNS: dict[str, Callable[[random.Random], str]] = {
    "name": lambda r: r.choice(NAMES),
    "city": lambda r: r.choice(CITIES),
    "item": lambda r: r.choice(GOODS),
    "day": lambda r: r.choice(DAYS),
    "age": lambda r: str(r.randint(5, 90)),
    "count": lambda r: str(r.randint(1, 40)),
    "price": lambda r: f"{r.randint(1, 99)}.{r.randint(0, 9)}0",
    "total": lambda r: str(r.randint(100, 999)),
}


def _markdown(columns: list[str], rows: list[list[str]]) -> list[str]:
    lines = [columns, ["---"] * len(columns), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _csv(columns: list[str], rows: list[list[str]]) -> list[str]:
    return [",".join(line) for line in [columns, *rows]]


def _numbered(columns: list[str], rows: list[list[str]]) -> list[str]:
    return [f"{i}. {' '.join(row)}" for i, row in enumerate(rows, 1)]


def _records(columns: list[str], rows: list[list[str]]) -> list[str]:
    return [
        "- " + "; ".join(f"{c}: {v}" for c, v in zip(columns, row, strict=True)) for row in rows
    ]


def document(rng: random.Random, split: Split, rows: int) -> str:
    """One list or table whose rows all belong to one split."""
    columns = rng.sample(list(COLUMNS), rng.randint(2, 4))
    body: list[list[str]] = []
    while len(body) < rows:
        row = [COLUMNS[c](rng) for c in columns]
        if split_of(f"row:{' '.join(row)}") == split:
            body.append(row)
    layout = rng.choice((_markdown, _csv, _numbered, _records))
    return "\n".join(layout(columns, body))
