"""The command line: `python -m model COMMAND ...`; each command takes `--json`.

A wrong name, file or value ends with exit status 2 and one line that says what to do.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from model import ASSETS

MAX_TOKENS = 100_000
MAX_SAMPLES = 256
MAX_MESSAGE = 2_000


class UsageError(ValueError):
    """A wrong argument; the message says what to do."""


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


def shipped_folder(name: str) -> Path:
    """The folder of a shipped checkpoint.

    Raises:
        UsageError: if none has this name.
    """
    from model.nn import checkpoints

    folders = checkpoints.shipped()
    if name not in folders:
        known = ", ".join(folders) or "none is shipped yet"
        raise UsageError(f"there is no model {name!r}; choose one of: {known}")
    return folders[name]


def list_models(args: argparse.Namespace) -> list[dict[str, Any]]:
    from model.nn import checkpoints
    from model.nn.config import read_config

    rows = []
    for name, folder in checkpoints.shipped().items():
        config, about = read_config(folder), checkpoints.about(folder)
        total, active = checkpoints.parameters(config)
        rows.append(
            {
                "name": name,
                "family": about.family,
                "attention": config.attention,
                "total_parameters": total,
                "active_parameters": active,
                "tokens_trained": about.tokens,
                "folder": str(folder),
            }
        )
    return rows


def generate(args: argparse.Namespace) -> dict[str, Any]:
    from model.runtime.sampler import Sampler

    sampler = Sampler.load(shipped_folder(args.name))
    prompts = [sampler.encode(args.prompt)] * args.samples
    done = sampler.complete(prompts, args.max_new_tokens, args.temperature, args.seed)
    return {
        "model": args.name,
        "prompt": args.prompt,
        "samples": [
            {
                "text": c.text,
                "token_ids": c.token_ids,
                "finish_reason": c.finish_reason,
                "tokens_per_second": round(len(c.token_ids) / c.seconds, 1),
            }
            for c in done
        ],
    }


def trace(args: argparse.Namespace) -> dict[str, Any]:
    from model.record.steps import collect
    from model.runtime.engine import Engine

    engine = Engine.load(shipped_folder(args.name))
    steps = list(engine.stream(args.prompt, args.max_new_tokens))
    info = engine.info(args.prompt, args.max_new_tokens, temperature=0.0, seed=0)
    ended = "stop" if steps[-1].text.endswith("<eos>") else "length"
    raw = collect(engine.card, info, steps, ended).to_json()
    return {
        "model": args.name,
        "prompt_tokens": raw["n_prompt"],
        "token_ids": raw["token_ids"],
        "tokens": raw["texts"],
        "logprobs": raw["logprobs"],
        "layers": [
            {
                "layer": layer,
                "expert_ids": [token[i] for token in raw["expert_ids"]],
                "expert_weights": [token[i] for token in raw["expert_weights"]],
            }
            for i, layer in enumerate(engine.card.moe_layers)
        ],
        "cache_bytes": raw["cache_bytes"],
        "seconds": raw["seconds"],
        "note": "the last token was not fed: it has no experts and adds nothing to the cache",
    }


def kv(args: argparse.Namespace) -> dict[str, Any]:
    from model.analysis.kv_size import cache_spec

    spec = cache_spec(_kv_config(args.config))
    return {
        "attention": spec.attention,
        "bytes_per_token": spec.bytes_per_token(args.dtype),
        "bytes": spec.bytes(args.tokens, args.dtype, args.batch),
        "layers": [
            {
                "kind": layer.kind,
                "elements_per_token": layer.elements_per_token,
                "window": layer.window,
                "parts": dict(layer.parts),
            }
            for layer in spec.layers
        ],
        "notes": list(map(str, spec.notes)),
    }


def _kv_config(name: str) -> Any:
    """The config that a file, a shipped checkpoint or a row of the published table holds."""
    from model.analysis.kv_size import published_configs

    folders = ASSETS / "checkpoints"
    path = Path(name)
    if name in {folder.name for folder in folders.glob("*")}:
        path = folders / name / "config.json"
    if path.suffix == ".json" or os.path.exists(path):  # noqa: PTH110 - for any name at all
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"cannot read {name}: {error.strerror}") from None
        except (ValueError, RecursionError):
            raise UsageError(f"{name} is not JSON: give a model's config.json") from None
    rows = published_configs()
    found = [row for row in rows if row["name"] == name]
    found = found or [row for row in rows if name.lower() in row["name"].lower()]
    if len(found) != 1:
        which = ", ".join(repr(row["name"]) for row in found or rows)
        problem = "fits several models" if found else "is not a file, checkpoint or published model"
        raise UsageError(f"{name!r} {problem}; choose one of: {which}")
    return found[0]["config"]


def problems(args: argparse.Namespace) -> list[dict[str, Any]]:
    import itertools

    from model.tasks import problems as stream

    drawn = itertools.islice(stream(args.task, args.level, args.seed, "heldout"), args.n)
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


def evaluate(args: argparse.Namespace) -> dict[str, Any]:
    from model.runtime.sampler import Sampler
    from model.training.evaluate import evaluate as measure

    levels = None if args.level is None else [args.level]
    sampler = Sampler.load(shipped_folder(args.name))
    return measure(
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


def benchmark(args: argparse.Namespace) -> Any:
    from model.runtime import benchmark as measured

    result = measured.run(args.name, args.threads, args.cpu_time)
    return result if args.json else measured.table(result)


def train(args: argparse.Namespace) -> Any:
    from model.training import stages

    return stages.run(args.stage, args.name)


def parser() -> Parser:
    root = Parser(prog="python -m model", description=__doc__)
    commands = root.add_subparsers(dest="command", required=True, parser_class=Parser)

    def command(name: str, function: Callable[[argparse.Namespace], Any], text: str) -> Parser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(function=function)
        added.add_argument("--json", action="store_true", help="print JSON")
        return added

    command("list", list_models, "the shipped models")

    p = command("generate", generate, "let a model go on from a prompt")
    p.add_argument("name")
    p.add_argument("--prompt", required=True)
    p.add_argument("--max-new-tokens", type=whole(1, MAX_TOKENS), default=128)
    p.add_argument("--temperature", type=temperature, default=1.0, help="0 is greedy")
    p.add_argument("--seed", type=whole(0, 2**63 - 1), default=0)
    p.add_argument("--samples", type=whole(1, MAX_SAMPLES), default=1)

    p = command("trace", trace, "a greedy run with experts, cache bytes and times per token")
    p.add_argument("name")
    p.add_argument("--prompt", required=True)
    p.add_argument("--max-new-tokens", type=whole(1, MAX_TOKENS), default=128)

    p = command("kv", kv, "bytes that a model's key-value cache takes, by arithmetic")
    p.add_argument("config", metavar="CONFIG.json|NAME")
    p.add_argument("--tokens", type=whole(0, 10**12), default=131_072)
    p.add_argument("--dtype", default="bf16")
    p.add_argument("--batch", type=whole(1, 10**9), default=1)

    p = command("problems", problems, "held-out problems")
    p.add_argument("--task", required=True)
    p.add_argument("--level", type=int, required=True)
    p.add_argument("-n", type=whole(1, 10_000), default=10)
    p.add_argument("--seed", type=whole(0, 2**63 - 1), default=0)

    p = command("evaluate", evaluate, "how well a model solves held-out problems")
    p.add_argument("name")
    p.add_argument("--task", required=True)
    p.add_argument("--level", type=int, help="all levels unless given")
    p.add_argument("-n", type=whole(1, 10_000), default=500)
    p.add_argument("--samples", type=whole(1, MAX_SAMPLES), default=1)
    p.add_argument("--seed", type=whole(0, 2**31), default=0)
    p.add_argument("--temperature", type=temperature, default=1.0, help="0 is greedy")

    p.add_argument("--budget", type=whole(1, MAX_TOKENS), help="maximum number of thinking tokens")
    p.add_argument("--extend", type=whole(0, 8), default=0, help="times to continue with 'wait'")

    p = command("benchmark", benchmark, "how fast the kernel is, beside transformers")
    p.add_argument("name", nargs="?", default="base")
    p.add_argument("--threads", type=whole(1, 256), default=1)
    p.add_argument("--cpu-time", action="store_true", help="seconds of CPU: for busy machines")

    p = command("train", train, "make a corpus, train or measure a model, record samples")
    p.add_argument(
        "stage",
        help="corpus, pretrain, heldout, reason, results, samples, cards, tables or reproduce",
    )
    p.add_argument(
        "name", nargs="?", help="of the model, for pretrain, heldout, reason and results"
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
    try:
        args = parser().parse_args(argv)
        result = args.function(args)
    except (ValueError, OSError) as error:  # UsageError, PromptError, CheckpointError, no disk, ...
        message = " ".join(str(error).split())
        if len(message) > MAX_MESSAGE:  # somebody's ten thousand characters, quoted
            message = f"{message[:200]} ... {message[200 - MAX_MESSAGE :]}"
        print(f"error: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on where training was last saved", file=sys.stderr)
        return 130
    print(json.dumps(result, ensure_ascii=False) if args.json else show(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
