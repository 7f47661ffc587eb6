"""`benchmark`: how fast the kernel is, beside transformers."""

from __future__ import annotations

import argparse
from typing import Any

from model.runtime import benchmark


def run(args: argparse.Namespace) -> Any:
    result = benchmark.run(args.name, args.threads, args.cpu_time)
    return result if args.json else benchmark.table(result)
