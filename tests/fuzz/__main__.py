"""Run one entrance's cases; a fault is printed with the seed that brings it back."""

from __future__ import annotations

import argparse
import importlib
import logging
import pkgutil
import random
import sys
import time
import traceback

import tests.fuzz

ENTRANCES = sorted(
    module.name
    for module in pkgutil.iter_modules(tests.fuzz.__path__)
    if not module.name.startswith(("_", "test_"))
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("entrance", choices=ENTRANCES)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument(
        "--seed", type=int, default=0, help="of the first case; each next is one up"
    )
    asked = parser.parse_args()
    case = importlib.import_module(f"tests.fuzz.{asked.entrance}").case
    faults, slowest, started = 0, 0.0, time.monotonic()
    for seed in range(asked.seed, asked.seed + asked.count):
        before = time.monotonic()
        try:
            case(random.Random(seed))
        except Exception:
            faults += 1
            traceback.print_exc()
            print(f"--- seed {seed}", file=sys.stderr)
            if faults == 20:
                break
        slowest = max(slowest, time.monotonic() - before)
    took = time.monotonic() - started
    done = seed - asked.seed + 1
    counts = f"{counted(done, 'case')}, {counted(faults, 'fault')}"
    print(f"{asked.entrance}: {counts}, {took:.0f} s, slowest {slowest:.2f} s")
    return 1 if faults else 0


def counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


if __name__ == "__main__":
    logging.disable(logging.ERROR)  # of what is refused and where no page is
    sys.exit(main())
