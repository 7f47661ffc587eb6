"""`problems`: held-out problems with their prompts and answers."""

from __future__ import annotations

import argparse
import itertools
from typing import Any

from model.tasks import problems


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    drawn = itertools.islice(problems(args.task, args.level, args.seed, "heldout"), args.n)
    return [
        {
            "prompt": p.prompt,
            "question": p.question,
            "answer": p.answer,
            "task": p.task,
            "level": p.level,
        }
        for p in drawn
    ]
