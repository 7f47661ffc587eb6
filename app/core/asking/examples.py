"""Example prompts, from the domains of the training text.

Problems and generated sentences are held out: no model here was trained on them. The few words of
prose and code are openings that occur in many places of their source.
"""

from __future__ import annotations

import functools
import random

from model.data import korean, lookup, tables
from model.tasks import problems

LEVEL = 2  # of the problems: two operations, two of six numbers


def _start(document: str, lines: int) -> str:
    return "".join(line + "\n" for line in document.splitlines()[:lines])


def _lookup() -> str:
    """Records and the first question about them."""
    records, question, *_ = lookup.document(random.Random(0), "heldout")
    return records.text + question.text


@functools.cache
def prompts() -> dict[str, str]:
    """The exact prompts by the name of the example. Needs no torch."""
    tasks = {
        f"{task}_{language}": next(problems(task, LEVEL, 0, "heldout", language)).prompt
        for task in ("chain", "pick")
        for language in ("en", "ko")
    }
    return tasks | {
        "prose": "And the LORD said unto Moses, ",
        "code": "def read(self, size=-1):\n",
        "korean": _start(korean.document(random.Random(0), "heldout", 3), 3),
        "tables": _start(tables.document(random.Random(0), "heldout", 6), 3),
        "lookup": _lookup(),
    }
