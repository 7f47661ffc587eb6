"""`evaluate`: how well a model solves held-out problems."""

from __future__ import annotations

import argparse
from typing import Any

from model.commands.usage import shipped_folder
from model.runtime.sampler import Sampler
from model.training.evaluate import evaluate


def run(args: argparse.Namespace) -> dict[str, Any]:
    levels = None if args.level is None else [args.level]
    sampler = Sampler.load(shipped_folder(args.name))
    return evaluate(
        sampler,
        args.task,
        levels,
        args.n,
        args.samples,
        args.seed,
        args.temperature,
        args.budget,
        args.extend,
    )
