"""The command line: `python -m model COMMAND ...`; each command takes `--json`.

A wrong name, file or value ends with exit status 2 and one line that says what to do.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from model.errors import ReadableError, UsageError

MAX_TOKENS = 100_000
MAX_SAMPLES = 256
MAX_MESSAGE = 2_000


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see python -m model --help)")


def whole(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers in a range, for argparse."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{value} is not between {least:,} and {most:,}")
        return value

    return parse


def temperature(text: str) -> float:
    """A temperature from 0 (greedy) to 10."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= value <= 10:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 (greedy) and 10")
    return value


def parser() -> Parser:
    root = Parser(prog="python -m model", description=__doc__)
    commands = root.add_subparsers(dest="command", required=True, parser_class=Parser)

    def command(name: str, text: str, module: str = "") -> Parser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(module=f"model.commands.{module or name}")
        added.add_argument("--json", action="store_true", help="print JSON")
        return added

    command("list", "the shipped models", module="list_models")

    p = command("generate", "continue a prompt with a model")
    p.add_argument("name")
    p.add_argument("--prompt", required=True)
    p.add_argument("--max-new-tokens", type=whole(1, MAX_TOKENS), default=128)
    p.add_argument("--temperature", type=temperature, default=1.0, help="0 is greedy")
    p.add_argument("--seed", type=whole(0, 2**63 - 1), default=0)
    p.add_argument("--samples", type=whole(1, MAX_SAMPLES), default=1)

    p = command("trace", "a greedy run with experts, cache bytes and times per token")
    p.add_argument("name")
    p.add_argument("--prompt", required=True)
    p.add_argument("--max-new-tokens", type=whole(1, MAX_TOKENS), default=128)

    p = command("kv", "bytes that a model's key-value cache takes, by arithmetic")
    p.add_argument("config", metavar="CONFIG.json|NAME")
    p.add_argument("--tokens", type=whole(0, 10**12), default=131_072)
    p.add_argument("--dtype", default="bf16")
    p.add_argument("--batch", type=whole(1, 10**9), default=1)

    p = command("problems", "held-out problems")
    p.add_argument("--task", required=True)
    p.add_argument("--level", type=int, required=True)
    p.add_argument("-n", type=whole(1, 10_000), default=10)
    p.add_argument("--seed", type=whole(0, 2**63 - 1), default=0)

    p = command("evaluate", "how well a model solves held-out problems")
    p.add_argument("name")
    p.add_argument("--task", required=True)
    p.add_argument("--level", type=int, help="all levels unless given")
    p.add_argument("-n", type=whole(1, 10_000), default=500)
    p.add_argument("--samples", type=whole(1, MAX_SAMPLES), default=1)
    p.add_argument("--seed", type=whole(0, 2**31), default=0)
    p.add_argument("--temperature", type=temperature, default=1.0, help="0 is greedy")

    p.add_argument("--budget", type=whole(1, MAX_TOKENS), help="maximum number of thinking tokens")
    p.add_argument("--extend", type=whole(0, 8), default=0, help="times to continue with 'wait'")

    p = command("benchmark", "how fast the kernel is, beside transformers")
    p.add_argument("name", nargs="?", default="base")
    p.add_argument("--threads", type=whole(1, 256), default=1)
    p.add_argument("--cpu-time", action="store_true", help="seconds of CPU: for busy machines")

    p = command("train", "make a corpus, train or measure a model, record samples")
    p.add_argument(
        "stage",
        help="corpus, pretrain, heldout, gate, reason, results, samples, cards, tables, goals, "
        "or reproduce",
    )
    p.add_argument(
        "name", nargs="?", help="of the model, for pretrain, heldout, gate, reason and results"
    )
    return root


def show(result: Any) -> str:
    """Plain text of a result: a line per row, aligned by tabs; long values are cut."""
    if isinstance(result, list):
        return "\n".join("\t".join(_short(v) for v in row.values()) for row in result)
    if isinstance(result, dict) and "samples" in result and isinstance(result["samples"], list):
        return "\n\n".join(sample["text"] for sample in result["samples"])
    if isinstance(result, dict):
        return "\n".join(f"{key}: {_short(value)}" for key, value in result.items())
    return str(result)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:197] + "..."


def main(argv: Sequence[str] | None = None) -> int:
    stopped = "stopped"
    try:
        args = parser().parse_args(argv)
        if args.command == "train":
            stopped += "; given again, a training resumes from its last saved state"
        # imported now: some commands need torch, which takes seconds
        result = importlib.import_module(args.module).run(args)
    except (ReadableError, OSError) as error:  # anything else is a defect, and shows where
        message = " ".join(str(error).split())
        if len(message) > MAX_MESSAGE:  # a quoted argument of ten thousand characters
            message = f"{message[:200]} ... {message[200 - MAX_MESSAGE :]}"
        print(f"error: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        return 130
    print(json.dumps(result, ensure_ascii=False) if args.json else show(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
