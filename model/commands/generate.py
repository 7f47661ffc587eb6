"""`generate`: what a model writes after a prompt."""

from __future__ import annotations

import argparse
from typing import Any

from model.commands.usage import shipped_folder
from model.nn import compiled
from model.runtime.sampler import Sampler


def run(args: argparse.Namespace) -> dict[str, Any]:
    sampler = Sampler.load(shipped_folder(args.name))
    prompts = [sampler.encode(args.prompt)] * args.samples
    compiled.compile_all()  # else the first run's seconds would be the compiler's
    done = sampler.complete(prompts, args.max_new_tokens, args.temperature, args.seed)
    return {
        "model": args.name,
        "prompt": args.prompt,
        "samples": [
            {"text": c.text, "token_ids": c.token_ids, "finish_reason": c.finish_reason}
            for c in done
        ],
        # all of them are written together: seconds are the batch's
        "tokens_per_second": round(sum(len(c.token_ids) for c in done) / done[0].seconds, 1),
    }
