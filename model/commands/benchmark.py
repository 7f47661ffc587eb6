"""`benchmark`: the kernel's speed, compared with transformers."""

from __future__ import annotations

import argparse
import time
from typing import Any

from model.commands.usage import shipped_folder
from model.errors import UsageError
from model.runtime import benchmark
from model.training.grpo import GRPOConfig


def run(args: argparse.Namespace) -> Any:
    folder = shipped_folder(args.name)
    if args.cpu_time and args.threads > 1:
        raise UsageError("--cpu-time counts the seconds of one thread: leave --threads out")
    clock = time.process_time if args.cpu_time else time.perf_counter
    size = (GRPOConfig.questions, GRPOConfig.group, GRPOConfig.max_new_tokens)  # of a training
    result = benchmark.measure(folder, args.threads, clock, size)
    return result if args.json else benchmark.table(result)
